import type { Location } from 'cupboard/sdk';
import type { Observation } from '../observation.ts';
import { fahrenheit, inches, mph } from '../units.ts';
import type { Service, ServiceSettings, Surroundings } from './service.ts';

const SERVER = 'tcp://cwop.aprs.net:14580';

/** CWOP: one APRS packet over TCP. The server stamps the arrival and acknowledges nothing, so old records are never sent. */
export const cwop: Service = {
  defaultInterval: 300,
  essential: ['temperature'],
  oldest: 10 * 60_000,
  lacks: ({ id }, { location }) => {
    if (!/^[A-Za-z0-9]{3,9}(-[A-Za-z0-9]{1,2})?$/.test(id)) return `set id to the call sign, like CW1234 (got "${id}")`;
    return location === undefined ? 'set location in cupboard.yaml: a CWOP packet carries the position' : undefined;
  },
  compose: (observation, settings, around) => {
    const server = new URL(settings.url ?? SERVER);
    return {
      kind: 'tcp',
      host: server.hostname,
      port: Number(server.port || 14580),
      lines: [login(settings, around), packet(observation, settings, around)],
    };
  },
  judge: ({ body }) =>
    // The only complaint an APRS server makes is in the login answer.
    /logresp .*(invalid|rejected)/i.test(body)
      ? {
          kind: 'refused',
          reason: 'the login was rejected',
          advice: 'check id (call sign) and key (passcode, -1 for CW calls)',
        }
      : { kind: 'stored' },
};

const login = (settings: ServiceSettings, around: Surroundings): string =>
  `user ${settings.id.toUpperCase()} pass ${settings.key || '-1'} vers ${around.software.replace('/', ' ')}`;

/** APRS positional weather packet (wxqa.com FAQ; APRS protocol reference 1.0.1, chapter 12). */
export function packet(now: Observation, settings: ServiceSettings, around: Surroundings): string {
  const at = around.location as Location;
  const time = new Date(now.time).toISOString();
  const position = `${coordinate(at.latitude, 'NS', 2, around.exactPosition)}/${coordinate(at.longitude, 'EW', 3, around.exactPosition)}`;
  return [
    `${settings.id.toUpperCase()}>APRS,TCPIP*:@${time.slice(8, 10)}${time.slice(11, 13)}${time.slice(14, 16)}z${position}`,
    `_${direction(now)}/${padded(now.wind_speed_avg_2m ?? now.wind_speed, 3, mph)}`,
    `g${padded(now.wind_gust_5m, 3, mph)}`,
    `t${padded(now.temperature, 3, fahrenheit)}`,
    `r${padded(now.rain_1h, 3, hundredths)}p${padded(now.rain_24h, 3, hundredths)}P${padded(now.rain_today, 3, hundredths)}`,
    `h${padded(now.humidity, 2, (percent) => Math.round(percent) % 100)}`,
    `b${padded(now.pressure_sea_level, 5, (hectopascal) => hectopascal * 10)}`,
    around.software,
  ].join('');
}

const hundredths = (millimetres: number): number => inches(millimetres) * 100;

/** Three digits; north is 360 because 000 stands for "unknown" in APRS. */
function direction(now: Observation): string {
  const degrees = now.wind_direction_avg_2m ?? now.wind_direction;
  return padded(degrees, 3, (value) => Math.round(value) % 360 || 360);
}

/** A rounded number in exactly `width` characters, the sign among them; dots for a value not measured. */
function padded(value: number | undefined, width: number, convert: (value: number) => number): string {
  if (value === undefined) return '.'.repeat(width);
  const number = Math.round(convert(value));
  return number < 0 ? `-${String(-number).padStart(width - 1, '0')}` : String(number).padStart(width, '0');
}

/** `4807.38N`: degrees, minutes, hundredths. Positions become public, so they are rounded to 0.01° (about 1 km). */
function coordinate(degrees: number, sides: string, width: number, exact: boolean): string {
  const shown = Math.abs(exact ? degrees : Math.round(degrees * 100) / 100);
  const hundredthsOfMinutes = Math.round(shown * 6000);
  const whole = Math.floor(hundredthsOfMinutes / 6000);
  const minutes = ((hundredthsOfMinutes % 6000) / 100).toFixed(2).padStart(5, '0');
  return `${String(whole).padStart(width, '0')}${minutes}${sides[degrees < 0 ? 1 : 0]}`;
}
