import { expect, test } from 'vitest';
import { DeviceState, type Moment } from '../../../core/sdk/device-state.ts';

const SENSORS = {
  wind_speed: { unit: 'm/s', period: 18 },
  temperature: { unit: '°C', period: 36 },
  rain_total: { unit: 'mm' },
};
const START = 1_790_000_000_000;
/** `seconds` after the start, on both clocks. */
const at = (seconds: number): Moment => ({ time: START + seconds * 1000, steady: seconds * 1000 });
const outdoor = (simulated = false) =>
  new DeviceState({ name: 'Outdoor', sensors: SENSORS, ...(simulated && { simulated }) });

test('fields of earlier reports stay while they are fresh, and updated names those of this report', () => {
  const device = outdoor();
  device.report({ temperature: 21.4 }, at(0));
  expect(device.report({ wind_speed: 3 }, at(18))).toEqual({
    state: { time: START + 18_000, updated: ['wind_speed'], wind_speed: 3, temperature: 21.4 },
    values: [['wind_speed', 3]],
    cleared: [],
  });
});

test('a field older than three periods leaves the state and its value is cleared', () => {
  const device = outdoor();
  device.report({ wind_speed: 3, temperature: 21.4, rain_total: 1 }, at(0));
  expect(device.nextExpiry()).toBe(54_000);
  expect(device.expire(at(54))).toEqual({ values: [], cleared: [] });
  expect(device.expire(at(54.1))).toEqual({
    state: { time: START, updated: [], temperature: 21.4, rain_total: 1 },
    values: [],
    cleared: ['wind_speed'],
  });
  expect(device.report({ rain_total: 2 }, at(200)).cleared).toEqual(['temperature']);
});

test('null is a value: measured, but bad', () => {
  expect(outdoor().report({ temperature: null }, at(0)).state).toMatchObject({ temperature: null });
});

test('an older report does not replace a newer one; it goes to the history', () => {
  const device = outdoor();
  device.report({ temperature: 21.4 }, at(60));
  expect(device.report({ temperature: 20 }, at(61), START + 10_000)).toEqual({
    late: { time: START + 10_000, updated: ['temperature'], temperature: 20 },
    values: [],
    cleared: [],
  });
});

test('a reading that is already too old when it comes is not shown', () => {
  expect(outdoor().report({ wind_speed: 3 }, at(600), START)).toMatchObject({ late: { wind_speed: 3 }, values: [] });
});

test('a replay of old readings is shown as simulated, as fresh as it comes in', () => {
  expect(outdoor(true).report({ wind_speed: 3 }, at(0), 1_000)).toMatchObject({
    state: { time: 1_000, wind_speed: 3, simulated: true },
  });
});

test('a clock set back does not hold off new readings, one set forward does not drop old ones', () => {
  const device = outdoor();
  device.report({ temperature: 21.4 }, { time: START + 3_600_000, steady: 0 });
  expect(device.report({ temperature: 21.5 }, { time: START, steady: 1000 }).state).toMatchObject({
    temperature: 21.5,
  });
  expect(device.expire({ time: START + 86_400_000, steady: 2000 })).toEqual({ values: [], cleared: [] });
});

test('takes over from an earlier run only what is known to be fresh', () => {
  const left = { time: START, updated: ['temperature'], temperature: 21.4, wind_speed: 3, rain_total: 7, gone: 1 };
  const device = outdoor();
  expect(device.restore(JSON.stringify(left), at(60))).toEqual({
    state: { time: START, updated: [], temperature: 21.4, rain_total: 7 },
    values: [],
    cleared: ['wind_speed', 'gone'],
  });
  expect(device.expire(at(109)).cleared).toEqual(['temperature']);
  expect(outdoor().restore('not json', at(0))).toEqual({ values: [], cleared: [] });
});

test('what a simulator said is not taken for what the device says', () => {
  const left = { time: START, updated: ['temperature'], temperature: 21.4, simulated: true };
  expect(outdoor().restore(JSON.stringify(left), at(1)).cleared).toEqual(['temperature']);
  const device = outdoor(true);
  device.report({ rain_total: 1 }, at(0));
  expect(device.describe({ name: 'Outdoor', sensors: SENSORS }).cleared).toEqual(['rain_total']);
});

test('refuses a field that is not declared and names those that are', () => {
  expect(() => outdoor().report({ temprature: 1 }, at(0))).toThrow(
    `expected one of the device's sensors (wind_speed, temperature, rain_total), got "temprature"`,
  );
  expect(() => new DeviceState({ name: 'x', sensors: { updated: {} } })).toThrow(/other than time, updated, simulated/);
});
