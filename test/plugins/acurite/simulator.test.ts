import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../../../plugins/acurite/decode.ts';
import { countRain, type Rain } from '../../../plugins/acurite/rain.ts';
import {
  encodeConsole,
  encodeWindClimate,
  encodeWindRain,
  simulatedConsole,
  simulatedPast,
  simulateWeather,
} from '../../../plugins/acurite/simulator.ts';

const HOUR = 3_600_000;
const MIDSUMMER = Date.UTC(2025, 5, 21);

const head = fc.record({
  channel: fc.constantFrom('A' as const, 'B' as const, 'C' as const),
  sensorId: fc.nat(0xfff),
  signal: fc.integer({ min: 1, max: 3 }),
  batteryLow: fc.boolean(),
});

/** Within half a step of what the report can say. */
const near = (value: number, tolerance: number) =>
  expect.toSatisfy((given: number) => Math.abs(given - value) <= tolerance, `within ${tolerance} of ${value}`);

describe('encoded reports', () => {
  it('decode to what went in: wind and rain', () => {
    const weather = fc.record({
      windSpeed: fc.double({ min: 0.6, max: 44, noNaN: true }),
      windDirection: fc.nat(15).map((point) => point * 22.5),
      rainCount: fc.nat(9999),
    });
    fc.assert(
      fc.property(head, weather, (from, { windSpeed, windDirection, rainCount }) => {
        const report = decode(encodeWindRain(from, { windSpeed, windDirection, rainCount }));
        expect(report).toMatchObject({ status: 'ok', head: from, readings: { windDirection, rainCount } });
        expect(report?.readings).toMatchObject({ windSpeed: near(windSpeed, 0.13) });
      }),
    );
  });

  it('decode to what went in: wind, temperature and humidity', () => {
    const weather = fc.record({
      windSpeed: fc.constant(0),
      temperature: fc.double({ min: -40, max: 70, noNaN: true }),
      humidity: fc.integer({ min: 1, max: 99 }),
    });
    fc.assert(
      fc.property(head, weather, (from, given) => {
        const report = decode(encodeWindClimate(from, given));
        expect(report).toMatchObject({
          status: 'ok',
          head: from,
          readings: { windSpeed: 0, humidity: given.humidity },
        });
        expect(report?.readings).toMatchObject({ temperature: near(given.temperature, 0.04) });
      }),
    );
  });

  it('decode to what went in: console', () => {
    const report = decode(encodeConsole({ pressure: 1013.25, indoorTemperature: 19.85 }));
    expect(report).toMatchObject({ status: 'ok', readings: { pressure: 1013.25, temperature: 19.85 } });
  });
});

describe('the weather', () => {
  it('is the same for the same seed and time, and another for another seed', () => {
    expect(simulateWeather(7, MIDSUMMER)).toEqual(simulateWeather(7, MIDSUMMER));
    expect(simulateWeather(8, MIDSUMMER)).not.toEqual(simulateWeather(7, MIDSUMMER));
  });

  it('is warmer in the afternoon than before dawn, in summer than in winter, on the average of a month', () => {
    const mean = (start: number, hour: number) => {
      const days = Array.from(
        { length: 30 },
        (_, day) => simulateWeather(1, start + (day * 24 + hour) * HOUR).temperature,
      );
      return days.reduce((sum, value) => sum + value, 0) / days.length;
    };
    const summer = Date.UTC(2025, 6, 1);
    expect(mean(summer, 15)).toBeGreaterThan(mean(summer, 3) + 5);
    expect(mean(summer, 12)).toBeGreaterThan(mean(Date.UTC(2025, 0, 1), 12) + 10);
  });

  it('always makes reports that are accepted, and rain that adds up', async () => {
    let now = MIDSUMMER;
    const console = simulatedConsole(1, 18, () => now);
    let rain: Rain | undefined;
    let first: number | undefined;
    for (; now < MIDSUMMER + 48 * HOUR; now += 18_000) {
      const report = decode(await console.read(1));
      expect(report?.status).toBe('ok');
      if (report?.report !== 1 || report.readings?.kind !== 'wind_rain' || !report.head) continue;
      first ??= report.readings.rainCount;
      rain = countRain(rain, { count: report.readings.rainCount, sensorId: report.head.sensorId, time: now });
      expect(rain.tips).toBe(report.readings.rainCount - first);
    }
    expect(rain?.tips).toBeGreaterThan(0);
    expect(decode(await console.read(2))?.status).toBe('ok');
  });

  it('sends both outdoor messages in turn', async () => {
    let now = MIDSUMMER;
    const console = simulatedConsole(1, 18, () => now);
    const kinds: (string | undefined)[] = [];
    for (let slot = 0; slot < 4; slot += 1) {
      kinds.push(decode(await console.read(1))?.readings?.kind);
      now += 18_000;
    }
    expect(kinds).toEqual(['wind_climate', 'wind_rain', 'wind_climate', 'wind_rain']);
  });
});

describe('the simulated past', () => {
  it('gives every report of the time asked for, both messages of the head in turn', async () => {
    const past = [...simulatedPast(1, 18, MIDSUMMER, MIDSUMMER + HOUR)];
    const reports = await Promise.all(past.map(async ({ time, read }) => ({ time, report: decode(await read()) })));
    expect(reports.filter(({ report }) => report?.status !== 'ok')).toEqual([]);
    const kinds = reports.map(({ report }) => report?.readings?.kind);
    expect(kinds.filter((kind) => kind === 'wind_rain')).toHaveLength(100);
    expect(kinds.filter((kind) => kind === 'wind_climate')).toHaveLength(100);
    expect(kinds.filter((kind) => kind === 'indoor').length).toBeGreaterThanOrEqual(50);
    expect(reports.every(({ time }) => time >= MIDSUMMER && time < MIDSUMMER + HOUR)).toBe(true);
  });
});
