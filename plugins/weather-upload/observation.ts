import type { Json } from 'cupboard/sdk';

/** Fields of `weather/current` that a service can use, metric: °C, %, m/s, degrees, hPa, mm, mm/h. */
export const OBSERVATION_FIELDS = [
  'temperature',
  'humidity',
  'dew_point',
  'wind_chill',
  'heat_index',
  'feels_like',
  'wind_speed',
  'wind_direction',
  'wind_speed_avg_2m',
  'wind_direction_avg_2m',
  'wind_gust_5m',
  'wind_gust_10m',
  'wind_gust_direction_10m',
  'pressure_station',
  'pressure_sea_level',
  'pressure_trend_3h',
  'rain_rate',
  'rain_1h',
  'rain_24h',
  'rain_today',
  'indoor_temperature',
] as const;
export type ObservationField = (typeof OBSERVATION_FIELDS)[number];

/** What was observed at one time. A field that was not measured, or measured badly, is absent: never a zero. */
export type Observation = { readonly [Field in ObservationField]?: number } & {
  /** Epoch ms, UTC. */
  readonly time: number;
  readonly simulated?: boolean;
};

/** Takes an observation from a state message; `undefined` when it is none (no object, no time). */
export function parseObservation(payload: Json): Observation | undefined {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return undefined;
  const state = payload as Readonly<Record<string, Json>>;
  const time = state['time'];
  if (typeof time !== 'number' || !Number.isFinite(time)) return undefined;
  const fields: Partial<Record<ObservationField, number>> = {};
  for (const field of OBSERVATION_FIELDS) {
    const value = state[field];
    if (typeof value === 'number' && Number.isFinite(value)) fields[field] = value;
  }
  return { time, ...fields, ...(state['simulated'] === true && { simulated: true }) };
}

const GUST_WINDOW_MS = 5 * 60_000;

/**
 * Follows the observations of one station and completes each with what only their sequence tells: the 5-minute gust
 * that CWOP asks for, and in calm air the last known direction, because Weather Underground shows a station without a
 * direction as unavailable.
 */
export function createCompleter(): (observation: Observation, keepDirection: boolean) => Observation {
  let samples: { time: number; speed: number }[] = [];
  let direction: number | undefined;
  return (observation, keepDirection) => {
    const { time, wind_speed: speed } = observation;
    if (speed !== undefined) samples.push({ time, speed });
    samples = samples.filter((sample) => sample.time > time - GUST_WINDOW_MS && sample.time <= time);
    direction = observation.wind_direction ?? direction;
    const isCalm = speed === 0 && observation.wind_direction === undefined;
    return {
      ...observation,
      ...(samples.length > 0 && { wind_gust_5m: Math.max(...samples.map((sample) => sample.speed)) }),
      ...(keepDirection && isCalm && direction !== undefined && { wind_direction: direction }),
    };
  };
}
