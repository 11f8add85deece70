import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import axe, { type AxeResults } from 'axe-core';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { captureLine, pressureReport, temperatureReport, windRainReport } from '../support/acurite-reports.ts';
import { hasChromium, openPanel } from '../support/browser.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

const run = promisify(execFile);
const MINUTE = 60_000;

const location = { latitude: 52.5, longitude: 13.4, elevation: 200 };
/** A station of somebody else's, on topics of its own. */
const ownStation = (weather: object = {}) => ({
  name: 'Hilltop',
  timezone: 'Europe/Berlin',
  location,
  plugins: { weather: { source: { outdoor: 'station/outdoor', indoor: 'station/indoor' }, ...weather } },
});

const broker = ({ mqtt }: RunningHub) => ['-h', new URL(mqtt).hostname, '-p', new URL(mqtt).port];
const publish = (hub: RunningHub, topic: string, message: object) =>
  run('mosquitto_pub', [...broker(hub), '-q', '1', '-t', topic, '-m', JSON.stringify(message)]);
async function read(hub: RunningHub, topic: string): Promise<string> {
  const { stdout } = await run('mosquitto_sub', [...broker(hub), '-C', '1', '-W', '10', '-t', topic]);
  return stdout.trim();
}
const command = async (hub: RunningHub, name: string, args: object) =>
  (await hub.api<Record<string, unknown>>('POST', `/api/v1/plugins/weather/commands/${name}`, args)).body;

interface Weather {
  readonly time: number;
  readonly simulated?: boolean;
  readonly [field: string]: unknown;
}
/** The retained state, once it is of `time`. */
const weatherAt = (hub: RunningHub, time: number) =>
  waitFor(`weather of ${time}`, async () => {
    const { body } = await hub.api<{ payload: string }[]>('GET', '/api/v1/topics?filter=weather/current');
    const state = body[0] && (JSON.parse(body[0].payload) as Weather);
    return state?.time === time && state;
  });

const isListening = (hub: RunningHub) =>
  waitFor('the plugin', async () => {
    const { body } = await hub.api<{ id: string; state: string }[]>('GET', '/api/v1/plugins');
    return body.some(({ id, state }) => id === 'weather' && (state === 'waiting' || state === 'running'));
  });

testNeeding('mosquitto_pub', 'mosquitto_sub')(
  'derives the weather of any station and goes on after kill -9',
  async () => {
    const first = await startHub({ config: ownStation() });
    await isListening(first);
    const now = Date.now() - MINUTE;
    const outdoor = { temperature: -2, humidity: 70, wind_speed: 12, wind_direction: 350, rain_total: 100 };
    await publish(first, 'station/outdoor', { time: now, ...outdoor });
    await publish(first, 'station/indoor', { time: now + 1, temperature: 21.5, pressure: 990 });
    expect(await weatherAt(first, now + 1)).toMatchObject({
      temperature: -2,
      wind_chill: expect.closeTo(-10.32, 2),
      wind_gust_10m: 12,
      pressure_station: 990,
      pressure_sea_level: expect.closeTo(1013.9, 1),
      indoor_temperature: 21.5,
      rain_today: 0,
    });
    expect(await read(first, 'weather/current/temperature')).toBe('-2');
    expect(await command(first, 'derive', { temperature: 31, humidity: 60, pressure: 990 })).toMatchObject({
      ok: true,
      heat_index: expect.closeTo(34.85, 1),
      pressure_sea_level: expect.closeTo(1013.9, 1),
    });
    expect(await command(first, 'derive', { temperature: 31, humidity: 'wet' })).toMatchObject({
      ok: false,
      got: 'wet',
    });
    await first.kill();

    const second = await startHub({ dataDir: first.dataDir });
    await isListening(second);
    await publish(second, 'station/outdoor', {
      time: now + 30_000,
      wind_speed: 3,
      wind_direction: 10,
      rain_total: 102.5,
    });
    expect(await weatherAt(second, now + 30_000)).toMatchObject({
      rain_today: 2.5,
      rain_24h: 2.5,
      wind_gust_10m: 12,
      wind_direction_avg_10m: expect.closeTo(353.97, 1),
    });
    expect(await command(second, 'records', { period: 'all' })).toMatchObject({
      ok: true,
      simulated: false,
      rain_total: 2.5,
      extremes: { wind_gust: { max: { value: 12 } } },
    });
    expect(await second.stop()).toBe(0);
  },
);

testNeeding('sqlite3')('replays an hour of console reports into a minute archive, marked simulated', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'capture.txt');
  const start = Date.parse('2026-06-01T10:00:00Z');
  const lines: string[] = [];
  for (let second = 18; second <= 3600; second += 18) {
    const turns = second === 1800 ? 40 : 8;
    const isClimate = (second / 18) % 2 === 0;
    const report = isClimate
      ? temperatureReport(turns, 680, 50)
      : windRainReport(turns, 270, 100 + Math.floor(second / 600));
    lines.push(captureLine(start + second * 1000, report));
    if (second % 60 < 18) lines.push(captureLine(start + second * 1000, pressureReport(990, 21)));
  }
  await writeFile(file, lines.join('\n'));
  const config = { ...ownStation(), plugins: { weather: {} } };
  const hub = await startHub({ config });
  await isListening(hub);
  const replay = { transport: 'replay', replay: { file, interval_ms: 2 } };
  await hub.api('PUT', '/api/v1/plugins/acurite/config', replay);
  expect(await weatherAt(hub, start + 3600_000)).toMatchObject({
    simulated: true,
    temperature: 20,
    pressure_station: 990,
  });
  await command(hub, 'records', {});

  const database = join(hub.dataDir, 'plugin-data', 'weather', 'store.db');
  const columns =
    'count(*), sum(interval), min(simulated), round(avg(temperature), 3), round(max(wind_gust), 2), round(sum(rain), 3)';
  const range = `time > ${start} AND time <= ${start + 3600_000}`;
  const { stdout } = await run('sqlite3', ['-readonly', database, `SELECT ${columns} FROM archive WHERE ${range}`]);
  // 40 cup turns are 34.112 km/h; five tips fell after the first report, the sixth came with none.
  expect(stdout.trim()).toBe('60|60|1|20.0|9.48|1.27');
});

testNeeding('cp')('takes in the years of weewx, reports them, and publishes a page of its own', async () => {
  const folder = await temporaryFolder();
  const weewx = join(folder, 'weewx.sdb');
  const database = new Database(weewx);
  database.exec(
    'CREATE TABLE archive (dateTime INTEGER PRIMARY KEY, usUnits INTEGER, interval INTEGER, outTemp REAL, rain REAL)',
  );
  const insert = database.prepare('INSERT INTO archive VALUES (?, 1, 5, ?, ?)');
  const start = Date.parse('2019-12-31T23:00:00Z') / 1000;
  database.transaction(() => {
    for (let row = 1; row <= 31 * 288; row += 1)
      insert.run(start + row * 300, row % 288 < 144 ? 32 : 50, row % 288 === 0 ? 0.1 : 0);
  })();
  database.close();

  const page = { folder: join(folder, 'public'), every: 5, command: ['cp', 'index.html', '../copy.html'] };
  const hub = await startHub({ config: ownStation({ publish: page }) });
  await isListening(hub);
  const rows = 31 * 288;
  expect(await command(hub, 'import', { weewx })).toMatchObject({ ok: true, rows, imported: rows, known: 0 });
  expect(await command(hub, 'import', { weewx })).toMatchObject({ ok: true, rows, imported: 0, known: rows });
  const report = await command(hub, 'report', { month: '2020-01', units: 'imperial' });
  expect(report).toMatchObject({ ok: true, summary: { high: 10, low: 0, rain: 78.74 } });
  expect(report['text']).toContain('NAME: Hilltop');
  expect(report['text']).toMatch(/^ 31 +41\.0 +50\.0/m);
  expect(await command(hub, 'report', { month: '2018-01' })).toMatchObject({
    ok: false,
    expected: '2020-01-01 to 2020-01-31',
  });
  expect(await command(hub, 'import', { weewx: join(folder, 'none.sdb') })).toMatchObject({ ok: false });
  const { stdout } = await waitFor('the copied page', () =>
    run('cat', [join(folder, 'copy.html')]).catch(() => undefined),
  );
  expect(stdout).toContain('<h1>Weather at Hilltop</h1>');
});

describe.skipIf(!hasChromium && process.env['CI'] !== 'true')('the weather page, in Chromium', () => {
  const openWeather = (hub: RunningHub) => openPanel(hub, 'weather');

  test('shows conditions, compass, history, records and report, and what is missing by name', async () => {
    const hub = await startHub({ config: { ...ownStation(), location: undefined, units: 'imperial' } });
    await isListening(hub);
    const page = await openWeather(hub);
    await page.getByText('No weather yet.').waitFor();

    const outdoor = { temperature: 20, humidity: 50, wind_speed: 5, wind_direction: 225, rain_total: 0 };
    const publishState = (topic: string, payload: object) => hub.api('POST', '/api/v1/publish', { topic, payload });
    await publishState('station/outdoor', outdoor);
    await publishState('station/outdoor', { ...outdoor, rain_total: 2.54 });
    await publishState('station/indoor', { temperature: 21, pressure: 1000 });
    await page.locator('.air .big-value', { hasText: '68.0' }).waitFor();
    await page.getByRole('img', { name: 'Wind 11.2 mph, from SW, 225°, gusts 11.2 mph' }).waitFor();
    await page.locator('.rain .big-value', { hasText: '0.10' }).waitFor();
    await page.getByRole('heading', { name: 'Pressure at the station' }).waitFor();
    await page.getByText('Set the height of your house').waitFor();

    await page.reload();
    await page.getByRole('row', { name: /^Warmest 68\.0/ }).waitFor();
    await page.getByRole('button', { name: '30 days' }).click();
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('MONTHLY CLIMATOLOGICAL SUMMARY').waitFor();

    await publishState('station/outdoor', { temperature: 500 });
    await page.getByText('A sensor sends values that cannot be true.').waitFor();
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate<AxeResults>(
        "axe.run('.weather-panel', { resultTypes: ['violations'] })",
      );
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    }

    await hub.api('POST', '/api/v1/plugins/weather/stop');
    await page.getByText('The plugin is not running').waitFor();
  });
});
