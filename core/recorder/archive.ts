import type { Database } from 'better-sqlite3';
import { errorText, HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import type { HistoryQuery, RecordedEvent, SeriesInfo } from './contract.ts';
import { isCorrupt, isFull, moveAside, openDatabase } from './database.ts';
import { createDays, type Days } from './days.ts';
import type { Extracted } from './extract.ts';
import type { ArchiveStats, EventsQuery, Settings } from './protocol.ts';
import { type FlatHistory, Queries } from './queries.ts';
import { Retention } from './retention.ts';
import { rebuildDays } from './rollups.ts';
import { type Pending, Registry } from './series.ts';
import { Writer } from './writer.ts';

/** Readings that wait in memory while nothing can be written; ten hours at five a second. */
const MAX_WAITING = 200_000;
/** The same for events, which may be long. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
/** A transaction of this much takes about 0.1 s; larger ones would keep questions waiting. */
const BATCH_READINGS = 20_000;
const BATCH_EVENT_BYTES = 2 * 1024 * 1024;

interface Open {
  readonly database: Database;
  readonly writer: Writer;
  readonly queries: Queries;
  readonly retention: Retention;
}

/**
 * recorder.db with what waits to be written to it. Readings are taken at any time; `commit` writes them, and where it
 * cannot they are kept for the next one. A file found damaged is moved aside, whoever finds it.
 */
export class Archive {
  readonly #file: string;
  readonly #log: Logger;
  readonly #maxWaiting: number;
  readonly #registry: Registry;
  #settings: Settings;
  #open: Open;
  #readings: Pending[] = [];
  #events: RecordedEvent[] = [];
  #eventBytes = 0;
  #written = 0;
  #lost = 0;
  #problem: string | undefined;

  constructor(file: string, settings: Settings, log: Logger, maxWaiting = MAX_WAITING) {
    this.#file = file;
    this.#log = log;
    this.#maxWaiting = maxWaiting;
    this.#settings = settings;
    this.#registry = new Registry(settings.recorder, (name) => this.#warnRefused(name));
    this.#open = this.#openFile();
  }

  get waiting(): number {
    return this.#readings.length + this.#events.length;
  }

  take({ readings, events }: Extracted): void {
    for (const reading of readings) {
      const pending = this.#registry.admit(reading);
      if (pending) this.#readings.push(pending);
    }
    for (const event of events) {
      if (this.#registry.isExcluded(event.topic)) continue;
      this.#events.push(event);
      this.#eventBytes += sizeOf(event);
    }
    if (this.#readings.length > this.#maxWaiting || this.#eventBytes > MAX_EVENT_BYTES) this.#dropOldest();
  }

  /** Does enough wait for a commit before its time? */
  get isFull(): boolean {
    return this.#readings.length >= BATCH_READINGS || this.#eventBytes >= BATCH_EVENT_BYTES;
  }

  /** Writes what waits. @throws HubError `recorder_blocked` where that was not possible; then all of it still waits */
  commit(): void {
    if (this.waiting === 0) return;
    try {
      this.#use(({ writer }) => writer.commit(this.#readings, this.#events));
    } catch (error) {
      this.#block(error);
      throw new HubError('recorder_blocked', `recorder.db cannot be written: ${this.#problem}`, { cause: error });
    }
    this.#unblock();
    this.#written += this.#readings.length;
    this.#readings = [];
    this.#events = [];
    this.#eventBytes = 0;
    this.#use(({ retention }) => retention.enforceCap(this.#settings.recorder));
  }

  history(query: HistoryQuery): FlatHistory {
    return this.#use(({ queries }) => queries.history(query));
  }

  series(): readonly SeriesInfo[] {
    return this.#use(({ queries }) => queries.series());
  }

  events(query: EventsQuery): readonly RecordedEvent[] {
    return this.#use(({ queries }) => queries.events(query));
  }

  configure(settings: Settings): void {
    const zoneChanged = settings.timezone !== this.#settings.timezone;
    this.#settings = settings;
    this.#registry.configure(settings.recorder);
    if (zoneChanged) this.#open = this.#attach(this.#open.database);
  }

  /** Deletes what `retention`, `event_days` and `max_bytes` say. */
  maintain(now = Date.now()): void {
    this.#use(({ retention }) => {
      retention.purge(this.#settings.recorder, now);
      retention.enforceCap(this.#settings.recorder);
    });
  }

  /** Could the last commit not write? */
  get isBlocked(): boolean {
    return this.#problem !== undefined;
  }

  stats(): ArchiveStats {
    return {
      series: this.#registry.size,
      waiting: this.waiting,
      written: this.#written,
      bytes: this.#open.retention.fileBytes(),
      refused: this.#registry.refused,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  close(): void {
    this.#open.database.close();
  }

  #use<T>(work: (open: Open) => T): T {
    try {
      return work(this.#open);
    } catch (error) {
      this.#setAside(error, this.#open.database);
      this.#open = this.#openNow();
      return work(this.#open);
    }
  }

  #openFile(): Open {
    try {
      return this.#openNow();
    } catch (error) {
      this.#setAside(error);
      return this.#openNow();
    }
  }

  #openNow(): Open {
    const database = openDatabase(this.#file, this.#log);
    try {
      this.#registry.load(database);
      return this.#attach(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Yesterday's history in a side file is worth less than today's readings. Errors of other kinds are thrown on. */
  #setAside(error: unknown, database?: Database): void {
    if (!isCorrupt(error)) throw error;
    database?.close();
    moveAside(this.#file, 'corrupt', errorText(error), this.#log);
  }

  #attach(database: Database): Open {
    const days = createDays(this.#settings.timezone);
    this.#keepZone(database, days);
    return {
      database,
      writer: new Writer(database, days),
      queries: new Queries(database, this.#registry, days),
      retention: new Retention(database, this.#registry),
    };
  }

  /** Days begin where the time zone says: after a change they are cut anew. */
  #keepZone(database: Database, days: Days): void {
    const zone = this.#settings.timezone;
    const before = database.prepare<[], string>("SELECT value FROM meta WHERE key = 'timezone'").pluck().get();
    if (before === zone) return;
    if (before !== undefined) this.#log.info(`recorder: days now begin as in ${zone}, before as in ${before}`);
    database.transaction(() => {
      rebuildDays(database, days);
      database.prepare("INSERT OR REPLACE INTO meta VALUES ('timezone', ?)").run(zone);
    })();
  }

  #block(error: unknown): void {
    const problem = isFull(error) ? 'disk full' : errorText(error);
    if (problem !== this.#problem) {
      this.#log.error(`recorder: cannot write ${this.#file}: ${problem}; ${this.waiting} readings and events wait`);
    }
    this.#problem = problem;
  }

  #unblock(): void {
    if (this.#problem === undefined) return;
    this.#log.info(`recorder: writes again, ${this.waiting} that waited are kept, ${this.#lost} were lost`);
    this.#problem = undefined;
    this.#lost = 0;
  }

  /** Drops a tenth at once: one by one would move the whole queue for each. */
  #dropOldest(): void {
    const before = this.waiting;
    if (this.#readings.length > this.#maxWaiting) this.#readings = this.#readings.slice(-this.#maxWaiting * 0.9);
    if (this.#eventBytes > MAX_EVENT_BYTES) this.#events = this.#events.slice(this.#events.length * 0.1 + 1);
    this.#eventBytes = this.#events.reduce((sum, event) => sum + sizeOf(event), 0);
    this.#lost += before - this.waiting;
  }

  /** The first name, then one line for every tenfold: a flood of new topics must not flood the log too. */
  #warnRefused(name: string): void {
    const count = this.#registry.refused;
    if (!/^10*$/.test(String(count))) return;
    const { max_series } = this.#settings.recorder;
    this.#log.warn(
      `recorder: series_cap: "${name}" is not recorded, ${max_series} series are (recorder.max_series); refused: ${count}`,
    );
  }
}

const sizeOf = ({ topic, payload }: RecordedEvent) => topic.length + payload.length;
