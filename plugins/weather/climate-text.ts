import type { ClimateRow, MonthReport, MonthRow, StationInfo, Thresholds, YearReport } from './climate.ts';
import { type DisplayUnits, type Quantity, UNIT_SYSTEMS } from './display.ts';
import { celsius, fromInches } from './units.ts';

/** Where the days of a report are counted from: the round figures of each system of units. */
const METRIC_THRESHOLDS: Thresholds = { hot: 32, freezing: 0, bitter: -18, rain: [0.2, 2, 20] };
const THRESHOLDS: Record<DisplayUnits, Thresholds> = {
  metric: METRIC_THRESHOLDS,
  uk: METRIC_THRESHOLDS,
  imperial: {
    hot: celsius(90),
    freezing: 0,
    bitter: celsius(0),
    rain: [fromInches(0.01), fromInches(0.1), fromInches(1)],
  },
};
export const thresholdsOf = (units: DisplayUnits): Thresholds => THRESHOLDS[units];

/** The figures of a report in the units of its reader. */
function formatter(units: DisplayUnits) {
  const { temperature, rain, wind, elevation } = UNIT_SYSTEMS[units];
  const text =
    ({ convert, digits }: Quantity) =>
    (value: number | undefined, places = digits) =>
      value === undefined ? '' : convert(value).toFixed(places);
  // Degree days are sums of differences, so the zero of the scale drops out.
  const kelvin = temperature.convert(1) - temperature.convert(0);
  return {
    thresholds: THRESHOLDS[units],
    units: { temperature: temperature.unit.slice(1), rain: rain.unit, wind: wind.unit, elevation: elevation.unit },
    temperature: text(temperature),
    degreeDays: text({ unit: '', digits: 1, convert: (value) => value * kelvin }),
    rain: text(rain),
    wind: text(wind),
    elevation: text(elevation),
    direction: text({ unit: '', digits: 0, convert: (value) => value }),
  };
}
type Formatter = ReturnType<typeof formatter>;

interface Column<Row> {
  readonly head: readonly [string, string, string];
  readonly width: number;
  readonly text: (row: Row) => string;
}

/** The monthly climatological summary, in the layout NOAA's cooperative observers know. */
export function monthText(report: MonthReport, station: StationInfo, units: DisplayUnits): string {
  const u = formatter(units);
  const clock = (time: number | undefined) => (time === undefined ? '' : station.calendar.clock(time));
  const day = (time: number | undefined) =>
    time === undefined ? '' : station.calendar.dayEndingAt(time).date.slice(8);
  const columns = (when: (time: number | undefined) => string): Column<ClimateRow>[] => [
    { head: ['', '', 'DAY'], width: 3, text: (row) => row.label },
    { head: ['', 'MEAN', 'TEMP'], width: 7, text: (row) => u.temperature(row.mean) },
    { head: ['', '', 'HIGH'], width: 7, text: (row) => u.temperature(row.high) },
    { head: ['', '', 'TIME'], width: 7, text: (row) => when(row.high_time) },
    { head: ['', '', 'LOW'], width: 7, text: (row) => u.temperature(row.low) },
    { head: ['', '', 'TIME'], width: 7, text: (row) => when(row.low_time) },
    { head: ['HEAT', 'DEG', 'DAYS'], width: 7, text: (row) => u.degreeDays(row.heating_degree_days) },
    { head: ['COOL', 'DEG', 'DAYS'], width: 7, text: (row) => u.degreeDays(row.cooling_degree_days) },
    { head: ['', '', 'RAIN'], width: 7, text: (row) => u.rain(row.rain) },
    { head: ['AVG', 'WIND', 'SPEED'], width: 7, text: (row) => u.wind(row.wind_mean) },
    { head: ['', '', 'HIGH'], width: 7, text: (row) => u.wind(row.gust) },
    { head: ['', '', 'TIME'], width: 7, text: (row) => when(row.gust_time) },
    { head: ['', 'DOM', 'DIR'], width: 5, text: (row) => u.direction(row.wind_direction) },
  ];
  const { label: _, ...totals } = report.summary;
  return [
    ...headLines(`MONTHLY CLIMATOLOGICAL SUMMARY for ${monthName(report.month)}`, report.simulated, station, u),
    `     TEMPERATURE (${u.units.temperature}), RAIN (${u.units.rain}), WIND SPEED (${u.units.wind})`,
    '',
    ...table(columns(clock), report.days),
    // In the totals the time of an extreme is its day.
    ...table(columns(day), [{ ...totals, label: '' }]).slice(-2),
    '',
    ...countLines(report.summary, u),
    ...methodLines(station, u),
    '',
  ].join('\n');
}

/** The yearly summary: temperature, precipitation and wind by month. */
export function yearText(report: YearReport, station: StationInfo, units: DisplayUnits): string {
  const u = formatter(units);
  const [trace, moderate, heavy] = u.thresholds.rain.map((mm) => u.rain(mm));
  const degrees = (value: number) => u.temperature(value, 0);
  const date = (time: number | undefined) =>
    time === undefined ? '' : station.calendar.dayEndingAt(time).date.slice(5);
  const month: Column<MonthRow> = { head: ['', '', 'MO'], width: 4, text: (row) => row.label };
  const temperature: Column<MonthRow>[] = [
    month,
    { head: ['', 'MEAN', 'MAX'], width: 7, text: (row) => u.temperature(row.mean_high) },
    { head: ['', 'MEAN', 'MIN'], width: 7, text: (row) => u.temperature(row.mean_low) },
    { head: ['', '', 'MEAN'], width: 7, text: (row) => u.temperature(row.mean) },
    { head: ['HEAT', 'DEG', 'DAYS'], width: 8, text: (row) => u.degreeDays(row.heating_degree_days) },
    { head: ['COOL', 'DEG', 'DAYS'], width: 8, text: (row) => u.degreeDays(row.cooling_degree_days) },
    { head: ['', '', 'HI'], width: 7, text: (row) => u.temperature(row.high) },
    { head: ['', '', 'DATE'], width: 7, text: (row) => date(row.high_time) },
    { head: ['', '', 'LOW'], width: 7, text: (row) => u.temperature(row.low) },
    { head: ['', '', 'DATE'], width: 7, text: (row) => date(row.low_time) },
    { head: ['MAX', '>=', degrees(u.thresholds.hot)], width: 5, text: (row) => String(row.days.high_hot) },
    { head: ['MAX', '<=', degrees(u.thresholds.freezing)], width: 5, text: (row) => String(row.days.high_freezing) },
    { head: ['MIN', '<=', degrees(u.thresholds.freezing)], width: 5, text: (row) => String(row.days.low_freezing) },
    { head: ['MIN', '<=', degrees(u.thresholds.bitter)], width: 5, text: (row) => String(row.days.low_bitter) },
  ];
  const rain: Column<MonthRow>[] = [
    month,
    { head: ['', '', 'TOTAL'], width: 9, text: (row) => u.rain(row.rain) },
    { head: ['MAX', 'OBS', 'DAY'], width: 8, text: (row) => u.rain(row.wettest_day?.value) },
    { head: ['', '', 'DATE'], width: 7, text: (row) => row.wettest_day?.date.slice(5) ?? '' },
    { head: ['', '', `>=${trace}`], width: 8, text: (row) => String(row.days.rain_trace) },
    { head: ['DAYS', 'OF RAIN', `>=${moderate}`], width: 9, text: (row) => String(row.days.rain_moderate) },
    { head: ['', '', `>=${heavy}`], width: 8, text: (row) => String(row.days.rain_heavy) },
  ];
  const wind: Column<MonthRow>[] = [
    month,
    { head: ['', '', 'AVG'], width: 8, text: (row) => u.wind(row.wind_mean) },
    { head: ['', '', 'HI'], width: 8, text: (row) => u.wind(row.gust) },
    { head: ['', '', 'DATE'], width: 7, text: (row) => date(row.gust_time) },
    { head: ['', 'DOM', 'DIR'], width: 6, text: (row) => u.direction(row.wind_direction) },
  ];
  const section = (title: string, columns: readonly Column<MonthRow>[]) => [
    title,
    ...table(columns, report.months),
    ...table(columns, [{ ...report.summary, label: '' }]).slice(-2),
    '',
  ];
  return [
    ...headLines(`CLIMATOLOGICAL SUMMARY for ${report.year}`, report.simulated, station, u),
    ...section(`TEMPERATURE (${u.units.temperature})`, temperature),
    ...section(`PRECIPITATION (${u.units.rain})`, rain),
    ...section(`WIND SPEED (${u.units.wind})`, wind),
    ...methodLines(station, u),
    '',
  ].join('\n');
}

function headLines(title: string, simulated: boolean, station: StationInfo, u: Formatter): string[] {
  const { latitude, longitude, elevation } = station;
  const place = [
    elevation === undefined ? 'ELEV: not set' : `ELEV: ${u.elevation(elevation)} ${u.units.elevation}`,
    ...(latitude === undefined ? [] : [`LAT: ${degreesMinutes(latitude, 'N', 'S')}`]),
    ...(longitude === undefined ? [] : [`LONG: ${degreesMinutes(longitude, 'E', 'W')}`]),
  ];
  return [
    `                   ${title}`,
    '',
    `NAME: ${station.name}`,
    place.join('    '),
    ...(simulated ? ['SIMULATED: these are not observations'] : []),
    '',
  ];
}

function degreesMinutes(value: number, positive: string, negative: string): string {
  const minutes = Math.round(Math.abs(value) * 60);
  return `${Math.floor(minutes / 60)}-${String(minutes % 60).padStart(2, '0')} ${value < 0 ? negative : positive}`;
}

function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell.padStart(columns[index]?.width ?? 0))
      .join('')
      .trimEnd();
  const rule = '-'.repeat(columns.reduce((sum, column) => sum + column.width, 0));
  const heads = [0, 1, 2].map((row) => line(columns.map((column) => column.head[row] ?? '')));
  return [...heads, rule, ...rows.map((row) => line(columns.map((column) => column.text(row))))];
}

function countLines({ days, wettest_day }: MonthRow, u: Formatter): string[] {
  const { hot, freezing, bitter, rain } = u.thresholds;
  const degrees = (value: number) => u.temperature(value).padStart(6);
  const amounts = rain.map((mm) => `(>= ${u.rain(mm)} ${u.units.rain})`);
  return [
    `Max >= ${degrees(hot)}: ${days.high_hot}`,
    `Max <= ${degrees(freezing)}: ${days.high_freezing}`,
    `Min <= ${degrees(freezing)}: ${days.low_freezing}`,
    `Min <= ${degrees(bitter)}: ${days.low_bitter}`,
    wettest_day ? `Max Rain: ${u.rain(wettest_day.value)} ON ${wettest_day.date.slice(8)}` : 'Max Rain: none',
    `Days of Rain: ${days.rain_trace} ${amounts[0]}  ${days.rain_moderate} ${amounts[1]}  ${days.rain_heavy} ${amounts[2]}`,
  ];
}

const methodLines = ({ base }: StationInfo, u: Formatter) => [
  `Heat Base: ${u.temperature(base.heating)}  Cool Base: ${u.temperature(base.cooling)}  Method: Integration`,
];

function monthName(month: string): string {
  const date = new Date(`${month}-15T00:00:00Z`);
  return date.toLocaleDateString('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' });
}
