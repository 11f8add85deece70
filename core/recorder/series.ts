import type { Database } from 'better-sqlite3';
import { matches } from '../broker/topics.ts';
import type { RecorderConfig } from '../config/contract.ts';
import type { Sensor } from '../sdk/contract.ts';
import type { Reading } from './extract.ts';

/** How readings add up: directions go round, totals are told by how far they moved. */
export type SeriesKind = 'plain' | 'circular' | 'total' | 'total_increasing';

export interface Series {
  readonly id: number;
  readonly name: string;
  kind: SeriesKind;
  unit: string | null;
  /** Raw readings before this time were deleted. */
  purged: number;
  /** Time of the newest reading, committed or not. */
  newest: number;
  /** The newest string; strings are kept only where they change. */
  text: string | undefined;
  /** Is its row in the database as it is here. */
  saved: boolean;
}

/** A reading on its way into the database. */
export interface Pending {
  readonly series: Series;
  readonly time: number;
  readonly value: number | string;
}

type Retention = RecorderConfig['retention'][number];
type Settings = Pick<RecorderConfig, 'exclude' | 'retention' | 'max_series'>;

/** Readings that come faster than one a millisecond are spread over the following ones, up to this far ahead. */
const MAX_SPREAD = 10_000;
/** Names remembered as excluded or refused: who sends on ever new topics must not fill the memory. */
const MAX_REMEMBERED = 10_000;

function kindOf(sensor: Sensor | undefined): SeriesKind {
  if (sensor?.unit === '°') return 'circular';
  if (sensor?.state_class === 'total' || sensor?.state_class === 'total_increasing') return sensor.state_class;
  return 'plain';
}

/** The series known, by name, and what is let in: one row of memory for each. */
export class Registry {
  readonly #byName = new Map<string, Series>();
  readonly #excluded = new Map<string, boolean>();
  readonly #refused = new Set<string>();
  readonly #onRefused: (name: string) => void;
  #settings: Settings;
  #lastId = 0;

  constructor(settings: Settings, onRefused: (name: string) => void) {
    this.#settings = settings;
    this.#onRefused = onRefused;
  }

  /** Reads the series of a database just opened. Those met before the old file broke are to be saved anew. */
  load(database: Database): void {
    for (const series of this.#byName.values()) {
      series.saved = false;
      series.purged = 0;
    }
    const rows = database.prepare<[], Omit<Series, 'newest' | 'text' | 'saved'>>('SELECT * FROM series').all();
    const newestOf = (table: string) =>
      database.prepare<[number], number | null>(`SELECT max(time) FROM ${table} WHERE series = ?`).pluck();
    const newestRaw = newestOf('raw');
    const newestText = newestOf('texts');
    const text = database
      .prepare<[number], string>('SELECT value FROM texts WHERE series = ? ORDER BY time DESC LIMIT 1')
      .pluck();
    for (const row of rows) {
      const newest = Math.max(newestRaw.get(row.id) ?? 0, newestText.get(row.id) ?? 0);
      this.#byName.set(row.name, { ...row, newest, text: text.get(row.id), saved: true });
      this.#lastId = Math.max(this.#lastId, row.id);
    }
  }

  configure(settings: Settings): void {
    this.#settings = settings;
    this.#excluded.clear();
    this.#refused.clear();
  }

  get all(): Iterable<Series> {
    return this.#byName.values();
  }
  get size(): number {
    return this.#byName.size;
  }
  /** Series turned away because of the cap. */
  get refused(): number {
    return this.#refused.size;
  }

  get(name: string): Series | undefined {
    return this.#byName.get(name);
  }

  /** What is to be stored of a reading: nothing where it is excluded, over the cap, or says nothing new. */
  admit(reading: Reading): Pending | undefined {
    if (this.isExcluded(reading.series) || this.isExcluded(reading.topic)) return undefined;
    const series = this.#byName.get(reading.series) ?? this.#create(reading.series);
    if (!series) return undefined;
    this.#describe(series, reading.sensor);
    // A retained state is what the device said last: either it is known already or it was missed while down.
    if (reading.retained && reading.time <= series.newest) return undefined;
    if (typeof reading.value === 'string') {
      if (reading.value === series.text) return undefined;
      if (reading.time >= series.newest) series.text = reading.value;
    }
    const time = reading.timed ? reading.time : spread(reading.time, series.newest);
    series.newest = Math.max(series.newest, time);
    return { series, time, value: reading.value };
  }

  isExcluded(name: string): boolean {
    if (this.#settings.exclude.length === 0) return false;
    let excluded = this.#excluded.get(name);
    if (excluded === undefined) {
      if (this.#excluded.size >= MAX_REMEMBERED) this.#excluded.clear();
      excluded = this.#settings.exclude.some((filter) => matches(filter, name));
      this.#excluded.set(name, excluded);
    }
    return excluded;
  }

  /** How long the series is kept: the first filter that matches decides, none means for ever. */
  retentionOf(series: Series): Retention | undefined {
    return this.#settings.retention.find(({ filter }) => matches(filter, series.name));
  }

  #create(name: string): Series | undefined {
    if (this.#byName.size >= this.#settings.max_series) {
      if (!this.#refused.has(name) && this.#refused.size < MAX_REMEMBERED) {
        this.#refused.add(name);
        this.#onRefused(name);
      }
      return undefined;
    }
    this.#lastId += 1;
    const series: Series = {
      id: this.#lastId,
      name,
      kind: 'plain',
      unit: null,
      purged: 0,
      newest: 0,
      text: undefined,
      saved: false,
    };
    this.#byName.set(name, series);
    return series;
  }

  #describe(series: Series, sensor: Sensor | undefined): void {
    if (!sensor) return;
    const kind = kindOf(sensor);
    const unit = sensor.unit ?? null;
    if (series.kind === kind && series.unit === unit) return;
    series.kind = kind;
    series.unit = unit;
    series.saved = false;
  }
}

/**
 * The time of a reading that carries none: that of its arrival, or the millisecond after the last one where that is
 * taken. When the clock was put back, `newest` lies ahead for long: then the clock is believed.
 */
function spread(arrival: number, newest: number): number {
  return arrival > newest || newest - arrival >= MAX_SPREAD ? arrival : newest + 1;
}
