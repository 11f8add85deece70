import { dateUtc, fixed, judgeStatus, lacksAccount, query, type Service } from './service.ts';

const URL = 'https://stations.windy.com/api/v2/observation/update';

/** Windy, API v2: metric, one record in five minutes. Faster posts are refused, so there is no catching up. */
export const windy: Service = {
  defaultInterval: 300,
  essential: ['temperature'],
  oldest: 10 * 60_000,
  lacks: lacksAccount,
  compose: (now, settings, around) => ({
    kind: 'http',
    method: 'GET',
    url: `${settings.url ?? URL}?${query({
      id: settings.id,
      PASSWORD: settings.key,
      dateutc: dateUtc(now.time),
      temp: fixed(now.temperature, 1),
      rh: fixed(now.humidity, 0),
      dewpoint: fixed(now.dew_point, 1),
      wind: fixed(now.wind_speed_avg_2m ?? now.wind_speed, 1),
      gust: fixed(now.wind_gust_10m, 1),
      winddir: fixed(now.wind_direction_avg_2m ?? now.wind_direction, 0),
      mbar: fixed(now.pressure_sea_level, 1),
      precip: fixed(now.rain_1h, 1),
      softwaretype: around.software,
    })}`,
  }),
  // 409: it has this record already, which is what we want.
  judge: (answer) => (answer.status === 409 ? { kind: 'stored' } : judgeStatus(answer)),
};
