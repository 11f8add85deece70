import { describe, expect, it } from 'vitest';
import { Series } from '../../../plugins/weather/series.ts';
import { normalizeDegrees, vectorMean, windAverage, windGust } from '../../../plugins/weather/wind.ts';

const S = 1000;
function series(samples: readonly (readonly [seconds: number, value: number])[]): Series {
  const made = new Series();
  for (const [seconds, value] of samples) made.add({ time: seconds * S, value });
  return made;
}
const last2min = { to: 120 * S, length: 120 * S };

describe('the mean wind', () => {
  it('is the arithmetic mean of all speeds, also of calm', () => {
    const speeds = series([
      [36, 2],
      [72, 0],
      [108, 4],
    ]);
    expect(windAverage(speeds, series([]), last2min)).toEqual({ speed: 2 });
  });

  it('averages directions as vectors across north', () => {
    const speeds = series([
      [36, 3],
      [72, 3],
    ]);
    const directions = series([
      [36, 350],
      [72, 20],
    ]);
    expect(windAverage(speeds, directions, last2min)?.direction).toBeCloseTo(5, 9);
  });

  it('weighs a direction with the speed of the same report and ignores the vane in calm air', () => {
    const speeds = series([
      [18, 9],
      [36, 4],
      [72, 0],
    ]);
    const directions = series([
      [36, 90],
      [72, 270],
    ]);
    expect(windAverage(speeds, directions, last2min)?.direction).toBeCloseTo(90, 9);
  });

  it('has no direction in calm air or where opposite winds cancel out', () => {
    expect(windAverage(series([[60, 0]]), series([[60, 45]]), last2min)).toEqual({ speed: 0 });
    expect(
      vectorMean([
        { speed: 3, direction: 0 },
        { speed: 3, direction: 180 },
      ]),
    ).toBeUndefined();
  });

  it('counts the end of the window and not its beginning', () => {
    const speeds = series([
      [0, 9],
      [1, 1],
      [120, 3],
      [121, 9],
    ]);
    expect(windAverage(speeds, series([]), last2min)?.speed).toBe(2);
    expect(windAverage(series([]), series([]), last2min)).toBeUndefined();
  });
});

describe('the gust', () => {
  it('is the strongest sample, with the direction measured nearest to it', () => {
    const speeds = series([
      [18, 5],
      [36, 12],
      [54, 7],
    ]);
    const directions = series([
      [18, 200],
      [54, 240],
    ]);
    // Both directions are 18 s away; the one that was known then counts.
    expect(windGust(speeds, directions, last2min)).toEqual({ speed: 12, time: 36 * S, direction: 200 });
  });

  it('has no direction when none was measured within a minute, nor in calm air', () => {
    expect(windGust(series([[100, 4]]), series([[30, 90]]), last2min)).toEqual({ speed: 4, time: 100 * S });
    expect(windGust(series([[100, 0]]), series([[100, 90]]), last2min)).toEqual({ speed: 0, time: 100 * S });
  });
});

it('turns any angle into [0, 360)', () => {
  expect([-10, 0, 360, 725, -720].map(normalizeDegrees)).toEqual([350, 0, 0, 5, 0]);
  expect(normalizeDegrees(-1e-15)).toBe(0);
});
