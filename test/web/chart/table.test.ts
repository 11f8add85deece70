import { expect, test } from 'vitest';
import { extremes, hasBand, sparkPaths, toTable } from '../../../web/chart/table.ts';

const same = (value: number) => value;
const MINUTE = 60_000;
type Point = [number, number | null, number | null, number | null];
const flat = (time: number, value: number): Point => [time, value, value, value];

test('breaks the line where roll-ups are missing', () => {
  const points = [0, 5, 10, 25, 30].map((minute) => flat(minute * MINUTE, 1));
  const table = toTable({ series: 's', resolution: '5m', points }, same);
  expect(table.times.map((time) => time / MINUTE)).toEqual([0, 5, 10, 17.5, 25, 30]);
  expect(table.mean).toEqual([1, 1, 1, null, 1, 1]);
});

test('does not take the longer day of a clock change for a gap', () => {
  const hours = [0, 24, 49, 73];
  const table = toTable(
    { series: 's', resolution: '1d', points: hours.map((hour) => flat(hour * 60 * MINUTE, 1)) },
    same,
  );
  expect(table.mean).not.toContain(null);
});

test('raw readings may wander in their rhythm before a silence counts', () => {
  const seconds = [0, 18, 36, 60, 78, 96, 400, 418];
  const table = toTable(
    { series: 's', resolution: 'raw', points: seconds.map((second) => flat(second * 1000, 1)) },
    same,
  );
  expect(table.mean.filter((value) => value === null)).toHaveLength(1);
});

test('converts every column and keeps what was measured but bad as a gap', () => {
  const points: Point[] = [
    [0, 1, 2, 3],
    [MINUTE, null, null, null],
  ];
  const table = toTable({ series: 's', resolution: 'raw', points }, (value) => value * 10);
  expect(table).toEqual({ times: [0, MINUTE], min: [10, null], mean: [20, null], max: [30, null] });
  expect(extremes(table)).toEqual({ low: 10, high: 30 });
  expect(hasBand(table)).toBe(true);
});

test('a series without readings has no extremes and no band', () => {
  const table = toTable({ series: 's', resolution: 'raw', points: [] }, same);
  expect(extremes(table)).toBeUndefined();
  expect(hasBand(table)).toBe(false);
});

test('a sparkline spans its time from low to high and breaks at gaps', () => {
  const table = { times: [0, 25, 50, 75, 100], mean: [10, 20, null, 15, 10], min: [], max: [] };
  expect(sparkPaths(table, 0, 100)).toEqual(['M0.00 23.00L25.00 1.00', 'M75.00 12.00L100.00 23.00']);
  expect(sparkPaths({ ...table, mean: [10, null, null, null, null] }, 0, 100)).toEqual([]);
});
