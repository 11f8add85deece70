import type { Database, Statement } from 'better-sqlite3';
import { matches } from '../broker/topics.ts';
import { HubError } from '../support/errors.ts';
import type { HistoryQuery, RecordedEvent, SeriesInfo } from './contract.ts';
import type { Days } from './days.ts';
import { LEVELS, type Level, MAX, MEAN, MIN, VALUE } from './schema.ts';
import type { Registry, Series } from './series.ts';

const DEFAULT_POINTS = 1000;
const MAX_POINTS = 50_000;
const DEFAULT_EVENTS = 1000;
const MAX_TEXTS = 1000;
/** On disk, measured: a row of `raw` and of a roll-up. */
const RAW_BYTES = 20;
const ROLL_UP_BYTES = 55;
/** Lengths of the buckets of LEVELS, for the estimate of their number. */
const BUCKET_LENGTHS = [300_000, 3_600_000, 86_400_000];

/** A history with its points laid flat (time, min, mean, max; NaN for none): cheap to pass between threads. */
export interface FlatHistory {
  readonly series: string;
  readonly unit: string | null;
  readonly resolution: 'raw' | Level['resolution'];
  readonly points: Float64Array;
  readonly texts: readonly (readonly [time: number, text: string])[];
}

/** Raw readings or one level of roll-ups, with its statements. */
interface Source {
  readonly resolution: FlatHistory['resolution'];
  start(time: number, days: Days): number;
  /** How many points from start to end, counted up to a limit. */
  readonly count: Statement<[number, number, number, number], number>;
  readonly first: Statement<[number], number | null>;
  readonly points: Statement<[number, number, number], [number, number | null, number, number | null]>;
}

/** Answers questions about what is committed. */
export class Queries {
  readonly #database: Database;
  readonly #registry: Registry;
  readonly #days: Days;
  readonly #sources: readonly Source[];
  readonly #texts: Statement<[number, number, number, number], [number, string]>;
  readonly #textSpan: Statement<[number], [count: number, first: number | null]>;
  readonly #rawBefore: Statement<[number, number], number>;
  readonly #countFrom: Statement<[number, number], number | null>;

  constructor(database: Database, registry: Registry, days: Days) {
    this.#database = database;
    this.#registry = registry;
    this.#days = days;
    const source = (
      resolution: Source['resolution'],
      start: Source['start'],
      table: string,
      columns: string,
    ): Source => ({
      resolution,
      start,
      count: database
        .prepare<[number, number, number, number], number>(
          `SELECT count(*) FROM (SELECT 1 FROM ${table} WHERE series = ? AND time BETWEEN ? AND ? LIMIT ?)`,
        )
        .pluck(),
      first: database.prepare<[number], number | null>(`SELECT min(time) FROM ${table} WHERE series = ?`).pluck(),
      points: database
        .prepare<[number, number, number], [number, number | null, number, number | null]>(
          `SELECT time, ${columns} FROM ${table} WHERE series = ? AND time BETWEEN ? AND ? ORDER BY time`,
        )
        .raw(),
    });
    this.#sources = [
      source('raw', (time) => time, 'raw', `NULL, ${VALUE}, NULL`),
      ...LEVELS.map((level) => source(level.resolution, level.start, level.table, `${MIN}, ${MEAN}, ${MAX}`)),
    ];
    this.#texts = database
      .prepare<[number, number, number, number], [number, string]>(
        'SELECT time, value FROM texts WHERE series = ? AND time BETWEEN ? AND ? ORDER BY time LIMIT ?',
      )
      .raw();
    this.#textSpan = database
      .prepare<[number], [number, number | null]>('SELECT count(*), min(time) FROM texts WHERE series = ?')
      .raw();
    this.#rawBefore = database
      .prepare<[number, number], number>('SELECT count(*) FROM raw WHERE series = ? AND time < ?')
      .pluck();
    this.#countFrom = database
      .prepare<[number, number], number | null>('SELECT sum(count) FROM days WHERE series = ? AND time >= ?')
      .pluck();
  }

  /** The finest resolution that is complete over the time asked for and has no more points than asked for. */
  history(query: HistoryQuery): FlatHistory {
    const series = this.#registry.get(query.series);
    if (!series) throw new HubError('series_unknown', `no series "${query.series}" is recorded`);
    const from = Math.max(0, query.from);
    const limit = Math.min(Math.max(1, query.points ?? DEFAULT_POINTS), MAX_POINTS);
    const source = this.#sources.find((one, index) => this.#suits(one, index, series, from, query.to, limit));
    // Only a history of more days than points gets here: all of its days, then.
    const chosen = source ?? (this.#sources.at(-1) as Source);
    const start = chosen.start(from, this.#days);
    return {
      series: series.name,
      unit: series.unit,
      resolution: chosen.resolution,
      points: this.#read(chosen, series, start, query.to),
      texts: this.#texts.all(series.id, from, query.to, MAX_TEXTS),
    };
  }

  series(): SeriesInfo[] {
    const all = [...this.#registry.all].filter((series) => series.saved);
    return all.map((series) => {
      const firsts = this.#sources.map(({ first }) => first.get(series.id) ?? null);
      const readings = this.#rawCount(series, firsts[0] ?? null);
      const [texts, firstText] = this.#textSpan.get(series.id) ?? [0, null];
      return {
        series: series.name,
        ...(series.unit === null ? {} : { unit: series.unit }),
        first: Math.min(this.#first(firsts), firstText ?? Number.POSITIVE_INFINITY),
        last: series.newest,
        count: readings + texts,
        bytes: (readings + texts) * RAW_BYTES + rollUpBytes(series, firsts.slice(1), readings),
      };
    });
  }

  /** Newest first. */
  events({
    from = 0,
    to = Number.MAX_SAFE_INTEGER,
    filter = '#',
    limit = DEFAULT_EVENTS,
  }: {
    from?: number;
    to?: number;
    filter?: string;
    limit?: number;
  }): RecordedEvent[] {
    const found: RecordedEvent[] = [];
    const rows = this.#database.prepare<[number, number], RecordedEvent>(
      'SELECT time, topic, payload FROM events WHERE time BETWEEN ? AND ? ORDER BY time DESC, id DESC',
    );
    for (const event of rows.iterate(from, to)) {
      if (found.length >= limit) break;
      if (matches(filter, event.topic)) found.push(event);
    }
    return found;
  }

  /** The oldest reading still told of: a bucket's start counts only where its readings are gone. */
  #first(firsts: readonly (number | null)[]): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const [index, first] of firsts.entries()) {
      if (first === null) continue;
      const source = this.#sources[index];
      if (!source || oldest === Number.POSITIVE_INFINITY || first < source.start(oldest, this.#days)) oldest = first;
    }
    return oldest;
  }

  #suits(source: Source, index: number, series: Series, from: number, to: number, limit: number): boolean {
    const first = source.first.get(series.id) ?? Number.POSITIVE_INFINITY;
    const isPurged = this.#sources.slice(index + 1).some((coarser) => {
      const end = Math.min(to, first === Number.POSITIVE_INFINITY ? to : coarser.start(first, this.#days) - 1);
      return (coarser.count.get(series.id, coarser.start(from, this.#days), end, 1) ?? 0) > 0;
    });
    if (isPurged) return false;
    return (source.count.get(series.id, source.start(from, this.#days), to, limit + 1) ?? 0) <= limit;
  }

  #read(source: Source, series: Series, from: number, to: number): Float64Array {
    const isRaw = source.resolution === 'raw';
    const rows = source.points.all(series.id, from, to);
    const points = new Float64Array(rows.length * 4);
    for (const [index, [time, min, mean, max]] of rows.entries()) {
      points.set([time, isRaw ? mean : (min ?? Number.NaN), mean, isRaw ? mean : (max ?? Number.NaN)], index * 4);
    }
    return points;
  }

  /** Counted where the first day is cut, then summed up from the days: a count over millions of rows takes seconds. */
  #rawCount(series: Series, first: number | null): number {
    if (first === null) return 0;
    const next = this.#days.next(first);
    return (this.#rawBefore.get(series.id, next) ?? 0) + (this.#countFrom.get(series.id, next) ?? 0);
  }
}

/** A bucket that was never filled has no row, so there are no more rows than readings. */
function rollUpBytes(series: Series, firsts: readonly (number | null)[], readings: number): number {
  let rows = 0;
  for (const [level, first] of firsts.entries()) {
    if (first === null) continue;
    const span = Math.ceil((series.newest + 1 - first) / (BUCKET_LENGTHS[level] ?? 1));
    rows += level === 0 && readings > 0 ? Math.min(span, readings) : span;
  }
  return rows * ROLL_UP_BYTES;
}
