import type { History } from 'cupboard/sdk';

/** One series as columns, epoch ms; a `null` row is a gap: the line breaks there. */
export interface Table {
  readonly times: number[];
  readonly min: (number | null)[];
  readonly mean: (number | null)[];
  readonly max: (number | null)[];
}

/** A missing roll-up shows as a longer step; a day may have 25 hours. */
const ROLLUP_BEATS = 1.6;
/** Raw readings are less regular: this many beats of silence are a gap. */
const RAW_BEATS = 6;
const SHORTEST_RAW_GAP_MS = 120_000;

/** Columns for the chart, with a gap wherever readings are missing, so that nothing is drawn that was not measured. */
export function toTable({ points, resolution }: History, convert: (value: number) => number): Table {
  const beat = middleStep(points.map(([time]) => time));
  const longest = resolution === 'raw' ? Math.max(SHORTEST_RAW_GAP_MS, beat * RAW_BEATS) : beat * ROLLUP_BEATS;
  const table: Table = { times: [], min: [], mean: [], max: [] };
  const add = (time: number, min: number | null, mean: number | null, max: number | null) => {
    table.times.push(time);
    table.min.push(min === null ? null : convert(min));
    table.mean.push(mean === null ? null : convert(mean));
    table.max.push(max === null ? null : convert(max));
  };
  let before: number | undefined;
  for (const [time, min, mean, max] of points) {
    if (before !== undefined && time - before > longest) add(Math.round((before + time) / 2), null, null, null);
    add(time, min, mean, max);
    before = time;
  }
  return table;
}

/** The rhythm of a series is only known by looking at it. */
function middleStep(times: readonly number[]): number {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
}

/** Lowest and highest value drawn, undefined when there is none. */
export function extremes({ min, max }: Table): { low: number; high: number } | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of min) if (value !== null && value < low) low = value;
  for (const value of max) if (value !== null && value > high) high = value;
  return low <= high ? { low, high } : undefined;
}

/** A band is only told apart from its line where the roll-up kept more than one reading. */
export const hasBand = ({ min, max }: Table): boolean => min.some((value, index) => value !== max[index]);

/** The drawing area of a sparkline; it is stretched to its place. */
export const SPARK = { width: 100, height: 24 } as const;

/** A line shorter than this part of its time says nothing. */
const SHORTEST_SPARK = 0.05;

/** One path per stretch without a gap; none for readings that cover next to nothing of the time. */
export function sparkPaths({ times, mean }: Table, from: number, to: number): string[] {
  const values = mean.filter((value) => value !== null);
  const covered = (times.at(-1) ?? 0) - (times[0] ?? 0);
  if (values.length < 2 || covered < (to - from) * SHORTEST_SPARK) return [];
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const paths: string[] = [];
  let path = '';
  for (const [index, value] of mean.entries()) {
    if (value === null) {
      if (path) paths.push(path);
      path = '';
      continue;
    }
    // A roll-up is stamped with its start, which may lie before the time asked for.
    const x = Math.max(0, ((times[index] ?? from) - from) / (to - from)) * SPARK.width;
    const y = SPARK.height - 1 - ((value - low) / range) * (SPARK.height - 2);
    path += `${path ? 'L' : 'M'}${x.toFixed(2)} ${y.toFixed(2)}`;
  }
  return path ? [...paths, path] : paths;
}
