import { celsius, fahrenheit, feet, fromInHg, inHg, knots, mph } from './units.ts';

/**
 * Derived values as their publishers define them. Arguments and answers are in the hub's units: °C, % relative
 * humidity, m/s, hPa, m. All are pure and total over the ranges the quality checks let through.
 */

/**
 * Dew point. Source: Magnus formula with the constants 17.27 and 237.7 °C.
 * @returns null at a humidity of 0, where there is no dew point
 */
export function dewPoint(temperature: number, humidity: number): number | null {
  if (humidity <= 0) return null;
  const gamma = (17.27 * temperature) / (237.7 + temperature) + Math.log(humidity / 100);
  return (237.7 * gamma) / (17.27 - gamma);
}

/** Wind chill applies up to this temperature (50 °F) and above this wind (3 mph); outside it is the air temperature. */
const CHILL_BELOW_F = 50;
const CHILL_ABOVE_MPH = 3;

/** Wind chill. Source: US National Weather Service, 2001 index. */
export function windChill(temperature: number, windSpeed: number): number {
  const t = fahrenheit(temperature);
  const wind = mph(windSpeed);
  if (t >= CHILL_BELOW_F || wind <= CHILL_ABOVE_MPH) return temperature;
  const power = wind ** 0.16;
  return celsius(35.74 + 0.6215 * t - 35.75 * power + 0.4275 * t * power);
}

/**
 * Heat index. Source: US National Weather Service, Weather Prediction Center: Steadman's simple form, and where its
 * mean with the temperature reaches 80 °F the regression of Rothfusz (SR 90-23) with its two adjustments.
 */
export function heatIndex(temperature: number, humidity: number): number {
  const t = fahrenheit(temperature);
  if (t <= 40) return temperature;
  const simple = 0.5 * (t + 61 + 1.2 * (t - 68) + 0.094 * humidity);
  if ((simple + t) / 2 < 80) return celsius(simple);
  return celsius(rothfusz(t, humidity) + rothfuszAdjustment(t, humidity));
}

function rothfusz(t: number, r: number): number {
  return (
    -42.379 +
    2.04901523 * t +
    10.14333127 * r -
    0.22475541 * t * r -
    0.00683783 * t ** 2 -
    0.05481717 * r ** 2 +
    0.00122874 * t ** 2 * r +
    0.00085282 * t * r ** 2 -
    0.00000199 * t ** 2 * r ** 2
  );
}

function rothfuszAdjustment(t: number, r: number): number {
  if (r < 13 && t > 80 && t < 112) return -((13 - r) / 4) * Math.sqrt((17 - Math.abs(t - 95)) / 17);
  if (r > 85 && t >= 80 && t < 87) return ((r - 85) / 10) * ((87 - t) / 5);
  return 0;
}

/** What the air feels like, and which inputs that took: without them there is no answer, not a guess. */
export function feelsLike(temperature: number, humidity?: number, windSpeed?: number): number | undefined {
  const t = fahrenheit(temperature);
  if (t <= CHILL_BELOW_F) return windSpeed === undefined ? undefined : windChill(temperature, windSpeed);
  if (t >= 80) return humidity === undefined ? undefined : heatIndex(temperature, humidity);
  return temperature;
}

/** Apparent temperature in the shade. Source: Steadman 1994, as the Australian Bureau of Meteorology uses it. */
export function apparentTemperature(temperature: number, humidity: number, windSpeed: number): number {
  const vapour = (humidity / 100) * 6.105 * Math.exp((17.27 * temperature) / (237.7 + temperature));
  return temperature + 0.33 * vapour - 0.7 * windSpeed - 4;
}

/** Humidex. Source: Meteorological Service of Canada. Where it does not exceed the temperature, the temperature. */
export function humidex(temperature: number, humidity: number): number {
  const dew = dewPoint(temperature, humidity);
  if (dew === null) return temperature;
  const vapour = 6.11 * Math.exp(5417.753 * (1 / 273.15 - 1 / (dew + 273.15)));
  return temperature + Math.max(0, 0.5555 * (vapour - 10));
}

/**
 * Altimeter setting (QNH): station pressure reduced through the standard atmosphere, so it needs no temperature.
 * Source: ASOS algorithm tutorial, US National Weather Service. This is what weather services want as "barometer".
 */
export function altimeter(pressure: number, elevation: number): number {
  return fromInHg((inHg(pressure) ** 0.1903 + 1.313e-5 * feet(elevation)) ** 5.255);
}

/** Sea-level pressure (QFF), simple form: the hypsometric equation with the air temperature at the station. */
export function seaLevelSimple(pressure: number, elevation: number, temperature: number): number {
  return pressure * Math.exp(elevation / (29.263 * (temperature + 273.15)));
}

/**
 * Sea-level pressure (QFF) by the Manual of Barometry (WBAN, 1963; also WMO Instruments and Observing Methods Report
 * 19): geopotential height, the mean of the temperature now and 12 hours ago, the standard lapse rate down to sea level
 * and a correction for the humidity. The manual works in °F and geopotential metres.
 */
export function seaLevelManual(
  pressure: number,
  elevation: number,
  air: { temperature: number; temperature12hAgo: number; humidity: number },
): number {
  const height = geopotentialHeight(elevation);
  const meanF = fahrenheit((air.temperature + air.temperature12hAgo) / 2);
  const humidityF = 1.8 * humidityCorrection(air.temperature, air.humidity, elevation);
  return pressure * Math.exp((height * 6.1454e-2) / (meanF + 459.7 + (height * 0.0117) / 2 + humidityF));
}

/** Radius of the earth at 45° latitude, m. */
const EARTH_RADIUS = 6_356_766;
const geopotentialHeight = (elevation: number) => (EARTH_RADIUS * elevation) / (EARTH_RADIUS + elevation);

/** Vapour pressure by Buck (1981) times the manual's factor for the height of the station. */
function humidityCorrection(temperature: number, humidity: number, elevation: number): number {
  const saturated = 6.1121 * Math.exp((17.502 * temperature) / (240.97 + temperature));
  return (humidity / 100) * saturated * (2.8322e-9 * elevation ** 2 + 2.225e-5 * elevation + 0.10743);
}

/** Upper ends of Beaufort 0 to 11 in knots. Source: WMO scale. */
const BEAUFORT_KNOTS = [1, 4, 7, 11, 17, 22, 28, 34, 41, 48, 56, 64];

export function beaufort(windSpeed: number): number {
  const speed = knots(windSpeed);
  const force = BEAUFORT_KNOTS.findIndex((limit) => speed < limit);
  return force === -1 ? 12 : force;
}
