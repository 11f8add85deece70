import { describe, expect, it } from 'vitest';
import { decode, parseHex, type Report } from '../../../plugins/acurite/decode.ts';
import { CONSOLE, foreignReason, OUTDOOR, readingFields, watchConstants } from '../../../plugins/acurite/readings.ts';

const CLIMATE = '01 8b fa 38 00 08 48 7f 03 ff';
const RAIN = '01 c0 5c 71 00 05 00 0c 03 ff';
const MS5607 = '02 00 00 80 00 00 00 00 00 04 00 10 00 00 00 09 60 01 01 01 01 8f c7 4c d3';
const HP03S = '02 00 00 74 d4 0e 8c 01 38 01 b9 23 e7 0f 96 09 c4 01 04 04 09 24 0b 75 54';

function decoded(hex: string): Report {
  const report = decode(parseHex(hex) ?? new Uint8Array());
  if (!report) throw new Error(`no report: ${hex}`);
  return report;
}

describe('fields', () => {
  it('carry the names of the topics; a value that is bad is null', () => {
    expect(readingFields(decoded(CLIMATE))).toEqual({
      temperature: 20.89,
      humidity: null,
      wind_speed: 0,
      signal: 3,
      battery_low: true,
      sensor_id: 0xbfa,
      channel: 'B',
    });
    expect(readingFields(decoded(MS5607))).toEqual({ temperature: 22.15, pressure: 1021.19 });
  });

  it('are all described', () => {
    const outdoor = { ...readingFields(decoded(CLIMATE)), ...readingFields(decoded(RAIN)), rain_total: 0 };
    expect(Object.keys(outdoor).sort()).toEqual(Object.keys(OUTDOOR.sensors).sort());
    expect(Object.keys(readingFields(decoded(MS5607))).sort()).toEqual(Object.keys(CONSOLE.sensors).sort());
  });
});

it('takes only the sensor and the channel that were chosen', () => {
  expect(foreignReason(decoded(RAIN), {})).toBeUndefined();
  expect(foreignReason(decoded(RAIN), { sensor_id: 0x05c, channel: 'A' })).toBeUndefined();
  expect(foreignReason(decoded(RAIN), { sensor_id: 0xbfa })).toBe('other_sensor');
  expect(foreignReason(decoded(RAIN), { channel: 'B' })).toBe('other_channel');
  expect(foreignReason(decoded(MS5607), { sensor_id: 0xbfa, channel: 'B' })).toBeUndefined();
});

it('refuses a console report whose constants changed, until the next one agrees', () => {
  const changed = watchConstants();
  expect([MS5607, MS5607, HP03S, MS5607, HP03S, HP03S, HP03S].map((hex) => changed(decoded(hex)))).toEqual([
    undefined,
    undefined,
    'constants_changed',
    undefined,
    'constants_changed',
    undefined,
    undefined,
  ]);
});
