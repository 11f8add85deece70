import type { Database, Statement } from 'better-sqlite3';
import type { RecorderConfig } from '../config/contract.ts';
import type { Registry, Series } from './series.ts';

const DAY = 86_400_000;
/** Once over the cap, the oldest go until the file is this much below it: not every commit has to delete. */
const CAP_SLACK = 0.05;
/** A pass over the cap deletes this share of the time kept, and looks again. */
const CAP_STEPS = 64;
/** Free pages are used again by themselves; only a file this empty is worth moving pages for. */
const VACUUM_SHARE = 0.25;

type Settings = Pick<RecorderConfig, 'event_days' | 'max_bytes'>;

/** What is kept by series and time: which setting limits it, and how much of the newest is never deleted. */
const TABLES = [
  // The newest reading stays: a total's next change is measured from it, a string's next change told by it.
  { table: 'raw', days: 'raw_days', untouched: 0 },
  { table: 'texts', days: 'raw_days', untouched: 0 },
  // Buckets that may still be filled.
  { table: 'five_minutes', days: 'five_minute_days', untouched: DAY },
  { table: 'hours', days: 'hour_days', untouched: DAY },
  { table: 'days', days: 'day_days', untouched: 2 * DAY },
] as const;

/** One of TABLES with its statements. */
interface Kept {
  readonly table: (typeof TABLES)[number]['table'];
  readonly days: (typeof TABLES)[number]['days'];
  readonly untouched: number;
  readonly oldest: Statement<[number], number | null>;
  readonly remove: Statement<[number, number]>;
}

/** Deletes what is older than asked for, and the oldest where the file is larger than allowed. */
export class Retention {
  readonly #database: Database;
  readonly #registry: Registry;
  readonly #kept: readonly Kept[];
  readonly #savePurged: Statement<[number, number]>;

  constructor(database: Database, registry: Registry) {
    this.#database = database;
    this.#registry = registry;
    this.#kept = TABLES.map((kind) => ({
      ...kind,
      oldest: database.prepare<[number], number | null>(`SELECT min(time) FROM ${kind.table} WHERE series = ?`).pluck(),
      remove: database.prepare(`DELETE FROM ${kind.table} WHERE series = ? AND time < ?`),
    }));
    this.#savePurged = database.prepare('UPDATE series SET purged = ? WHERE id = ?');
  }

  /**
   * Applies `recorder.retention` and `event_days`. Days count back from a series' newest reading, at most from now: a
   * sensor that fell silent keeps its last weeks.
   */
  purge(settings: Settings, now: number): void {
    // One transaction, one sync: series by series an SD card would be busy for seconds.
    this.#database.transaction(() => this.#removeOld(settings, now))();
    const free = this.#pragma('freelist_count');
    if (free > VACUUM_SHARE * this.#pragma('page_count')) this.#vacuum(free);
  }

  #removeOld(settings: Settings, now: number): void {
    const today = this.#steadyClock(now);
    for (const series of this.#registry.all) {
      const keep = this.#registry.retentionOf(series);
      if (!keep) continue;
      for (const kept of this.#kept) {
        const limit = keep[kept.days];
        if (limit !== null) this.#removeBefore(kept, series, Math.min(today, series.newest) - limit * DAY);
      }
    }
    this.#database.prepare('DELETE FROM events WHERE time < ?').run(today - settings.event_days * DAY);
  }

  /** Keeps the file within `max_bytes`: the oldest raw readings go first, then events, then the roll-ups. */
  enforceCap(settings: Settings): void {
    if (this.fileBytes() <= settings.max_bytes) return;
    const target = settings.max_bytes * (1 - CAP_SLACK);
    for (const kept of this.#kept) {
      let more = true;
      while (more && this.#usedBytes() > target) more = this.#database.transaction(() => this.#removeOldest(kept))();
      if (kept.table === 'texts') this.#removeOldestEvents(target);
    }
    const excess = Math.ceil((this.fileBytes() - settings.max_bytes) / this.#pragma('page_size'));
    if (excess > 0) this.#vacuum(excess);
  }

  fileBytes(): number {
    return this.#pragma('page_count') * this.#pragma('page_size');
  }

  #usedBytes(): number {
    return (this.#pragma('page_count') - this.#pragma('freelist_count')) * this.#pragma('page_size');
  }

  /** Answers how many rows went. */
  #removeBefore(kept: Kept, series: Series, time: number): number {
    const limit = Math.min(time, series.newest - kept.untouched);
    const { changes } = kept.remove.run(series.id, limit);
    if (changes > 0 && kept.table === 'raw') {
      series.purged = limit;
      this.#savePurged.run(limit, series.id);
    }
    return changes;
  }

  /** Deletes the oldest share of one table over all series; false when nothing is left that may go. */
  #removeOldest(kept: Kept): boolean {
    let oldest = Number.POSITIVE_INFINITY;
    let newest = 0;
    for (const series of this.#registry.all) {
      const first = kept.oldest.get(series.id) ?? null;
      const end = series.newest - kept.untouched;
      if (first === null || first >= end) continue;
      oldest = Math.min(oldest, first);
      newest = Math.max(newest, end);
    }
    const cut = oldest + Math.ceil((newest - oldest) / CAP_STEPS);
    let removed = 0;
    if (oldest < newest) for (const series of this.#registry.all) removed += this.#removeBefore(kept, series, cut);
    return removed > 0;
  }

  #removeOldestEvents(target: number): void {
    const range = this.#database.prepare<[], { oldest: number | null; newest: number }>(
      'SELECT min(time) AS oldest, max(time) AS newest FROM events',
    );
    const remove = this.#database.prepare('DELETE FROM events WHERE time < ?');
    while (this.#usedBytes() > target) {
      const { oldest = null, newest = 0 } = range.get() ?? {};
      if (oldest === null) return;
      remove.run(oldest + Math.ceil((newest - oldest) / CAP_STEPS) + 1);
    }
  }

  /**
   * Now, but at most a day later than at the last pass: a clock that jumps ahead by years for an hour must not delete
   * the history. Kept in the database, since a wrong clock is most likely right after a start.
   */
  #steadyClock(now: number): number {
    const last = this.#database.prepare<[], number>("SELECT value FROM meta WHERE key = 'purge_clock'").pluck().get();
    const today = Math.min(now, last === undefined ? now : last + DAY);
    this.#database.prepare("INSERT OR REPLACE INTO meta VALUES ('purge_clock', ?)").run(today);
    return today;
  }

  #vacuum(pages: number): void {
    this.#database.pragma(`incremental_vacuum(${pages})`);
  }

  #pragma(name: 'page_count' | 'page_size' | 'freelist_count'): number {
    return this.#database.pragma(name, { simple: true }) as number;
  }
}
