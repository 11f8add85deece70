import type { Sensor } from 'cupboard/sdk';
import { dewPoint, feelsLike, heatIndex, windChill } from './formulas.ts';
import type { Gust, WindAverage } from './wind.ts';

/** What stations measure; everything else is derived from these. */
export const INPUTS = [
  'temperature',
  'humidity',
  'wind_speed',
  'wind_direction',
  'rain_total',
  'pressure_station',
  'indoor_temperature',
  'indoor_humidity',
] as const;
export type Input = (typeof INPUTS)[number];

/** Which field of which source topic is which input. */
export const SOURCE_FIELDS = {
  outdoor: {
    temperature: 'temperature',
    humidity: 'humidity',
    wind_speed: 'wind_speed',
    wind_direction: 'wind_direction',
    rain_total: 'rain_total',
    // Stations that publish everything on one topic.
    pressure: 'pressure_station',
    indoor_temperature: 'indoor_temperature',
    indoor_humidity: 'indoor_humidity',
  },
  indoor: { temperature: 'indoor_temperature', humidity: 'indoor_humidity', pressure: 'pressure_station' },
} as const satisfies Record<string, Record<string, Input>>;
export type SourceName = keyof typeof SOURCE_FIELDS;

/** The state at one moment: fresh measurements and the windows that end there. Undefined = not known. */
export interface View {
  measured(input: Input): number | undefined;
  windAverage(minutes: number): WindAverage | undefined;
  gust(): Gust | undefined;
  seaLevel(): number | undefined;
  pressureTrend(): number | undefined;
  rainRate(): number;
  rainWithin(hours: number): number;
  rainToday(): number;
}

export interface Field {
  readonly sensor: Sensor;
  /** Inputs it cannot do without: one absent makes it absent, one bad makes it null. */
  readonly needs: readonly Input[];
  /** Inputs it takes where they are known. */
  readonly mayUse?: readonly Input[];
  readonly compute: (view: View, ...needed: number[]) => number | null | undefined;
}

const sensor = (name: string, unit: string, deviceClass?: string): Sensor => ({
  name,
  unit,
  state_class: 'measurement',
  ...(deviceClass ? { device_class: deviceClass } : {}),
});
const temperature = (name: string) => sensor(name, '°C', 'temperature');
const humidity = (name: string) => sensor(name, '%', 'humidity');
const speed = (name: string) => sensor(name, 'm/s', 'wind_speed');
const direction = (name: string) => sensor(name, '°', 'wind_direction');
const pressure = (name: string) => sensor(name, 'hPa', 'atmospheric_pressure');
const rain = (name: string) => sensor(name, 'mm', 'precipitation');
const measured = (about: Sensor, input: Input): Field => ({
  sensor: about,
  needs: [input],
  compute: (_view, value) => value,
});

/** `weather/current`, field by field. */
export const CURRENT = {
  temperature: measured(temperature('Temperature'), 'temperature'),
  humidity: measured(humidity('Humidity'), 'humidity'),
  dew_point: {
    sensor: temperature('Dew point'),
    needs: ['temperature', 'humidity'],
    compute: (_view, t, rh) => dewPoint(t as number, rh as number),
  },
  wind_chill: {
    sensor: temperature('Wind chill'),
    needs: ['temperature', 'wind_speed'],
    compute: (_view, t, wind) => windChill(t as number, wind as number),
  },
  heat_index: {
    sensor: temperature('Heat index'),
    needs: ['temperature', 'humidity'],
    compute: (_view, t, rh) => heatIndex(t as number, rh as number),
  },
  feels_like: {
    sensor: temperature('Feels like'),
    needs: ['temperature'],
    mayUse: ['humidity', 'wind_speed'],
    compute: (view, t) => feelsLike(t as number, view.measured('humidity'), view.measured('wind_speed')),
  },
  wind_speed: measured(speed('Wind speed'), 'wind_speed'),
  wind_direction: measured(direction('Wind direction'), 'wind_direction'),
  wind_speed_avg_2m: {
    sensor: speed('Wind speed, 2 minutes'),
    needs: ['wind_speed'],
    compute: (view) => view.windAverage(2)?.speed,
  },
  wind_direction_avg_2m: {
    sensor: direction('Wind direction, 2 minutes'),
    needs: ['wind_speed'],
    compute: (view) => view.windAverage(2)?.direction,
  },
  wind_speed_avg_10m: {
    sensor: speed('Wind speed, 10 minutes'),
    needs: ['wind_speed'],
    compute: (view) => view.windAverage(10)?.speed,
  },
  wind_direction_avg_10m: {
    sensor: direction('Wind direction, 10 minutes'),
    needs: ['wind_speed'],
    compute: (view) => view.windAverage(10)?.direction,
  },
  wind_gust_10m: {
    sensor: speed('Gust, 10 minutes'),
    needs: ['wind_speed'],
    compute: (view) => view.gust()?.speed,
  },
  wind_gust_direction_10m: {
    sensor: direction('Gust direction, 10 minutes'),
    needs: ['wind_speed'],
    compute: (view) => view.gust()?.direction,
  },
  pressure_station: measured(pressure('Station pressure'), 'pressure_station'),
  pressure_sea_level: {
    sensor: pressure('Sea-level pressure'),
    needs: ['pressure_station'],
    compute: (view) => view.seaLevel(),
  },
  pressure_trend_3h: {
    // A difference: Home Assistant's atmospheric_pressure class is for the pressure itself.
    sensor: sensor('Pressure change, 3 hours', 'hPa'),
    needs: ['pressure_station'],
    compute: (view) => view.pressureTrend(),
  },
  rain_rate: {
    sensor: sensor('Rain rate', 'mm/h', 'precipitation_intensity'),
    needs: ['rain_total'],
    compute: (view) => view.rainRate(),
  },
  rain_1h: { sensor: rain('Rain, 1 hour'), needs: ['rain_total'], compute: (view) => view.rainWithin(1) },
  rain_24h: { sensor: rain('Rain, 24 hours'), needs: ['rain_total'], compute: (view) => view.rainWithin(24) },
  rain_today: {
    sensor: { ...rain('Rain today'), state_class: 'total_increasing' },
    needs: ['rain_total'],
    compute: (view) => view.rainToday(),
  },
  indoor_temperature: measured(temperature('Indoor temperature'), 'indoor_temperature'),
  indoor_humidity: measured(humidity('Indoor humidity'), 'indoor_humidity'),
} as const satisfies Record<string, Field>;
export type CurrentField = keyof typeof CURRENT;

export const CURRENT_FIELDS: readonly (readonly [CurrentField, Field])[] = Object.entries(CURRENT) as [
  CurrentField,
  Field,
][];

/** The hub drops a field three periods after its last report; `maxAge` seconds is the limit asked for here. */
export function currentSensors(maxAge: number): Record<CurrentField, Sensor> {
  const entries = CURRENT_FIELDS.map(([name, field]) => [name, { ...field.sensor, period: maxAge / 3 }]);
  return Object.fromEntries(entries) as Record<CurrentField, Sensor>;
}
