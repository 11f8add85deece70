import type { Statement } from 'better-sqlite3';
import type { Store } from 'cupboard/sdk';
import type { Calendar } from './calendar.ts';
import { INPUTS, type Input } from './fields.ts';
import { dewPoint } from './formulas.ts';
import { rainSteps } from './rain.ts';
import type { Station } from './station.ts';
import { windAverage, windGust } from './wind.ts';

export const MINUTE = 60_000;

/** The measured columns of an archive row; units as in `weather/current`, `rain` in mm fallen in the interval. */
export const ARCHIVE_FIELDS = [
  'temperature',
  'humidity',
  'dew_point',
  'wind_speed',
  'wind_direction',
  'wind_gust',
  'wind_gust_direction',
  'pressure_station',
  'pressure_sea_level',
  'rain',
  'rain_rate',
  'indoor_temperature',
  'indoor_humidity',
] as const;
export type ArchiveField = (typeof ARCHIVE_FIELDS)[number];

export interface ArchiveRow extends Record<ArchiveField, number | null> {
  /** Epoch ms of the end of the interval. */
  readonly time: number;
  /** Minutes. */
  readonly interval: number;
  readonly source: 'station' | 'weewx';
  readonly simulated: 0 | 1;
  readonly flagged: string | null;
  readonly extra: string | null;
}

/** The end of the minute that a reading belongs to: (end - 1 min, end]. */
export const minuteEnd = (time: number): number => Math.ceil(time / MINUTE) * MINUTE;

/** The archive row of the minute that ends at `end`, made from the readings in it; undefined where there are none. */
export function minuteRow(station: Station, end: number, simulated: boolean): ArchiveRow | undefined {
  const from = end - MINUTE;
  const window = { to: end, length: MINUTE };
  const mean = (input: Input) =>
    average(
      station
        .samples(input)
        .between(from, end)
        .map((sample) => sample.value),
    );
  const flagged = INPUTS.filter((input) => station.hasFlagged(input, from, end));
  const measured = INPUTS.some((input) => station.samples(input).between(from, end).length > 0);
  if (!measured && flagged.length === 0) return undefined;

  const [speeds, directions] = [station.samples('wind_speed'), station.samples('wind_direction')];
  const wind = windAverage(speeds, directions, window);
  const gust = windGust(speeds, directions, window);
  const temperature = mean('temperature');
  const humidity = mean('humidity');
  const totals = station.samples('rain_total');
  const hasRain = totals.between(from, end).length > 0;
  const view = station.view(end);
  return {
    time: end,
    interval: 1,
    source: 'station',
    simulated: simulated ? 1 : 0,
    temperature,
    humidity,
    dew_point: temperature === null || humidity === null ? null : dewPoint(temperature, humidity),
    wind_speed: wind?.speed ?? null,
    wind_direction: wind?.direction ?? null,
    wind_gust: gust?.speed ?? null,
    wind_gust_direction: gust?.direction ?? null,
    pressure_station: mean('pressure_station'),
    pressure_sea_level: mean('pressure_station') === null ? null : (view.seaLevel() ?? null),
    rain: hasRain
      ? rainSteps(totals, from, end, station.options.calibrator.rainGain).reduce((sum, step) => sum + step.mm, 0)
      : null,
    rain_rate: hasRain ? view.rainRate() : null,
    indoor_temperature: mean('indoor_temperature'),
    indoor_humidity: mean('indoor_humidity'),
    flagged: flagged.length > 0 ? flagged.join(',') : null,
    extra: null,
  };
}

const average = (values: readonly number[]) =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const COLUMNS = ['time', 'interval', 'source', 'simulated', ...ARCHIVE_FIELDS, 'flagged', 'extra'] as const;
const INSERT = `INTO archive (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map((column) => `:${column}`).join(', ')})`;

/** Minute rows and imported records on disk. Every change marks its local day for a new summary. */
export class Archive {
  readonly #store: Store;
  readonly #calendar: Calendar;
  readonly #replace: Statement<[ArchiveRow]>;
  readonly #add: Statement<[ArchiveRow]>;
  readonly #ownRow: Statement<[number, number]>;
  readonly #mark: Statement<[string]>;

  constructor(store: Store, calendar: Calendar) {
    this.#store = store;
    this.#calendar = calendar;
    this.#replace = store.prepare(`INSERT OR REPLACE ${INSERT}`);
    this.#add = store.prepare(`INSERT OR IGNORE ${INSERT}`);
    this.#ownRow = store.prepare("SELECT 1 FROM archive WHERE time > ? AND time <= ? AND source = 'station' LIMIT 1");
    this.#mark = store.prepare('INSERT OR IGNORE INTO dirty_day VALUES (?)');
  }

  /** Writes a row of the station's own; one of the same time is replaced, for readings that came late. */
  put(row: ArchiveRow): void {
    this.#store.transaction(() => {
      this.#replace.run(row);
      this.#markDay(row.time);
    })();
  }

  /**
   * Adds records of another program, all or none. A record whose time is there already, or whose interval holds rows
   * of the station itself, is left out: nothing is counted twice, and a repeated import changes nothing.
   * @returns how many were new
   */
  merge(rows: readonly ArchiveRow[]): number {
    return this.#store.transaction(() => {
      let added = 0;
      for (const row of rows) {
        if (this.#ownRow.get(row.time - row.interval * MINUTE, row.time)) continue;
        if (this.#add.run(row).changes === 0) continue;
        this.#markDay(row.time);
        added += 1;
      }
      return added;
    })();
  }

  /** Rows in (from, to], oldest first. */
  rows(from: number, to: number): ArchiveRow[] {
    return this.#store
      .prepare<[number, number], ArchiveRow>('SELECT * FROM archive WHERE time > ? AND time <= ? ORDER BY time')
      .all(from, to);
  }

  /** Times of the first and the last row. */
  extent(): { first: number; last: number } | undefined {
    const select = 'SELECT min(time) AS first, max(time) AS last FROM archive HAVING count(*) > 0';
    return this.#store.prepare<[], { first: number; last: number }>(select).get();
  }

  #markDay(time: number): void {
    this.#mark.run(this.#calendar.dayEndingAt(time).date);
  }
}
