import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../plugins/weather-upload/observation.ts';
import { packet } from '../../../plugins/weather-upload/services/cwop.ts';
import { SERVICES } from '../../../plugins/weather-upload/services/index.ts';
import type { Post, Service, ServiceSettings, Surroundings } from '../../../plugins/weather-upload/services/service.ts';

const TIME = Date.UTC(2026, 5, 1, 12, 34, 56);
const around: Surroundings = {
  now: TIME + 5_000,
  location: { latitude: 48.123, longitude: -11.456 },
  software: 'Cupboard/1.2.3',
  includeIndoor: false,
  exactPosition: true,
};
const settings: ServiceSettings = { type: 'x', name: 'x', id: 'KTEST1', key: 'p w+1', interval: 18 };
const full: Observation = {
  time: TIME,
  temperature: 20,
  humidity: 55,
  dew_point: 10.7,
  wind_speed: 4.4704,
  wind_direction: 202.5,
  wind_speed_avg_2m: 2.2352,
  wind_direction_avg_2m: 200.4,
  wind_gust_5m: 6.7056,
  wind_gust_10m: 8.9408,
  wind_gust_direction_10m: 225,
  pressure_sea_level: 1013.25,
  rain_1h: 2.54,
  rain_24h: 12.7,
  rain_today: 5.08,
  indoor_temperature: 22,
};

function service(type: string): Service {
  const found = SERVICES[type];
  if (found === undefined) throw new Error(`no service ${type}`);
  return found;
}

function queryOf(post: Post): URLSearchParams {
  if (post.kind !== 'http') throw new Error('expected an HTTP post');
  return new URL(post.url).searchParams;
}

describe('wunderground', () => {
  const compose = (now: Observation, changes: Partial<Surroundings> = {}) =>
    queryOf(service('wunderground').compose(now, settings, { ...around, ...changes }));

  it('converts every field to the protocol units and decimals', () => {
    expect(Object.fromEntries(compose(full))).toEqual({
      action: 'updateraw',
      ID: 'KTEST1',
      PASSWORD: 'p w+1',
      dateutc: '2026-06-01 12:34:56',
      winddir: '203',
      windspeedmph: '10.0',
      windgustmph: '20.0',
      windgustdir: '225',
      windspdmph_avg2m: '5.0',
      winddir_avg2m: '200',
      windgustmph_10m: '20.0',
      windgustdir_10m: '225',
      tempf: '68.0',
      humidity: '55',
      dewptf: '51.3',
      baromin: '29.921',
      rainin: '0.10',
      dailyrainin: '0.20',
      softwaretype: 'Cupboard/1.2.3',
    });
  });

  it('leaves a field that was not measured out, and the indoor temperature unless asked for', () => {
    expect([...compose({ time: TIME, temperature: -5 }).keys()]).toEqual([
      'action',
      'ID',
      'PASSWORD',
      'dateutc',
      'tempf',
      'softwaretype',
    ]);
    expect(compose(full, { includeIndoor: true }).get('indoortempf')).toBe('71.6');
  });

  it.each([
    [200, 'success\n', 'stored'],
    [200, 'INVALIDPASSWORDID|Password or key and/or id are incorrect', 'refused'],
    [200, '<html>RapidFire Server - usage</html>', 'skip'],
    [200, '<html>captive portal</html>', 'retry'],
    [400, 'bad request', 'skip'],
    [401, 'unauthorized', 'refused'],
    [408, '', 'retry'],
    [429, '', 'throttled'],
    [302, '', 'retry'],
    [503, '', 'retry'],
  ])('takes %i "%s" as %s', (status, body, kind) => {
    expect(service('wunderground').judge({ status, body }).kind).toBe(kind);
  });
});

describe('wunderground_rapidfire', () => {
  const compose = (now: number) => service('wunderground_rapidfire').compose(full, settings, { ...around, now });

  it('sends a fresh record to the RapidFire host with its true period', () => {
    const post = compose(TIME + 5_000);
    expect(post).toMatchObject({ url: expect.stringMatching(/^https:\/\/rtupdate\./) });
    expect(queryOf(post).get('rtfreq')).toBe('18');
  });

  it('sends an old record to the standard host', () => {
    const post = compose(TIME + 3_600_000);
    expect(post).toMatchObject({ url: expect.stringMatching(/^https:\/\/weatherstation\./) });
    expect(queryOf(post).has('realtime')).toBe(false);
  });
});

describe('other services', () => {
  it('PWSweather: an error page with status 200 is a refusal', () => {
    const judge = service('pwsweather').judge;
    expect(judge({ status: 200, body: '<html>\nData Logged and posted\n</html>' }).kind).toBe('stored');
    expect(judge({ status: 200, body: '<html>\nERROR: Not a vailid Station ID\n</html>' }).kind).toBe('refused');
  });

  it('Windy: metric values, a duplicate counts as stored, the wait asked for is kept', () => {
    const windy = service('windy');
    const sent = queryOf(windy.compose(full, settings, around));
    expect(Object.fromEntries(sent)).toMatchObject({
      temp: '20.0',
      wind: '2.2',
      gust: '8.9',
      mbar: '1013.3',
      precip: '2.5',
    });
    expect(windy.judge({ status: 409, body: '' }).kind).toBe('stored');
    expect(windy.judge({ status: 429, body: '', retryAfter: 120 })).toMatchObject({
      kind: 'throttled',
      retryAfter: 120,
    });
  });

  it('OpenWeatherMap: a JSON array under its own time, stored only with 204', () => {
    const owm = service('openweathermap');
    const post = owm.compose({ time: TIME, temperature: 20.04 }, settings, around);
    expect(post).toMatchObject({ method: 'POST', url: expect.stringContaining('appid=p%20w%2B1') });
    expect(JSON.parse(post.kind === 'http' ? (post.body ?? '') : '')).toEqual([
      { station_id: 'KTEST1', dt: TIME / 1000, temperature: 20 },
    ]);
    expect(owm.judge({ status: 204, body: '' }).kind).toBe('stored');
    expect(owm.judge({ status: 200, body: '' }).kind).toBe('retry');
  });

  it('http: fills the template, leaves out what was not measured, names an unknown field', () => {
    const http = service('http');
    const url = 'https://example.org/{id}?t={temperature}&p={pressure_station}&at={time}&k={key}&fixed=1';
    expect(http.compose({ time: TIME, temperature: 20 }, { ...settings, url }, around)).toMatchObject({
      url: `https://example.org/KTEST1?t=20&at=${TIME / 1000}&k=p%20w%2B1&fixed=1`,
    });
    expect(http.lacks({ ...settings, url: 'https://example.org/?t={temprature}' }, around)).toContain('{temprature}');
    expect(http.lacks(settings, around)).toContain('url');
  });
});

describe('cwop', () => {
  const cw = { ...settings, id: 'cw1234', key: '' };

  it('writes the packet with every field in its width', () => {
    expect(packet(full, cw, around)).toBe(
      'CW1234>APRS,TCPIP*:@011234z4807.38N/01127.36W_200/005g015t068r010p050P020h55b10133Cupboard/1.2.3',
    );
  });

  it('uses dots for what is missing, -05 for frost, h00 for 100 %, 360 for north', () => {
    const cold = { time: TIME, temperature: -20.6, humidity: 100, wind_direction: 0, wind_speed: 1 };
    expect(packet(cold, cw, around)).toContain('_360/002g...t-05r...p...P...h00b.....');
  });

  it('rounds the position to 0.01 degrees unless told otherwise', () => {
    expect(packet(full, cw, { ...around, exactPosition: false })).toContain('4807.20N/01127.60W');
  });

  it('asks for a call sign and a location', () => {
    const lacks = service('cwop').lacks;
    expect(lacks({ ...cw, id: '' }, around)).toContain('call sign');
    expect(lacks(cw, { ...around, location: undefined })).toContain('location');
    expect(lacks(cw, around)).toBeUndefined();
  });

  it('sends a login line first and takes a rejected login as refusal', () => {
    const post = service('cwop').compose(full, cw, around);
    expect(post).toMatchObject({ kind: 'tcp', host: 'cwop.aprs.net', port: 14580 });
    expect(post.kind === 'tcp' && post.lines[0]).toBe('user CW1234 pass -1 vers Cupboard 1.2.3');
    expect(service('cwop').judge({ status: 0, body: '# logresp CW1234 rejected' }).kind).toBe('refused');
    expect(service('cwop').judge({ status: 0, body: '# logresp CW1234 unverified' }).kind).toBe('stored');
  });
});
