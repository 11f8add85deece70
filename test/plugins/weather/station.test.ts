import { describe, expect, it } from 'vitest';
import { currentSensors } from '../../../plugins/weather/fields.ts';
import { windChill } from '../../../plugins/weather/formulas.ts';
import { HOUR, MINUTE, makeStation, NOON, SECOND } from './setup.ts';

describe('the current state', () => {
  it('derives from what one report carried and what is still fresh from others', () => {
    const station = makeStation();
    station.accept({ time: NOON, values: { wind_speed: 5, temperature: 2, humidity: 80 } });
    station.accept({ time: NOON + 18 * SECOND, values: { wind_speed: 6, wind_direction: 225, rain_total: 10 } });
    const state = station.current(NOON + 18 * SECOND, ['wind_speed', 'wind_direction', 'rain_total']);
    expect(state).toEqual({
      wind_chill: Math.round(windChill(2, 6) * 1000) / 1000,
      feels_like: Math.round(windChill(2, 6) * 1000) / 1000,
      wind_speed: 6,
      wind_direction: 225,
      wind_speed_avg_2m: 5.5,
      wind_direction_avg_2m: 225,
      wind_speed_avg_10m: 5.5,
      wind_direction_avg_10m: 225,
      wind_gust_10m: 6,
      wind_gust_direction_10m: 225,
      rain_rate: 0,
      rain_1h: 0,
      rain_24h: 0,
      rain_today: 0,
    });
  });

  it('leaves out what needs a value that is missing or older than max_age', () => {
    const station = makeStation();
    station.accept({ time: NOON, values: { humidity: 80 } });
    station.accept({ time: NOON + 181 * SECOND, values: { temperature: 20 } });
    expect(station.current(NOON + 181 * SECOND, ['temperature'])).toEqual({ temperature: 20, feels_like: 20 });
  });

  it('is null for a bad value and for what is derived from it', () => {
    const station = makeStation({ limits: { temperature: { min: -40, max: 70 } } });
    const judged = station.accept({ time: NOON, values: { temperature: 99, humidity: 50 } });
    expect(judged).toMatchObject([{ field: 'temperature', value: 99, flag: 'range' }, { field: 'humidity' }]);
    expect(station.current(NOON, ['temperature', 'humidity'])).toEqual({
      temperature: null,
      humidity: 50,
      dew_point: null,
      heat_index: null,
      feels_like: null,
    });
  });

  it('has no sea-level pressure without an elevation', () => {
    const report = { time: NOON, values: { pressure_station: 990 } };
    const [low, high] = [makeStation(), makeStation({ elevation: 200 })];
    low.accept(report);
    high.accept(report);
    expect(low.current(NOON, ['pressure_station'])).toEqual({ pressure_station: 990 });
    expect(high.current(NOON, ['pressure_station']).pressure_sea_level).toBeCloseTo(1013.9, 0);
  });

  it('takes QFF with the air temperature, and with that of 12 hours ago once it is known', () => {
    const station = makeStation({ elevation: 500, seaLevel: 'qff' });
    station.accept({ time: NOON, values: { pressure_station: 950, temperature: 10, humidity: 60 } });
    const simple = station.current(NOON, ['pressure_station']).pressure_sea_level;
    expect(simple).toBeCloseTo(950 * Math.exp(500 / (29.263 * 283.15)), 3);
    station.accept({ time: NOON + 12 * HOUR, values: { pressure_station: 950, temperature: 10, humidity: 60 } });
    const manual = station.current(NOON + 12 * HOUR, ['pressure_station']).pressure_sea_level as number;
    expect(manual).toBeLessThan(simple as number);
    expect(manual).toBeGreaterThan((simple as number) - 1);
  });

  it('tells the pressure trend only once there is a reading of three hours ago', () => {
    const station = makeStation();
    station.accept({ time: NOON, values: { pressure_station: 1000 } });
    station.accept({ time: NOON + 2 * HOUR, values: { pressure_station: 999 } });
    expect(station.current(NOON + 2 * HOUR, ['pressure_station'])).toEqual({ pressure_station: 999 });
    station.accept({ time: NOON + 3 * HOUR, values: { pressure_station: 997.5 } });
    expect(station.current(NOON + 3 * HOUR, ['pressure_station']).pressure_trend_3h).toBe(-2.5);
  });

  it('answers for the past what was known then', () => {
    const station = makeStation();
    for (let minute = 0; minute <= 60; minute += 1) {
      station.accept({ time: NOON + minute * MINUTE, values: { temperature: minute, rain_total: minute } });
    }
    expect(station.current(NOON + 30 * MINUTE, ['temperature', 'rain_total'])).toMatchObject({
      temperature: 30,
      rain_today: 30,
      rain_1h: 30,
      rain_rate: 60,
    });
  });

  it('charges a local day of 25 hours with all of its rain', () => {
    const station = makeStation({ timezone: 'Europe/Berlin' });
    const midnight = Date.parse('2026-10-24T22:00:00Z');
    for (let minute = -30; minute <= 25 * 60; minute += 1) {
      station.accept({ time: midnight + minute * MINUTE, values: { rain_total: 1000 + minute } });
    }
    const at = (minute: number) => station.current(midnight + minute * MINUTE, ['rain_total']).rain_today;
    expect(at(1)).toBe(1);
    expect(at(24 * 60 + 30)).toBe(24 * 60 + 30);
    expect(at(25 * 60)).toBe(25 * 60);
    station.accept({ time: midnight + 25 * HOUR + MINUTE, values: { rain_total: 1000 + 25 * 60 + 1 } });
    expect(at(25 * 60 + 1)).toBe(1);
  });

  it('gives every sensor a period of a third of max_age, so that the hub drops it after max_age', () => {
    expect(new Set(Object.values(currentSensors(180)).map(({ period }) => period))).toEqual(new Set([60]));
  });
});

describe('calibration', () => {
  it('is gain and offset from a local date on', () => {
    const station = makeStation({
      calibration: [
        { field: 'temperature', offset: 1 },
        { field: 'temperature', offset: -0.5, gain: 1.1, from: '2026-11-22' },
      ],
    });
    const midnight = Date.parse('2026-11-21T23:00:00Z');
    expect(station.accept({ time: midnight - 1, values: { temperature: 10 } })[0]?.value).toBe(11);
    expect(station.accept({ time: midnight, values: { temperature: 10 } })[0]?.value).toBe(10.5);
  });

  it('turns the wind direction modulo 360', () => {
    const station = makeStation({ calibration: [{ field: 'wind_direction', offset: 30 }] });
    expect(station.accept({ time: NOON, values: { wind_direction: 350 } })[0]?.value).toBe(20);
  });

  it('never makes the air wetter than wet', () => {
    const station = makeStation({ calibration: [{ field: 'humidity', offset: 5 }] });
    expect(station.accept({ time: NOON, values: { humidity: 98 } })[0]?.value).toBe(100);
  });

  it('multiplies rain step by step, so that its first day brings no cloudburst', () => {
    const station = makeStation({ calibration: [{ field: 'rain_total', gain: 1.1, from: '2026-11-22T11:30:00Z' }] });
    for (const minutes of [0, 20, 40]) {
      station.accept({ time: NOON + minutes * MINUTE, values: { rain_total: 5000 + minutes } });
    }
    expect(station.current(NOON + 40 * MINUTE, ['rain_total']).rain_today).toBe(42);
  });
});

describe('quality', () => {
  const limits = { temperature: { step: 5 }, rain_total: { step: 50 } };
  const judge = (values: readonly number[], gap = 36 * SECOND) => {
    const station = makeStation({ limits });
    return values.map(
      (temperature, index) => station.accept({ time: NOON + index * gap, values: { temperature } })[0]?.flag,
    );
  };

  it('flags a spike and believes what comes after it', () => {
    expect(judge([10, 30, 10.2, 10.1])).toEqual([undefined, 'step', undefined, undefined]);
  });

  it('believes a new level after three readings that agree', () => {
    expect(judge([10, 30, 30.1, 30.2, 30.3])).toEqual([undefined, 'step', 'step', undefined, undefined]);
  });

  it('believes any step after a gap', () => {
    expect(judge([10, 30], 181 * SECOND)).toEqual([undefined, undefined]);
  });

  it('takes no rain from one torn report', () => {
    const station = makeStation({ limits });
    [100, 1510, 100.254].forEach((rain_total, index) => {
      station.accept({ time: NOON + index * 36 * SECOND, values: { rain_total } });
    });
    expect(station.current(NOON + 72 * SECOND, ['rain_total']).rain_today).toBe(0.254);
  });

  it('keeps null as bad', () => {
    expect(makeStation().accept({ time: NOON, values: { temperature: null } })).toMatchObject([
      { value: null, flag: 'missing' },
    ]);
  });
});
