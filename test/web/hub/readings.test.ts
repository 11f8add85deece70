import { expect, test } from 'vitest';
import { decodeReport, fieldName, fieldState, headlineField } from '../../../web/hub/readings.ts';

const NOW = 1_800_000_000_000;
const sensor = { unit: '°C', period: 36 };
const report = (values: Record<string, number | null>, time = NOW) => ({ time, simulated: false, values });

test('a value in a recent report is fresh', () => {
  expect(fieldState(sensor, report({ temperature: 0 }), 'temperature', undefined, NOW + 36_000)).toEqual({
    kind: 'fresh',
    value: 0,
  });
});

test('null was measured but cannot be right', () => {
  expect(fieldState(sensor, report({ temperature: null }), 'temperature', NOW, NOW).kind).toBe('invalid');
});

test('a report older than three periods is stale, also when its plugin has gone silent', () => {
  const state = fieldState(sensor, report({ temperature: 20 }), 'temperature', undefined, NOW + 109_000);
  expect(state).toMatchObject({ kind: 'stale', since: NOW, advice: expect.stringContaining('every 36 s') });
});

test('a field that is not there is stale if it was recorded long ago, missing if just now or never', () => {
  expect(fieldState(sensor, report({}), 'temperature', NOW - 3_600_000, NOW)).toMatchObject({
    kind: 'stale',
    since: NOW - 3_600_000,
  });
  expect(fieldState(sensor, report({}), 'temperature', NOW - 40_000, NOW).kind).toBe('missing');
  expect(fieldState(sensor, report({}), 'temperature', undefined, NOW).kind).toBe('missing');
  expect(fieldState(sensor, undefined, 'temperature', undefined, NOW).kind).toBe('missing');
});

test('reads a report and keeps what is not a value out of it', () => {
  expect(decodeReport('{"time":5,"updated":["a"],"simulated":true,"a":1,"b":null}')).toEqual({
    time: 5,
    simulated: true,
    values: { a: 1, b: null },
  });
});

test.each(['', '21.4', '[1]', '{"a":1}', '{"time":'])('%j is no report', (payload) => {
  expect(decodeReport(payload)).toBeUndefined();
});

test('the temperature is the headline, else the first field with a unit', () => {
  const temperature = { unit: '°C', device_class: 'temperature' };
  expect(headlineField({ name: '', sensors: { humidity: { unit: '%' }, t: temperature } })).toBe('t');
  expect(headlineField({ name: '', sensors: { online: {}, humidity: { unit: '%' } } })).toBe('humidity');
  expect(headlineField({ name: '', sensors: {} })).toBeUndefined();
});

test('a field without a name is read as words', () => {
  expect(fieldName('wind_gust_10m', {})).toBe('Wind gust 10m');
  expect(fieldName('x', { name: 'Gust' })).toBe('Gust');
});
