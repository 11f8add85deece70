import { query, type Service } from './service.ts';
import { parameters, wunderground } from './wunderground.ts';

const RAPIDFIRE_URL = 'https://rtupdate.wunderground.com/weatherstation/updateweatherstation.php';

/** Weather Underground RapidFire: fresh complete sets every few seconds; what is older goes to the standard host. */
export const wundergroundRapidfire: Service = {
  ...wunderground,
  defaultInterval: 18,
  // Partial sets make pressure and gust flicker on the service's page.
  essential: ['temperature', 'humidity', 'wind_speed'],
  compose: (observation, settings, around) => {
    // RapidFire has no memory: it must never be given an old record.
    const isFresh = around.now - observation.time < Math.max(60, 2 * settings.interval) * 1000;
    if (!isFresh) return wunderground.compose(observation, settings, around);
    const all = { ...parameters(observation, settings, around), realtime: '1', rtfreq: String(settings.interval) };
    return { kind: 'http', method: 'GET', url: `${settings.url ?? RAPIDFIRE_URL}?${query(all)}` };
  },
};
