import type { DayField, DayStat } from './days.ts';
import { tidy } from './station.ts';

export const PERIODS = ['day', 'month', 'year', 'all'] as const;
export type Period = (typeof PERIODS)[number];

export interface Extreme {
  readonly value: number;
  /** Epoch ms. */
  readonly time: number;
}

export interface Records {
  /** First and last local date with observations. */
  readonly first: string;
  readonly last: string;
  /** True where nothing but simulated readings is there. */
  readonly simulated: boolean;
  /** Highest and lowest of each field that has a meaning there. */
  readonly extremes: Readonly<Partial<Record<DayField, { readonly max?: Extreme; readonly min?: Extreme }>>>;
  readonly temperature_mean?: number;
  readonly rain_total?: number;
  readonly wettest_day?: { readonly value: number; readonly date: string };
}

/** Which ends of a field are worth remembering: nobody asks for the lowest gust. */
const ENDS: Partial<Record<DayField, readonly ('max' | 'min')[]>> = {
  temperature: ['max', 'min'],
  heat_index: ['max'],
  wind_chill: ['min'],
  dew_point: ['max', 'min'],
  humidity: ['max', 'min'],
  pressure_sea_level: ['max', 'min'],
  pressure_station: ['max', 'min'],
  wind_gust: ['max'],
  rain_rate: ['max'],
  indoor_temperature: ['max', 'min'],
};

/** The first and last date, `2026-11-01` to `2026-11-30`, of the period that holds `date`. */
export function periodDates(period: Period, date: string): { first: string; last: string } {
  const prefix = { day: date, month: date.slice(0, 7), year: date.slice(0, 4), all: '' }[period];
  // No date sorts after `~`: it stands for the last day of whatever the period is.
  return { first: prefix, last: `${prefix}~` };
}

/** Real observations, or the simulated ones where there are no others. */
export function observed(stats: readonly DayStat[]): { stats: readonly DayStat[]; simulated: boolean } {
  const real = stats.filter((stat) => !stat.simulated);
  return real.length > 0 ? { stats: real, simulated: false } : { stats, simulated: stats.length > 0 };
}

/** The records among some days; undefined where there are none. */
export function findRecords(days: readonly DayStat[]): Records | undefined {
  const { stats, simulated } = observed(days);
  const [first] = stats;
  const last = stats.at(-1);
  if (!first || !last) return undefined;
  const of = (field: DayField) => stats.filter((stat) => stat.field === field);
  const extremes = Object.fromEntries(
    Object.entries(ENDS).flatMap(([field, ends]) => {
      const found = of(field as DayField);
      return found.length === 0 ? [] : [[field, Object.fromEntries(ends.map((end) => [end, extreme(found, end)]))]];
    }),
  );
  const rain = of('rain');
  const wettest = rain.reduce<DayStat | undefined>(
    (best, day) => (day.total > (best?.total ?? 0) ? day : best),
    undefined,
  );
  const mean = weightedMean(of('temperature'));
  return {
    first: first.date,
    last: last.date,
    simulated,
    extremes,
    ...(mean === undefined ? {} : { temperature_mean: tidy(mean) }),
    ...(rain.length === 0 ? {} : { rain_total: tidy(rain.reduce((sum, day) => sum + day.total, 0)) }),
    ...(wettest ? { wettest_day: { value: tidy(wettest.total), date: wettest.date } } : {}),
  };
}

function extreme(stats: readonly DayStat[], end: 'max' | 'min'): Extreme {
  const sign = end === 'max' ? 1 : -1;
  // Of equal days the first keeps the record: one has to beat it.
  const best = stats.reduce((held, stat) => (sign * stat[end] > sign * held[end] ? stat : held));
  return { value: tidy(best[end]), time: best[`${end}_time`] };
}

/** The mean of days weighted by how much of each was observed. */
export function weightedMean(stats: readonly DayStat[]): number | undefined {
  const minutes = stats.reduce((sum, stat) => sum + stat.minutes, 0);
  return minutes === 0 ? undefined : stats.reduce((sum, stat) => sum + stat.mean * stat.minutes, 0) / minutes;
}
