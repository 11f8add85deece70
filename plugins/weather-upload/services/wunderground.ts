import type { Observation } from '../observation.ts';
import { fahrenheit, inches, inchesOfMercury, mph } from '../units.ts';
import {
  type Answer,
  dateUtc,
  fixed,
  judgeStatus,
  lacksAccount,
  query,
  refused,
  type Service,
  type ServiceSettings,
  type Surroundings,
  type Verdict,
} from './service.ts';

const STANDARD_URL = 'https://weatherstation.wunderground.com/weatherstation/updateweatherstation.php';

/** Weather Underground, one record a minute under its own time: old records are taken too. */
export const wunderground: Service = {
  defaultInterval: 60,
  // Weather Underground shows a missing temperature as 0 °F.
  essential: ['temperature'],
  oldest: Number.POSITIVE_INFINITY,
  lacks: lacksAccount,
  compose: (observation, settings, around) => ({
    kind: 'http',
    method: 'GET',
    url: `${settings.url ?? STANDARD_URL}?${query(parameters(observation, settings, around))}`,
  }),
  judge: judgeWunderground,
};

/** The parameters of the PWS upload protocol (support.weather.com, "PWS - Upload Protocol"), decimals as weewx sends them. */
export function parameters(
  now: Observation,
  settings: ServiceSettings,
  around: Surroundings,
): Record<string, string | undefined> {
  return {
    action: 'updateraw',
    ID: settings.id,
    PASSWORD: settings.key,
    dateutc: dateUtc(now.time),
    winddir: fixed(now.wind_direction, 0),
    windspeedmph: fixed(now.wind_speed, 1, mph),
    windgustmph: fixed(now.wind_gust_10m, 1, mph),
    windgustdir: fixed(now.wind_gust_direction_10m, 0),
    windspdmph_avg2m: fixed(now.wind_speed_avg_2m, 1, mph),
    winddir_avg2m: fixed(now.wind_direction_avg_2m, 0),
    windgustmph_10m: fixed(now.wind_gust_10m, 1, mph),
    windgustdir_10m: fixed(now.wind_gust_direction_10m, 0),
    tempf: fixed(now.temperature, 1, fahrenheit),
    humidity: fixed(now.humidity, 0),
    dewptf: fixed(now.dew_point, 1, fahrenheit),
    baromin: fixed(now.pressure_sea_level, 3, inchesOfMercury),
    rainin: fixed(now.rain_1h, 2, inches),
    dailyrainin: fixed(now.rain_today, 2, inches),
    indoortempf: around.includeIndoor ? fixed(now.indoor_temperature, 1, fahrenheit) : undefined,
    softwaretype: around.software,
  };
}

/** Only the word `success` means stored: other bodies with status 200 are failures. */
export function judgeWunderground(answer: Answer): Verdict {
  if (answer.status !== 200) return judgeStatus(answer);
  const body = answer.body.trim();
  if (body === 'success') return { kind: 'stored' };
  if (body.startsWith('INVALIDPASSWORDID')) return refused('id or key not accepted');
  if (/RapidFire Server/i.test(body)) return { kind: 'skip', reason: 'the service misses a parameter' };
  return { kind: 'retry', reason: `unexpected answer: ${body.slice(0, 80) || 'empty'}` };
}
