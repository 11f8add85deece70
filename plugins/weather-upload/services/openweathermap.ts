import type { Observation } from '../observation.ts';
import { judgeStatus, lacksAccount, query, type Service } from './service.ts';

const URL = 'https://api.openweathermap.org/data/3.0/measurements';

/** OpenWeatherMap stations 3.0: a JSON array, metric, each record under its own time. */
export const openweathermap: Service = {
  defaultInterval: 300,
  essential: ['temperature'],
  oldest: Number.POSITIVE_INFINITY,
  lacks: lacksAccount,
  compose: (observation, settings) => ({
    kind: 'http',
    method: 'POST',
    url: `${settings.url ?? URL}?${query({ appid: settings.key })}`,
    body: JSON.stringify([measurement(observation, settings.id)]),
  }),
  judge: (answer) => (answer.status === 200 ? { kind: 'retry', reason: 'expected 204, got 200' } : judgeStatus(answer)),
};

function measurement(now: Observation, station: string): Record<string, number | string | undefined> {
  return {
    station_id: station,
    dt: Math.floor(now.time / 1000),
    temperature: rounded(now.temperature),
    humidity: rounded(now.humidity, 0),
    dew_point: rounded(now.dew_point),
    wind_speed: rounded(now.wind_speed_avg_2m ?? now.wind_speed),
    wind_gust: rounded(now.wind_gust_10m),
    wind_deg: rounded(now.wind_direction_avg_2m ?? now.wind_direction, 0),
    pressure: rounded(now.pressure_sea_level),
    rain_1h: rounded(now.rain_1h),
    rain_24h: rounded(now.rain_24h),
  };
}

/** JSON.stringify leaves an `undefined` out, so a value not measured is not sent. */
function rounded(value: number | undefined, decimals = 1): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(decimals));
}
