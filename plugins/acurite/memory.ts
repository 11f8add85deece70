import type { Store } from 'cupboard/sdk';
import type { Rain } from './rain.ts';

export const MIGRATIONS = [
  `CREATE TABLE rain (
     source TEXT PRIMARY KEY,
     tips INTEGER NOT NULL,
     count INTEGER NOT NULL,
     sensor_id INTEGER NOT NULL,
     time INTEGER NOT NULL,
     fresh INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE report (
     id INTEGER PRIMARY KEY,
     time INTEGER NOT NULL,
     source TEXT NOT NULL,
     bytes BLOB NOT NULL
   ) STRICT;
   CREATE INDEX report_time ON report (source, time);`,
];

/** Raw reports waiting for the next commit; a commit for each would wear out an SD card. */
const MAX_PENDING = 500;

/** A simulator's or a replay's rain and reports never mix with those of the real console. */
export type SourceKind = 'console' | 'replay' | 'simulator';

export interface RawReport {
  /** Epoch ms. */
  readonly time: number;
  readonly bytes: Uint8Array;
}

/** The time of a baseline only widens what the next step may be. */
const SAVE_TIME_MS = 600_000;

function isAsSaved(rain: Rain, saved: Rain): boolean {
  const [a, b] = [rain.baseline, saved.baseline];
  const isSameCount = a.count === b.count && a.sensorId === b.sensorId && rain.tips === saved.tips;
  return isSameCount && rain.fresh === saved.fresh && Math.abs(a.time - b.time) < SAVE_TIME_MS;
}

interface RainRow {
  readonly tips: number;
  readonly count: number;
  readonly sensor_id: number;
  readonly time: number;
  readonly fresh: number;
}

/** What the plugin remembers across restarts. */
export class Memory {
  readonly #store: Store;
  readonly #source: SourceKind;
  #pending: RawReport[] = [];
  #saved: Rain | undefined;

  constructor(store: Store, source: SourceKind) {
    this.#store = store;
    this.#source = source;
  }

  rain(): Rain | undefined {
    const row = this.#store
      .prepare<[string], RainRow>('SELECT tips, count, sensor_id, time, fresh FROM rain WHERE source = ?')
      .get(this.#source);
    if (!row) return undefined;
    const baseline = { count: row.count, sensorId: row.sensor_id, time: row.time };
    return { tips: row.tips, baseline, fresh: row.fresh === 1 };
  }

  /**
   * Durable when it returns, where the count moved; a dry day costs a commit every ten minutes. A doubtful counter is
   * not kept: after a restart it is simply doubted again.
   */
  saveRain(rain: Rain): void {
    if (this.#saved && isAsSaved(rain, this.#saved)) return;
    this.#saved = rain;
    const { tips, baseline, fresh } = rain;
    this.#store
      .prepare('INSERT OR REPLACE INTO rain (source, tips, count, sensor_id, time, fresh) VALUES (?, ?, ?, ?, ?, ?)')
      .run(this.#source, tips, baseline.count, baseline.sensorId, baseline.time, fresh ? 1 : 0);
  }

  keep(report: RawReport): void {
    this.#pending.push(report);
    if (this.#pending.length >= MAX_PENDING) this.flush();
  }

  flush(): void {
    const insert = this.#store.prepare('INSERT INTO report (time, source, bytes) VALUES (?, ?, ?)');
    this.#store.transaction((reports: readonly RawReport[]) => {
      for (const { time, bytes } of reports) insert.run(time, this.#source, Buffer.from(bytes));
    })(this.#pending);
    this.#pending = [];
  }

  /** Forgets what is older than `days` before the newest report, as replayed reports may be years old. */
  prune(days: number): void {
    this.#store
      .prepare(
        `DELETE FROM report WHERE source = $source
           AND time < (SELECT max(time) FROM report WHERE source = $source) - $days * 86400000`,
      )
      .run({ source: this.#source, days });
  }

  /** In the order they came, a page at a time: a query left open would block every write. */
  *reports(from: number, to: number): Generator<RawReport> {
    this.flush();
    const page = this.#store.prepare<[string, number, number, number], RawReport & { id: number }>(
      `SELECT id, time, bytes FROM report
       WHERE source = ? AND time BETWEEN ? AND ? AND id > ? ORDER BY id LIMIT 1000`,
    );
    for (let last = 0; ; ) {
      const rows = page.all(this.#source, from, to, last);
      yield* rows;
      const final = rows.at(-1);
      if (!final) return;
      last = final.id;
    }
  }

  /** When the last report kept was read, epoch ms. */
  lastTime(): number | undefined {
    return this.latest(1)[0]?.time;
  }

  /** Newest first. */
  latest(limit: number): RawReport[] {
    this.flush();
    return this.#store
      .prepare<[string, number], RawReport>('SELECT time, bytes FROM report WHERE source = ? ORDER BY id DESC LIMIT ?')
      .all(this.#source, limit);
  }
}
