import { describe, expect, it, vi } from 'vitest';
import { SOURCE_FIELDS } from '../../../plugins/weather/fields.ts';
import { SilenceWatch } from '../../../plugins/weather/silence.ts';
import { parseReading } from '../../../plugins/weather/source.ts';
import { NOON } from './setup.ts';

describe('a message of the source', () => {
  const parse = (payload: Parameters<typeof parseReading>[0]) => parseReading(payload, SOURCE_FIELDS.outdoor, NOON);

  it('is read as what it updated, at the time it was measured', () => {
    expect(parse({ time: 1000, updated: ['wind_speed'], wind_speed: 3, temperature: 20, simulated: true })).toEqual({
      time: 1000,
      values: { wind_speed: 3 },
      simulated: true,
    });
  });

  it('without updated and time is all new, now', () => {
    expect(parse({ temperature: 20, humidity: null, battery: 'low' })).toEqual({
      time: NOON,
      values: { temperature: 20, humidity: null },
      simulated: false,
    });
  });

  it('that says nothing of the weather is none', () => {
    const useless = [
      null,
      7,
      'online',
      [1],
      {},
      { time: 'soon', temperature: 1 },
      { time: 1, updated: [], temperature: 1 },
    ];
    expect(useless.map(parse)).toEqual(useless.map(() => undefined));
  });

  it('of the console fills the indoor values and the station pressure', () => {
    const reading = parseReading({ temperature: 21, pressure: 1000 }, SOURCE_FIELDS.indoor, NOON);
    expect(reading?.values).toEqual({ indoor_temperature: 21, pressure_station: 1000 });
  });
});

describe('silence', () => {
  it('is told at the start and after max_age, and ends with a reading', () => {
    const hub = { waiting: vi.fn(), ready: vi.fn() };
    const watch = new SilenceWatch(hub, 'acurite/outdoor', 180_000);
    expect(hub.waiting).toHaveBeenCalledTimes(1);
    watch.heard(NOON - 7_200_000, true, NOON);
    expect(hub.ready).not.toHaveBeenCalled();
    watch.heard(NOON, false, NOON);
    expect(hub.ready).toHaveBeenCalledTimes(1);
    expect(watch.check(NOON + 180_000)).toBe(false);
    expect(watch.check(NOON + 180_001)).toBe(true);
    expect(watch.check(NOON + 300_000)).toBe(true);
    expect(hub.waiting).toHaveBeenCalledTimes(2);
    expect(hub.waiting.mock.lastCall?.[0]).toContain('acurite/outdoor since 2026-11-22T11:00:00.000Z');
  });
});
