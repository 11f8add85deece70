import { describe, expect, it } from 'vitest';
import { createCompleter, parseObservation } from '../../../plugins/weather-upload/observation.ts';
import { isDue, mayLeave, missingFields, nextToPost } from '../../../plugins/weather-upload/plan.ts';
import { wunderground } from '../../../plugins/weather-upload/services/wunderground.ts';

const settings = { type: 'wunderground', name: 'wunderground', id: 'a', key: 'b', interval: 60 };

describe('parseObservation', () => {
  it('takes numbers only: a bad value (null) is as absent as a missing one', () => {
    expect(parseObservation({ time: 5, temperature: 0, humidity: null, wind_speed: 'x', updated: [] })).toEqual({
      time: 5,
      temperature: 0,
    });
  });

  it.each([null, 'offline', 3, [], { temperature: 1 }])('refuses %j', (payload) => {
    expect(parseObservation(payload)).toBeUndefined();
  });
});

describe('createCompleter', () => {
  it('adds the gust of the last five minutes', () => {
    const complete = createCompleter();
    complete({ time: 0, wind_speed: 9 }, true);
    expect(complete({ time: 100_000, wind_speed: 2 }, true).wind_gust_5m).toBe(9);
    expect(complete({ time: 300_000, wind_speed: 3 }, true).wind_gust_5m).toBe(3);
  });

  it('keeps the last direction in calm air only, and only if wanted', () => {
    const complete = createCompleter();
    complete({ time: 0, wind_speed: 3, wind_direction: 90 }, true);
    expect(complete({ time: 1, wind_speed: 0 }, true).wind_direction).toBe(90);
    expect(complete({ time: 2, wind_speed: 0 }, false).wind_direction).toBeUndefined();
    expect(complete({ time: 3, wind_speed: 2 }, true).wind_direction).toBeUndefined();
  });
});

describe('isDue', () => {
  it.each([
    [0, undefined, 60, true],
    [18_000, 0, 18, true],
    [17_900, 0, 18, true],
    [36_000, 0, 60, false],
    [54_000, 0, 60, true],
    [299_000, 0, 300, false],
    [300_000, 0, 300, true],
    [0, 400_000, 300, false],
    [500_000, 10_000_000, 300, true],
  ])('time %i after %s at an interval of %i s: %s', (time, last, interval, due) => {
    expect(isDue(time, last, interval, 500_000)).toBe(due);
  });
});

describe('nextToPost', () => {
  const [oldest, newest] = [{ time: 1_000 }, { time: 1_000_000 }];
  it('prefers live data, then the oldest', () => {
    expect(nextToPost({ oldest, newest }, 1_010_000, 60)).toBe(newest);
    expect(nextToPost({ oldest, newest }, 9_000_000, 60)).toBe(oldest);
    expect(nextToPost({ oldest: undefined, newest: undefined }, 0, 60)).toBeUndefined();
  });
});

it('keeps simulated data in the house unless the user named the address', () => {
  expect(mayLeave({ time: 0, simulated: true }, settings)).toBe(false);
  expect(mayLeave({ time: 0, simulated: true }, { ...settings, url: 'http://127.0.0.1/' })).toBe(true);
  expect(mayLeave({ time: 0 }, settings)).toBe(true);
});

it('names the essential fields that are missing', () => {
  expect(missingFields({ time: 0, humidity: 3 }, wunderground)).toEqual(['temperature']);
  expect(missingFields({ time: 0, temperature: 0 }, wunderground)).toEqual([]);
});
