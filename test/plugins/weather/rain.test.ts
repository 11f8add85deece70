import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR, rainRate, rainSince, rainSteps, rainWithin } from '../../../plugins/weather/rain.ts';
import { Series } from '../../../plugins/weather/series.ts';

const MIN = 60_000;
function totals(samples: readonly (readonly [minutes: number, mm: number])[]): Series {
  const made = new Series();
  for (const [minutes, value] of samples) made.add({ time: minutes * MIN, value });
  return made;
}

describe('rain', () => {
  it('is what the total gained, from the first reading on', () => {
    const series = totals([
      [0, 100],
      [1, 100.254],
      [2, 100.254],
      [3, 100.762],
    ]);
    expect(rainSince(series, -1, 10 * MIN)).toBeCloseTo(0.762, 9);
  });

  it('is neither negative nor the whole total when the counter starts again', () => {
    const series = totals([
      [0, 500],
      [1, 501],
      [2, 0.5],
      [3, 1.5],
    ]);
    expect(rainSteps(series, -1, HOUR).map(({ mm }) => mm)).toEqual([1, 1]);
  });

  it('counts readings that came out of order where they belong', () => {
    const series = totals([
      [0, 0],
      [3, 3],
      [1, 1],
    ]);
    expect(rainSteps(series, -1, HOUR).map(({ time, mm }) => [time / MIN, mm])).toEqual([
      [1, 1],
      [3, 2],
    ]);
  });

  it('compares the first reading of a window with the last one before it', () => {
    const series = totals([
      [0, 10],
      [61, 12],
    ]);
    expect(rainSince(series, 30 * MIN, 61 * MIN)).toBe(2);
  });

  it('of a gap longer than the window is in no window, and in the day', () => {
    const series = totals([
      [0, 0],
      [120, 8],
    ]);
    const now = 120 * MIN;
    expect(rainWithin(series, HOUR, now)).toBe(0);
    expect(rainWithin(series, 24 * HOUR, now)).toBe(8);
    expect(rainRate(series, now)).toBe(0);
    expect(rainSince(series, 0, now)).toBe(8);
  });

  it('falls at four times what fell in 15 minutes', () => {
    const series = totals([
      [0, 0],
      [1, 1],
      [10, 1.5],
      [16, 2],
    ]);
    // Of the last 15 minutes (1, 16]: the steps at 10 and 16.
    expect(rainRate(series, 16 * MIN)).toBe(4);
  });

  it('is multiplied by the calibration in force at each step', () => {
    const series = totals([
      [0, 0],
      [1, 10],
      [2, 20],
    ]);
    expect(rainSince(series, -1, HOUR, (time) => (time > MIN ? 1.1 : 1))).toBeCloseTo(21, 9);
  });

  it('is never negative and never more than what the total gained, whatever the resets', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: 0, max: 1000, noNaN: true }), { maxLength: 40 }), (values) => {
        const series = totals(values.map((value, index) => [index, value] as const));
        const gained = values.reduce((sum, value, index) => sum + Math.max(0, value - (values[index - 1] ?? value)), 0);
        const sum = rainSince(series, -1, 100 * MIN);
        expect(sum).toBeGreaterThanOrEqual(0);
        expect(sum).toBeCloseTo(gained, 6);
      }),
    );
  });
});
