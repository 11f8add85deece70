import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDays } from '../../../core/recorder/days.ts';
import type { Reading } from '../../../core/recorder/extract.ts';
import { changeOf } from '../../../core/recorder/rollups.ts';
import type { SeriesKind } from '../../../core/recorder/series.ts';
import type { Sensor } from '../../../core/sdk/contract.ts';
import { NOON, openArchive, reading, settings } from './support.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
/** Two hours before clocks are put back in Berlin: buckets of all sizes, and a day of 25 hours, are near. */
const BEFORE_WINTER = Date.UTC(2026, 9, 24, 20);

const SENSORS: Record<SeriesKind, Sensor> = {
  plain: { unit: '°C' },
  circular: { unit: '°', device_class: 'wind_direction' },
  total: { unit: 'kWh', state_class: 'total' },
  total_increasing: { unit: 'mm', state_class: 'total_increasing' },
};

interface Row {
  readonly time: number;
  readonly count: number;
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
  readonly change: number | null;
}

/** The buckets of one series straight from its readings: the plain reading of what a roll-up is. */
function recompute(kind: SeriesKind, readings: ReadonlyMap<number, number>, start: (time: number) => number): Row[] {
  const buckets = new Map<number, { values: number[]; change: number }>();
  let before: number | undefined;
  for (const [time, value] of [...readings].sort(([a], [b]) => a - b)) {
    const bucket = buckets.get(start(time)) ?? { values: [], change: 0 };
    buckets.set(start(time), bucket);
    bucket.values.push(value);
    bucket.change += changeOf(kind, before, value);
    before = value;
  }
  return [...buckets].map(([time, { values, change }]) => ({
    time,
    count: values.length,
    min: kind === 'circular' ? null : Math.min(...values),
    mean: kind === 'circular' ? meanDirection(values) : values.reduce((sum, value) => sum + value, 0) / values.length,
    max: kind === 'circular' ? null : Math.max(...values),
    change: kind.startsWith('total') ? change : null,
  }));
}

function meanDirection(degrees: readonly number[]): number {
  const sum = (part: (radians: number) => number) =>
    degrees.reduce((total, value) => total + part((value * Math.PI) / 180), 0);
  return ((Math.atan2(sum(Math.sin), sum(Math.cos)) * 180) / Math.PI + 360) % 360;
}

const closeTo = (value: number | null) => (value === null ? null : expect.closeTo(value, 6));
const expected = (rows: readonly Row[]) =>
  rows.map((row) => ({
    ...row,
    min: closeTo(row.min),
    mean: closeTo(row.mean),
    max: closeTo(row.max),
    change: closeTo(row.change),
  }));

const LEVELS = [
  { points: 'five_minutes', start: (time: number) => time - (time % (5 * MINUTE)) },
  { points: 'hours', start: (time: number) => time - (time % HOUR) },
  { points: 'days', start: (time: number) => createDays('Europe/Berlin').start(time) },
];

test('roll-ups equal a recomputation from the raw readings, in whatever order and batches these came', async () => {
  const step = fc.record({
    minutes: fc.integer({ min: 0, max: 30 * 60 }),
    // Opposite directions have no mean; odd values keep two of them from cancelling out.
    value: fc.integer({ min: 0, max: 1799 }).map((tenths) => tenths / 10),
    kind: fc.constantFrom(...(Object.keys(SENSORS) as SeriesKind[])),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 12 }), { maxLength: 12 }), async (batches) => {
      const { archive, record, rows } = await openArchive();
      const kept = new Map<SeriesKind, Map<number, number>>();
      for (const batch of batches) {
        const readings: Reading[] = batch.map(({ minutes, value, kind }) =>
          reading(kind, BEFORE_WINTER + minutes * MINUTE, value, { sensor: SENSORS[kind] }),
        );
        record(...readings);
        for (const { series, time, value } of readings) {
          const known = kept.get(series as SeriesKind) ?? new Map<number, number>();
          kept.set(series as SeriesKind, known);
          // Sent again, a reading is not counted again.
          if (!known.has(time)) known.set(time, value as number);
        }
      }
      for (const [kind, readings] of kept) {
        for (const { points, start } of LEVELS) {
          const stored = rows<Row>(`
            SELECT time, count, CASE WHEN sine IS NULL THEN min END AS min, CASE WHEN sine IS NULL THEN max END AS max,
              CASE WHEN sine IS NULL THEN sum / count ELSE mod(degrees(atan2(sine, cosine)) + 360, 360) END AS mean,
              change
            FROM ${points} WHERE series = (SELECT id FROM series WHERE name = '${kind}') ORDER BY time`);
          expect(stored).toEqual(expected(recompute(kind, readings, start)));
        }
      }
      archive.close();
    }),
    { numRuns: 40 },
  );
});

describe('what a bucket says', () => {
  const hourly = (sql = '') => `SELECT count, min, mean, max, change FROM hourly ${sql} ORDER BY time`;

  test('directions around north average to north', async () => {
    const { record, rows } = await openArchive();
    const sensor = SENSORS.circular;
    record(...[350, 10, 5, 355].map((value, index) => reading('wind', NOON + index, value, { sensor })));
    expect(rows(hourly())).toEqual([{ count: 4, min: null, mean: expect.closeTo(0, 9), max: null, change: null }]);
  });

  test('angles below zero keep their sign', async () => {
    const { record, rows } = await openArchive();
    record(...[-8, -12].map((value, index) => reading('sun', NOON + index, value, { sensor: { unit: '°' } })));
    expect(rows(hourly())).toMatchObject([{ mean: expect.closeTo(-10, 9) }]);
  });

  test('a counter that starts again from zero counts on', async () => {
    const { record, rows } = await openArchive();
    const sensor = SENSORS.total_increasing;
    record(...[10, 12, 1, 4].map((value, index) => reading('rain', NOON + index * MINUTE, value, { sensor })));
    expect(rows(hourly())).toMatchObject([{ change: 6 }]);
  });

  test('a total may go down', async () => {
    const { record, rows } = await openArchive();
    const sensor = SENSORS.total;
    record(...[10, 12, 1].map((value, index) => reading('balance', NOON + index * HOUR, value, { sensor })));
    expect(rows(hourly())).toMatchObject([{ change: 0 }, { change: 2 }, { change: -11 }]);
  });

  test('a sensor declared a total later counts from then on', async () => {
    const { record, rows } = await openArchive();
    record(reading('rain', NOON, 5), reading('rain', NOON + 1, 6));
    record(reading('rain', NOON + 2, 9, { sensor: SENSORS.total_increasing }));
    expect(rows(hourly())).toMatchObject([{ count: 3, change: 3 }]);
  });

  test('the day of the autumn change has 25 hours', async () => {
    const { record, rows } = await openArchive();
    const midnight = Date.UTC(2026, 9, 24, 22);
    record(...Array.from({ length: 26 }, (_, hour) => reading('t', midnight + hour * HOUR, hour)));
    expect(rows('SELECT date, time, count, min, max FROM daily')).toEqual([
      { date: '2026-10-25', time: '2026-10-24T22:00:00.000Z', count: 25, min: 0, max: 24 },
      { date: '2026-10-26', time: '2026-10-25T23:00:00.000Z', count: 1, min: 25, max: 25 },
    ]);
  });

  test('a changed time zone cuts the days anew, live and at the next start', async () => {
    const first = await openArchive({ settings: settings({}, 'UTC') });
    const evening = Date.UTC(2026, 5, 1, 23, 30);
    const daily = 'SELECT date, count, mean FROM daily ORDER BY date';
    first.record(reading('t', NOON, 1), reading('t', evening, 3));
    expect(first.rows(daily)).toEqual([{ date: '2026-06-01', count: 2, mean: 2 }]);
    const berlin = [
      { date: '2026-06-01', count: 1, mean: 1 },
      { date: '2026-06-02', count: 1, mean: 3 },
    ];
    first.archive.configure(settings({}, 'Europe/Berlin'));
    expect(first.rows(daily)).toEqual(berlin);
    first.archive.close();
    const next = await openArchive({ file: first.file, settings: settings({}, 'Asia/Tokyo') });
    expect(next.rows(daily)).toEqual(berlin);
    const later = await openArchive({ file: first.file, settings: settings({}, 'America/New_York') });
    expect(later.rows(daily)).toEqual([{ date: '2026-06-01', count: 2, mean: 2 }]);
  });
});
