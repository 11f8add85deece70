import type { Store } from 'cupboard/sdk';
import { ARCHIVE_FIELDS, type ArchiveField } from './archive.ts';
import type { Calendar } from './calendar.ts';
import { DAY_FIELDS, type DayField, type Days } from './days.ts';
import { tidy } from './station.ts';

/** `[time, min, mean, max]`; for rain all three are the sum. The mean of directions has no place on a line. */
export type HistoryPoint = readonly [time: number, min: number, mean: number, max: number];
const isDayField = (field: string): field is DayField => (DAY_FIELDS as readonly string[]).includes(field);
export const HISTORY_FIELDS = ARCHIVE_FIELDS.filter((field) => isDayField(field));
export type HistoryField = ArchiveField & DayField;
export const isHistoryField = (field: unknown): field is HistoryField =>
  (HISTORY_FIELDS as readonly unknown[]).includes(field);

/** Beyond this the summaries of days are as fine as any screen. */
const DAY_POINTS_FROM = 60 * 86_400_000;

/** The archive, imported years included, thinned to about `points` points. */
export function readHistory(
  store: Store,
  days: Days,
  calendar: Calendar,
  query: { field: HistoryField; from: number; to: number; points: number },
): { resolution: 'raw' | '5m' | '1h' | '1d'; points: HistoryPoint[] } {
  const { field, from, to, points } = query;
  if (to - from > DAY_POINTS_FROM) {
    const stats = days
      .between(calendar.dayEndingAt(from).date, calendar.dayEndingAt(to).date)
      .filter((stat) => stat.field === field);
    return {
      resolution: '1d',
      points: stats.map(({ date, min, mean, max, total }) => {
        const time = calendar.day(date).end;
        return field === 'rain'
          ? [time, tidy(total), tidy(total), tidy(total)]
          : [time, tidy(min), tidy(mean), tidy(max)];
      }),
    };
  }
  const bucket = Math.max(60_000, Math.ceil((to - from) / points / 60_000) * 60_000);
  const values = field === 'rain' ? 'sum(rain), sum(rain), sum(rain)' : `min(${field}), avg(${field}), max(${field})`;
  const rows = store
    .prepare<number[], [number, number, number, number]>(
      `SELECT max(time), ${values} FROM archive WHERE time > ? AND time <= ? AND ${field} IS NOT NULL
         AND simulated = (SELECT min(simulated) FROM archive WHERE time > ? AND time <= ?)
       GROUP BY CAST((time - 1 - ?) / ? AS INTEGER) ORDER BY 1`,
    )
    .raw()
    .all(from, to, from, to, from, bucket);
  return {
    resolution: bucket <= 60_000 ? 'raw' : bucket < 3_600_000 ? '5m' : '1h',
    points: rows.map(([time, min, mean, max]) => [time, tidy(min), tidy(mean), tidy(max)]),
  };
}
