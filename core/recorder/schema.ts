import type { Days } from './days.ts';

/** A size of bucket: its table, its name in answers and where the bucket of a time starts. */
export interface Level {
  readonly table: string;
  readonly resolution: '5m' | '1h' | '1d';
  start(time: number, days: Days): number;
}

/** From fine to coarse; each one's buckets lie wholly within one of the next. */
export const LEVELS = [
  { table: 'five_minutes', resolution: '5m', start: (time) => time - (time % 300_000) },
  { table: 'hours', resolution: '1h', start: (time) => time - (time % 3_600_000) },
  { table: 'days', resolution: '1d', start: (time, days) => days.start(time) },
] as const satisfies readonly Level[];

/**
 * Numbers with up to three decimals are stored as whole thousandths: 2 to 4 bytes where a REAL takes 8. The storage
 * class tells the two apart: INTEGER = thousandths, REAL = the number itself.
 */
export const THOUSANDTHS = 1000;
/** SQL that gives back the number. */
export const VALUE = `CASE typeof(value) WHEN 'integer' THEN value / ${THOUSANDTHS}.0 ELSE value END`;

/** The thousandths that stand for exactly `value`, or undefined where only a REAL can hold it. */
export function toThousandths(value: number): number | undefined {
  const scaled = Math.round(value * THOUSANDTHS);
  return Number.isSafeInteger(scaled) && scaled / THOUSANDTHS === value ? scaled : undefined;
}

/** SQL of a bucket's mean: of directions the direction of the summed unit vectors, else the arithmetic one. */
export const MEAN = `CASE WHEN sine IS NULL THEN sum / count
  WHEN min < 0 THEN degrees(atan2(sine, cosine))
  ELSE mod(degrees(atan2(sine, cosine)) + 360, 360) END`;
/** A direction has no lowest and highest value: 350 and 10 degrees are neighbours. */
export const MIN = 'CASE WHEN sine IS NULL THEN min END';
export const MAX = 'CASE WHEN sine IS NULL THEN max END';

const isoTime = (column: string) =>
  `strftime('%Y-%m-%dT%H:%M:%S', ${column} / 1000, 'unixepoch') || printf('.%03dZ', ${column} % 1000)`;

const bucketTable = (table: string) => `
  -- count, min, max, sum of the readings from time (epoch ms) to the start of the next bucket; sine and cosine: sums
  -- over directions; change: how far a total moved, resets left out.
  CREATE TABLE ${table} (
    series INTEGER NOT NULL, time INTEGER NOT NULL,
    count INTEGER NOT NULL, min REAL NOT NULL, max REAL NOT NULL, sum REAL NOT NULL,
    sine REAL, cosine REAL, change REAL,
    PRIMARY KEY (series, time)
  ) WITHOUT ROWID;`;

/** recorder.db from an empty file to today's form; entry n brings version n to n + 1. Entries never change. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
  -- kind: plain, circular (degrees), total, total_increasing. purged: raw readings before this time were deleted.
  CREATE TABLE series (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, unit TEXT, kind TEXT NOT NULL, purged INTEGER NOT NULL DEFAULT 0
  );
  -- value: an INTEGER is thousandths, a REAL is the number itself.
  CREATE TABLE raw (
    series INTEGER NOT NULL, time INTEGER NOT NULL, value NOT NULL, PRIMARY KEY (series, time)
  ) WITHOUT ROWID;
  -- Strings, only where they changed.
  CREATE TABLE texts (
    series INTEGER NOT NULL, time INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (series, time)
  ) WITHOUT ROWID;
  ${bucketTable('five_minutes')}
  ${bucketTable('hours')}
  ${bucketTable('days')}
  -- The local date of every start in days: SQLite knows no time zones.
  CREATE TABLE dates (time INTEGER PRIMARY KEY, date TEXT NOT NULL);
  CREATE TABLE events (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, topic TEXT NOT NULL, payload TEXT NOT NULL);
  CREATE INDEX events_by_time ON events (time);

  CREATE VIEW readings AS
    SELECT name AS series, ${isoTime('time')} AS time, ${VALUE} AS value, unit, time AS epoch_ms
      FROM raw JOIN series ON series.id = raw.series
    UNION ALL
    SELECT name, ${isoTime('time')}, value, unit, time FROM texts JOIN series ON series.id = texts.series;
  CREATE VIEW hourly AS
    SELECT name AS series, ${isoTime('time')} AS time, count, ${MIN} AS min, ${MEAN} AS mean, ${MAX} AS max, change, unit
      FROM hours JOIN series ON series.id = hours.series;
  CREATE VIEW daily AS
    SELECT name AS series, date, ${isoTime('days.time')} AS time, count, ${MIN} AS min, ${MEAN} AS mean, ${MAX} AS max,
        change, unit
      FROM days JOIN series ON series.id = days.series LEFT JOIN dates ON dates.time = days.time;
  `,
];
