import type { Database, Statement } from 'better-sqlite3';
import { type Days, LONGEST_DAY } from './days.ts';
import { LEVELS, VALUE } from './schema.ts';
import type { Series, SeriesKind } from './series.ts';

const RADIANS = Math.PI / 180;

interface Bucket {
  readonly series: Series;
  readonly time: number;
  count: number;
  min: number;
  max: number;
  sum: number;
  sine: number | null;
  cosine: number | null;
  change: number | null;
}

/** How far a total moved from `before` to `after`. A total that only increases and reads less was reset to zero. */
export function changeOf(kind: SeriesKind, before: number | undefined, after: number): number {
  if (before === undefined) return 0;
  return kind === 'total_increasing' && after < before ? after : after - before;
}

/**
 * Adds new readings to the roll-up tables. Counts, sums and extremes can be merged in any order, so a late reading is
 * simply added to its bucket; the change of a total depends on its neighbours and is corrected for the next one.
 */
export class RollUps {
  readonly #days: Days;
  readonly #upserts: readonly Statement[];
  readonly #corrections: readonly Statement[];
  readonly #before: Statement<[number, number], number>;
  readonly #after: Statement<[number, number], { time: number; value: number }>;
  readonly #date: Statement;
  /** The bucket being filled, one a level: readings come sorted, so each is written once. */
  #open: (Bucket | undefined)[] = [];

  constructor(database: Database, days: Days) {
    this.#days = days;
    this.#upserts = LEVELS.map(({ table }) =>
      database.prepare(`
        INSERT INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = count + excluded.count, min = min(min, excluded.min),
          max = max(max, excluded.max), sum = sum + excluded.sum,
          sine = coalesce(sine + excluded.sine, sine, excluded.sine),
          cosine = coalesce(cosine + excluded.cosine, cosine, excluded.cosine),
          change = coalesce(change + excluded.change, change, excluded.change)`),
    );
    this.#corrections = LEVELS.map(({ table }) =>
      database.prepare(`UPDATE ${table} SET change = coalesce(change, 0) + ? WHERE series = ? AND time = ?`),
    );
    this.#before = database
      .prepare<[number, number], number>(
        `SELECT ${VALUE} FROM raw WHERE series = ? AND time < ? ORDER BY time DESC LIMIT 1`,
      )
      .pluck();
    this.#after = database.prepare(
      `SELECT time, ${VALUE} AS value FROM raw WHERE series = ? AND time > ? ORDER BY time LIMIT 1`,
    );
    this.#date = database.prepare('INSERT OR IGNORE INTO dates VALUES (?, ?)');
  }

  /** Begins a transaction's worth; what an earlier, rolled back one left open is forgotten. */
  begin(): void {
    this.#open = [];
  }

  /** Adds a reading that has just been inserted into `raw`; sorted by series and time within a transaction. */
  add(series: Series, time: number, value: number): void {
    const start = LEVELS[0].start(time);
    const bucket = this.#bucket(0, series, start);
    bucket.count += 1;
    bucket.sum += value;
    if (value < bucket.min) bucket.min = value;
    if (value > bucket.max) bucket.max = value;
    if (series.kind === 'circular') {
      bucket.sine = (bucket.sine ?? 0) + Math.sin(value * RADIANS);
      bucket.cosine = (bucket.cosine ?? 0) + Math.cos(value * RADIANS);
    } else if (series.kind !== 'plain') {
      bucket.change = (bucket.change ?? 0) + this.#change(series, time, value);
    }
  }

  /** Writes what is open. */
  end(): void {
    for (const level of LEVELS.keys()) this.#close(level);
  }

  #bucket(level: number, series: Series, time: number): Bucket {
    const open = this.#open[level];
    if (open && open.series === series && open.time === time) return open;
    this.#close(level);
    const bucket: Bucket = {
      series,
      time,
      count: 0,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
      sum: 0,
      sine: null,
      cosine: null,
      change: null,
    };
    this.#open[level] = bucket;
    return bucket;
  }

  #close(level: number): void {
    const bucket = this.#open[level];
    if (!bucket) return;
    this.#open[level] = undefined;
    const { series, time, count, min, max, sum, sine, cosine, change } = bucket;
    this.#upserts[level]?.run(series.id, time, count, min, max, sum, sine, cosine, change);
    const coarser = LEVELS[level + 1];
    if (coarser) this.#merge(level + 1, bucket, coarser.start(time, this.#days));
    else this.#date.run(time, this.#days.date(time));
  }

  #merge(level: number, part: Bucket, start: number): void {
    const bucket = this.#bucket(level, part.series, start);
    bucket.count += part.count;
    bucket.min = Math.min(bucket.min, part.min);
    bucket.max = Math.max(bucket.max, part.max);
    bucket.sum += part.sum;
    bucket.sine = addNullable(bucket.sine, part.sine);
    bucket.cosine = addNullable(bucket.cosine, part.cosine);
    bucket.change = addNullable(bucket.change, part.change);
  }

  /** What this reading adds to its own bucket; what it takes from or gives to the next reading's is written at once. */
  #change(series: Series, time: number, value: number): number {
    const before = this.#before.get(series.id, time);
    const next = time < series.newest ? this.#after.get(series.id, time) : undefined;
    // With the reading before it purged, what the next one counted is unknown: adding to it would count twice.
    if (next && before === undefined && series.purged > 0) return 0;
    if (next) {
      const delta = changeOf(series.kind, value, next.value) - changeOf(series.kind, before, next.value);
      for (const [index, level] of LEVELS.entries()) {
        this.#corrections[index]?.run(delta, series.id, level.start(next.time, this.#days));
      }
    }
    return changeOf(series.kind, before, value);
  }
}

const addNullable = (a: number | null, b: number | null) => (b === null ? a : (a ?? 0) + b);

/**
 * Makes the days anew from the five minutes kept: the time zone has changed, and with it where days begin. Days whose
 * five minutes are gone stay as they were cut.
 */
export function rebuildDays(database: Database, days: Days): void {
  const series = database
    .prepare<[], { id: number; first: number; last: number; oldest_day: number }>(`
      SELECT series AS id, min(time) AS first, max(time) AS last,
        (SELECT min(time) FROM days WHERE days.series = five_minutes.series) AS oldest_day
      FROM five_minutes GROUP BY series`)
    .all();
  if (series.length === 0) return;
  const remove = database.prepare('DELETE FROM days WHERE series = ? AND time >= ?');
  const merge = database.prepare(`
    INSERT INTO days SELECT series, ?, sum(count), min(min), max(max), sum(sum), sum(sine), sum(cosine), sum(change)
    FROM five_minutes WHERE series = ? AND time >= ? AND time < ? GROUP BY series`);
  const date = database.prepare('INSERT OR IGNORE INTO dates VALUES (?, ?)');
  const last = Math.max(...series.map((one) => one.last));
  const starts: number[] = [];
  for (let start = days.start(Math.min(...series.map((one) => one.first))); start <= last; start = days.next(start)) {
    starts.push(start);
    date.run(start, days.date(start));
  }
  for (const { id, first, last, oldest_day } of series) {
    // Where there are days from before the first five minutes, the first day's own may be purged in part.
    const hasOlder = oldest_day < first - LONGEST_DAY;
    const begin = hasOlder ? days.next(first) : days.start(first);
    remove.run(id, hasOlder ? begin : oldest_day);
    for (const start of starts) if (start >= begin && start <= last) merge.run(start, id, start, days.next(start));
  }
}
