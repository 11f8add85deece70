import type { ArchiveField, ArchiveRow } from './archive.ts';
import { dewPoint } from './formulas.ts';
import type { SeaLevelMethod } from './pressure.ts';
import { celsius, fromInches, fromInHg, fromKmh, fromMph } from './units.ts';

/** A row of weewx's `archive` table; which columns there are depends on its schema. */
export type WeewxRow = Readonly<Record<string, number | string | null>>;

type Convert = (value: number) => number;
interface UnitSystem {
  readonly temperature: Convert;
  readonly wind: Convert;
  readonly pressure: Convert;
  readonly rain: Convert;
}

const same: Convert = (value) => value;
const fromCentimetres: Convert = (value) => value * 10;

/** `usUnits` of a row. METRIC counts rain in cm and wind in km/h, METRICWX in mm and m/s. */
const UNIT_SYSTEMS: Readonly<Record<number, UnitSystem>> = {
  1: { temperature: celsius, wind: fromMph, pressure: fromInHg, rain: fromInches },
  16: { temperature: same, wind: fromKmh, pressure: same, rain: fromCentimetres },
  17: { temperature: same, wind: same, pressure: same, rain: same },
};

/** weewx column -> our column and the kind of its unit. The sea-level pressure depends on the method, see below. */
const COLUMNS: readonly (readonly [string, ArchiveField, keyof UnitSystem | undefined])[] = [
  ['outTemp', 'temperature', 'temperature'],
  ['outHumidity', 'humidity', undefined],
  ['dewpoint', 'dew_point', 'temperature'],
  ['windSpeed', 'wind_speed', 'wind'],
  ['windDir', 'wind_direction', undefined],
  ['windGust', 'wind_gust', 'wind'],
  ['windGustDir', 'wind_gust_direction', undefined],
  ['pressure', 'pressure_station', 'pressure'],
  ['rain', 'rain', 'rain'],
  ['rainRate', 'rain_rate', 'rain'],
  ['inTemp', 'indoor_temperature', 'temperature'],
  ['inHumidity', 'indoor_humidity', undefined],
];

/** weewx keeps both reductions: `altimeter` is QNH, `barometer` is QFF. */
const SEA_LEVEL: Readonly<Record<SeaLevelMethod, readonly string[]>> = {
  altimeter: ['altimeter', 'barometer'],
  qff: ['barometer', 'altimeter'],
};

/** Columns that are taken over, and those that follow from them. */
const TAKEN = new Set([
  ...['dateTime', 'usUnits', 'interval', ...COLUMNS.map(([column]) => column)],
  ...['windchill', 'heatindex', 'appTemp', 'humidex', 'inDewpoint', 'cloudbase'],
]);

export type WeewxProblem = 'no time' | 'no interval' | 'unknown usUnits';

/** One record in the hub's units; a named reason where it cannot be read. */
export function convertWeewxRow(row: WeewxRow, seaLevel: SeaLevelMethod): ArchiveRow | WeewxProblem {
  const { dateTime, interval, usUnits } = row;
  if (typeof dateTime !== 'number') return 'no time';
  if (typeof interval !== 'number' || interval <= 0) return 'no interval';
  const system = UNIT_SYSTEMS[Number(usUnits)];
  if (!system) return 'unknown usUnits';
  const read = (column: string, kind: keyof UnitSystem | undefined): number | null => {
    const value = row[column];
    if (typeof value !== 'number' || !Number.isFinite(value)) return null;
    return kind ? system[kind](value) : value;
  };
  const values = Object.fromEntries(COLUMNS.map(([column, field, kind]) => [field, read(column, kind)])) as Record<
    ArchiveField,
    number | null
  >;
  const pressure = SEA_LEVEL[seaLevel].map((column) => read(column, 'pressure')).find((value) => value !== null);
  const { temperature, humidity } = values;
  return {
    ...values,
    time: dateTime * 1000,
    interval,
    source: 'weewx',
    simulated: 0,
    dew_point: values.dew_point ?? (temperature === null || humidity === null ? null : dewPoint(temperature, humidity)),
    pressure_sea_level: pressure ?? null,
    flagged: null,
    extra: extraOf(row),
  };
}

/** What our table has no column for (radiation, soil, a second sensor) stays as it was, with the units it was in. */
function extraOf(row: WeewxRow): string | null {
  const others = Object.entries(row).filter(([column, value]) => value !== null && !TAKEN.has(column));
  return others.length === 0 ? null : JSON.stringify({ usUnits: row['usUnits'], ...Object.fromEntries(others) });
}
