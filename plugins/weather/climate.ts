import type { Calendar } from './calendar.ts';
import type { DayField, DayStat } from './days.ts';
import { observed, weightedMean } from './records.ts';
import { tidy } from './station.ts';
import { normalizeDegrees } from './wind.ts';

/** The figures of one day, month or year; absent = not observed. Hub units. */
export interface ClimateRow {
  /** `01` to `31`, or `01` to `12`. */
  readonly label: string;
  readonly mean?: number;
  readonly high?: number;
  readonly high_time?: number;
  readonly low?: number;
  readonly low_time?: number;
  readonly heating_degree_days?: number;
  readonly cooling_degree_days?: number;
  readonly rain?: number;
  readonly wind_mean?: number;
  readonly gust?: number;
  readonly gust_time?: number;
  /** Direction of the mean wind vector. */
  readonly wind_direction?: number;
}

/** A row of the yearly report: a month, with what is counted over its days. */
export interface MonthRow extends ClimateRow {
  readonly mean_high?: number;
  readonly mean_low?: number;
  readonly days: DayCounts;
  readonly wettest_day?: { readonly value: number; readonly date: string };
}

/** Days beyond the thresholds of the NOAA summary. */
export interface DayCounts {
  readonly high_hot: number;
  readonly high_freezing: number;
  readonly low_freezing: number;
  readonly low_bitter: number;
  readonly rain_trace: number;
  readonly rain_moderate: number;
  readonly rain_heavy: number;
}

export interface DegreeDayBase {
  /** °C; NOAA takes 65 °F for both. */
  readonly heating: number;
  readonly cooling: number;
}

export interface MonthReport {
  readonly month: string;
  readonly simulated: boolean;
  readonly days: readonly ClimateRow[];
  readonly summary: MonthRow;
}

export interface YearReport {
  readonly year: string;
  readonly simulated: boolean;
  readonly months: readonly MonthRow[];
  readonly summary: MonthRow;
}

/**
 * Where counting begins, in °C and mm. They are the round figures of each system of units (90 °F is not 32 °C), so a
 * report in °F counts other days than one in °C.
 */
export interface Thresholds {
  readonly hot: number;
  readonly freezing: number;
  readonly bitter: number;
  readonly rain: readonly [number, number, number];
}

export function monthReport(
  month: string,
  stats: readonly DayStat[],
  base: DegreeDayBase,
  thresholds: Thresholds,
): MonthReport | undefined {
  const known = observed(stats);
  const days = groupBy(known.stats, (stat) => stat.date).map(([date, of]) => climateRow(date.slice(8), of, base));
  if (days.length === 0) return undefined;
  return { month, simulated: known.simulated, days, summary: monthRow(month.slice(5), known.stats, base, thresholds) };
}

export function yearReport(
  year: string,
  stats: readonly DayStat[],
  base: DegreeDayBase,
  thresholds: Thresholds,
): YearReport | undefined {
  const known = observed(stats);
  const months = groupBy(known.stats, (stat) => stat.date.slice(0, 7)).map(([month, of]) =>
    monthRow(month.slice(5), of, base, thresholds),
  );
  if (months.length === 0) return undefined;
  return { year, simulated: known.simulated, months, summary: monthRow(year, known.stats, base, thresholds) };
}

function climateRow(label: string, stats: readonly DayStat[], base: DegreeDayBase): ClimateRow {
  const of = (field: DayField) => stats.filter((stat) => stat.field === field);
  const temperature = of('temperature');
  const high = best(temperature, (stat) => stat.max);
  const low = best(temperature, (stat) => -stat.min);
  const gust = best(of('wind_gust'), (stat) => stat.max);
  const rain = of('rain');
  const degreeDays = (excess: (mean: number) => number) =>
    temperature.length === 0 ? undefined : temperature.reduce((sum, day) => sum + Math.max(0, excess(day.mean)), 0);
  return {
    label,
    ...known({
      mean: weightedMean(temperature),
      high: high?.max,
      high_time: high?.max_time,
      low: low?.min,
      low_time: low?.min_time,
      heating_degree_days: degreeDays((mean) => base.heating - mean),
      cooling_degree_days: degreeDays((mean) => mean - base.cooling),
      rain: rain.length === 0 ? undefined : rain.reduce((sum, day) => sum + day.total, 0),
      wind_mean: weightedMean(of('wind_speed')),
      gust: gust?.max,
      gust_time: gust?.max_time,
      wind_direction: meanDirection(of('wind_east'), of('wind_north')),
    }),
  };
}

function monthRow(
  label: string,
  stats: readonly DayStat[],
  base: DegreeDayBase,
  { hot, freezing, bitter, rain: [trace, moderate, heavy] }: Thresholds,
): MonthRow {
  const temperature = stats.filter((stat) => stat.field === 'temperature');
  const rain = stats.filter((stat) => stat.field === 'rain');
  const wettest = best(rain, (day) => day.total);
  const mean = (values: number[]) => (values.length === 0 ? undefined : values.reduce((a, b) => a + b) / values.length);
  return {
    ...climateRow(label, stats, base),
    ...known({
      mean_high: mean(temperature.map((day) => day.max)),
      mean_low: mean(temperature.map((day) => day.min)),
    }),
    days: {
      high_hot: temperature.filter((day) => day.max >= hot).length,
      high_freezing: temperature.filter((day) => day.max <= freezing).length,
      low_freezing: temperature.filter((day) => day.min <= freezing).length,
      low_bitter: temperature.filter((day) => day.min <= bitter).length,
      rain_trace: rain.filter((day) => day.total >= trace).length,
      rain_moderate: rain.filter((day) => day.total >= moderate).length,
      rain_heavy: rain.filter((day) => day.total >= heavy).length,
    },
    ...(wettest && wettest.total > 0 ? { wettest_day: { value: tidy(wettest.total), date: wettest.date } } : {}),
  };
}

function meanDirection(east: readonly DayStat[], north: readonly DayStat[]): number | undefined {
  const x = weightedMean(east);
  const y = weightedMean(north);
  if (x === undefined || y === undefined || Math.hypot(x, y) < 1e-9) return undefined;
  return normalizeDegrees((Math.atan2(x, y) * 180) / Math.PI);
}

function best(stats: readonly DayStat[], score: (stat: DayStat) => number): DayStat | undefined {
  return stats.reduce<DayStat | undefined>(
    (held, stat) => (!held || score(stat) > score(held) ? stat : held),
    undefined,
  );
}

function groupBy(stats: readonly DayStat[], key: (stat: DayStat) => string): [string, DayStat[]][] {
  const groups = new Map<string, DayStat[]>();
  for (const stat of stats) {
    const group = groups.get(key(stat));
    if (group) group.push(stat);
    else groups.set(key(stat), [stat]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

type Known<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
/** Leaves out what is not known and the noise of the arithmetic. */
function known<T extends Record<string, number | undefined>>(values: T): Known<T> {
  const entries = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, tidy(value)]]));
  return Object.fromEntries(entries) as Known<T>;
}

/** What the head of a printed report says of the station. */
export interface StationInfo {
  readonly name: string;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly elevation?: number;
  readonly base: DegreeDayBase;
  readonly calendar: Calendar;
}
