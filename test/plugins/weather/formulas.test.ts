import { describe, expect, it } from 'vitest';
import {
  altimeter,
  apparentTemperature,
  beaufort,
  dewPoint,
  feelsLike,
  heatIndex,
  humidex,
  seaLevelManual,
  seaLevelSimple,
  windChill,
} from '../../../plugins/weather/formulas.ts';
import { celsius, fahrenheit, fromInHg, fromMph, inHg } from '../../../plugins/weather/units.ts';

describe('wind chill', () => {
  // The chart of the US National Weather Service, °F by mph, whole degrees.
  it.each([
    [40, 5, 36],
    [40, 60, 25],
    [30, 10, 21],
    [25, 25, 9],
    [20, 20, 4],
    [0, 15, -19],
    [-10, 45, -44],
    [-20, 30, -53],
    [-45, 60, -98],
  ])('of %d °F in %d mph is %d °F, as the NWS chart says', (temperature, wind, expected) => {
    expect(Math.round(fahrenheit(windChill(celsius(temperature), fromMph(wind))))).toBe(expected);
  });

  it('is the temperature at 50 °F and above, and up to 3 mph', () => {
    expect(windChill(10, 10)).toBe(10);
    expect(windChill(-5, fromMph(3))).toBe(-5);
    expect(windChill(9.9, fromMph(3.1))).toBeLessThan(9.9);
  });
});

describe('heat index', () => {
  // The chart of the US National Weather Service, °F by % humidity, whole degrees.
  it.each([
    [80, 40, 80],
    [84, 90, 98],
    [86, 60, 91],
    [90, 60, 100],
    [90, 70, 106],
    [92, 55, 101],
    [96, 50, 108],
    [100, 40, 109],
    [104, 55, 137],
    [110, 40, 136],
  ])('of %d °F at %d percent is %d °F, as the NWS chart says', (temperature, humidity, expected) => {
    const index = fahrenheit(heatIndex(celsius(temperature), humidity));
    expect(Math.abs(index - expected)).toBeLessThan(0.8);
  });

  it('takes off in dry heat and adds in moist warmth what the adjustments say', () => {
    // The regression alone gives 90.1996 °F at 95 °F and 10 %, and 92.9722 °F at 82 °F and 95 %.
    // At 95 °F and 10 % the adjustment is (13 - 10) / 4 * sqrt(17 / 17) = 0.75 °F below the regression.
    expect(fahrenheit(heatIndex(celsius(95), 10))).toBeCloseTo(90.1996 - 0.75, 3);
    // At 82 °F and 95 % it is (95 - 85) / 10 * (87 - 82) / 5 = 1 °F above it.
    expect(fahrenheit(heatIndex(celsius(82), 95))).toBeCloseTo(92.9722 + 1, 3);
  });

  it('is the temperature in the cold', () => {
    expect(heatIndex(4, 80)).toBe(4);
  });
});

describe('dew point', () => {
  it('is the temperature in saturated air and 9.3 °C at 20 °C and 50 %', () => {
    expect(dewPoint(17.3, 100)).toBeCloseTo(17.3, 9);
    expect(dewPoint(20, 50)).toBeCloseTo(9.254, 3);
    expect(dewPoint(celsius(68), 50)).toBeCloseTo(celsius(48.66), 2);
  });

  it('does not exist in perfectly dry air', () => {
    expect(dewPoint(20, 0)).toBeNull();
  });
});

describe('feels like', () => {
  it('is wind chill in the cold, heat index in the heat and the temperature between', () => {
    expect(feelsLike(0, 80, 5)).toBe(windChill(0, 5));
    expect(feelsLike(32, 60, 5)).toBe(heatIndex(32, 60));
    expect(feelsLike(20, 60, 5)).toBe(20);
  });

  it('is unknown where the value it needs is not there', () => {
    expect(feelsLike(0, 80, undefined)).toBeUndefined();
    expect(feelsLike(32, undefined, 5)).toBeUndefined();
    expect(feelsLike(20)).toBe(20);
  });
});

describe('humidex', () => {
  it('follows the table of the Meteorological Service of Canada', () => {
    expect(humidex(30, 80)).toBeCloseTo(43.64, 1);
    // 30 °C with a dew point of 15 °C is a humidex of 34.
    expect(Math.round(humidex(30, 40.1))).toBe(34);
  });

  it('is the temperature where the air is too dry to add to it', () => {
    expect(humidex(30, 20)).toBe(30);
    expect(humidex(0, 80)).toBe(0);
    expect(humidex(25, 0)).toBe(25);
  });
});

describe('apparent temperature', () => {
  it('is 19.8 °C at 20 °C, 50 % and no wind, and 0.7 °C less for each m/s', () => {
    expect(apparentTemperature(20, 50, 0)).toBeCloseTo(19.845, 2);
    expect(apparentTemperature(20, 50, 0) - apparentTemperature(20, 50, 4)).toBeCloseTo(2.8, 9);
  });
});

describe('pressure at sea level', () => {
  it('as altimeter setting follows the ASOS formula', () => {
    expect(inHg(altimeter(fromInHg(28), 0))).toBeCloseTo(28.002, 3);
    expect(inHg(altimeter(fromInHg(28), 304.8))).toBeCloseTo(29.043, 3);
    // In the standard atmosphere 954.6 hPa is the pressure at 500 m.
    expect(altimeter(954.6, 500)).toBeCloseTo(1013.25, 0);
  });

  it('as QFF takes the temperature of the air', () => {
    expect(seaLevelSimple(1000, 100, 15)).toBeCloseTo(1011.93, 2);
    expect(seaLevelSimple(950, 500, -10)).toBeGreaterThan(seaLevelSimple(950, 500, 25));
    expect(seaLevelSimple(1013, 0, 15)).toBe(1013);
  });

  it('by the Manual of Barometry takes the mean of twelve hours, lapse rate and humidity', () => {
    const air = { temperature: 15, temperature12hAgo: 15, humidity: 50 };
    // Dry or moist, the lapse rate warms the column: it weighs a little less than one of 15 °C throughout.
    expect(seaLevelManual(1000, 100, air)).toBeCloseTo(1011.88, 1);
    expect(seaLevelManual(900, 1000, { ...air, humidity: 100 })).toBeLessThan(seaLevelManual(900, 1000, air));
    const warmedUp = seaLevelManual(900, 1000, { ...air, temperature12hAgo: 5 });
    expect(warmedUp).toBeGreaterThan(seaLevelManual(900, 1000, air));
    expect(seaLevelManual(1013, 0, air)).toBe(1013);
  });
});

describe('Beaufort', () => {
  // Upper ends in knots: the next force begins there.
  it.each([
    [0, 0],
    [0.99, 0],
    [1, 1],
    [10.9, 3],
    [34, 8],
    [63.9, 11],
    [64, 12],
  ])('of %d kn is %d', (speed, force) => {
    expect(beaufort((speed * 1852) / 3600 + 1e-9)).toBe(force);
  });
});
