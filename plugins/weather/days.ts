import type { Store } from 'cupboard/sdk';
import type { Archive, ArchiveRow } from './archive.ts';
import type { Calendar } from './calendar.ts';
import { heatIndex, windChill } from './formulas.ts';

/** What is summarised of a day. East and north are the components the wind comes from, for its mean direction. */
export const DAY_FIELDS = [
  'temperature',
  'humidity',
  'dew_point',
  'heat_index',
  'wind_chill',
  'wind_speed',
  'wind_gust',
  'wind_east',
  'wind_north',
  'pressure_station',
  'pressure_sea_level',
  'rain',
  'rain_rate',
  'indoor_temperature',
  'indoor_humidity',
] as const;
export type DayField = (typeof DAY_FIELDS)[number];

export interface DayStat {
  readonly date: string;
  readonly field: DayField;
  readonly simulated: 0 | 1;
  readonly min: number;
  readonly min_time: number;
  readonly max: number;
  readonly max_time: number;
  readonly mean: number;
  readonly total: number;
  readonly minutes: number;
}

const RADIANS = Math.PI / 180;

function readField(field: DayField, row: ArchiveRow): number | null {
  const { temperature, humidity, wind_speed: wind, wind_direction: direction } = row;
  switch (field) {
    case 'heat_index':
      return temperature === null || humidity === null ? null : heatIndex(temperature, humidity);
    case 'wind_chill':
      return temperature === null || wind === null ? null : windChill(temperature, wind);
    case 'wind_east':
      return wind === null || direction === null ? null : wind * Math.sin(direction * RADIANS);
    case 'wind_north':
      return wind === null || direction === null ? null : wind * Math.cos(direction * RADIANS);
    default:
      return row[field];
  }
}

/**
 * Summarises the rows of one day. Simulated rows count only where there is nothing else, so that trying a replay
 * never becomes a record.
 */
export function summarizeDay(date: string, rows: readonly ArchiveRow[]): DayStat[] {
  const real = rows.filter((row) => !row.simulated);
  const counted = real.length > 0 ? real : rows;
  const simulated = real.length > 0 ? 0 : 1;
  return DAY_FIELDS.flatMap((field) => {
    const stat = summarize(field, counted);
    return stat ? [{ date, field, simulated, ...stat }] : [];
  });
}

function summarize(field: DayField, rows: readonly ArchiveRow[]) {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let min_time = 0;
  let max_time = 0;
  let total = 0;
  let weighted = 0;
  let minutes = 0;
  for (const row of rows) {
    const value = readField(field, row);
    if (value === null) continue;
    if (value < min) [min, min_time] = [value, row.time];
    if (value > max) [max, max_time] = [value, row.time];
    total += value;
    weighted += value * row.interval;
    minutes += row.interval;
  }
  return minutes === 0 ? undefined : { min, min_time, max, max_time, mean: weighted / minutes, total, minutes };
}

/** The summaries of local days, brought up to date with the archive when they are asked for. */
export class Days {
  readonly #store: Store;
  readonly #archive: Archive;
  readonly #calendar: Calendar;

  constructor(store: Store, archive: Archive, calendar: Calendar) {
    this.#store = store;
    this.#archive = archive;
    this.#calendar = calendar;
    this.#followTimezone();
  }

  /** Makes up to `limit` outdated summaries anew; answers how many wait still. */
  refresh(limit = Number.POSITIVE_INFINITY): number {
    const dirty = this.#store.prepare<[], string>('SELECT date FROM dirty_day ORDER BY date').pluck().all();
    const now = dirty.slice(0, limit);
    this.#store.transaction(() => {
      for (const date of now) this.#rebuild(date);
    })();
    return dirty.length - now.length;
  }

  /** Summaries of the dates from `first` to `last`, both included. */
  between(first: string, last: string): DayStat[] {
    this.refresh();
    return this.#store
      .prepare<[string, string], DayStat>('SELECT * FROM day_stat WHERE date >= ? AND date <= ? ORDER BY date')
      .all(first, last);
  }

  #rebuild(date: string): void {
    const { start, end } = this.#calendar.day(date);
    this.#store.prepare('DELETE FROM day_stat WHERE date = ?').run(date);
    const insert = this.#store.prepare(
      'INSERT INTO day_stat VALUES (:date, :field, :simulated, :min, :min_time, :max, :max_time, :mean, :total, :minutes)',
    );
    for (const stat of summarizeDay(date, this.#archive.rows(start, end))) insert.run(stat);
    this.#store.prepare('DELETE FROM dirty_day WHERE date = ?').run(date);
  }

  /** Another time zone cuts other days: all of them are made anew. */
  #followTimezone(): void {
    const { timezone } = this.#calendar;
    const known = this.#store.prepare("SELECT value FROM setting WHERE name = 'timezone'").pluck().get();
    if (known === timezone) return;
    this.#store.transaction(() => {
      this.#store.exec('DELETE FROM day_stat; DELETE FROM dirty_day;');
      const mark = this.#store.prepare('INSERT INTO dirty_day VALUES (?)');
      const extent = this.#archive.extent();
      if (extent) {
        const last = this.#calendar.dayEndingAt(extent.last).start;
        for (
          let day = this.#calendar.dayEndingAt(extent.first);
          day.start <= last;
          day = this.#calendar.dayEndingAt(day.end + 1)
        ) {
          mark.run(day.date);
        }
      }
      this.#store.prepare("INSERT OR REPLACE INTO setting VALUES ('timezone', ?)").run(timezone);
    })();
  }
}
