import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { ACCOUNT, startWunderground } from '../plugins/weather-upload/strict-services.ts';
import { captureOf } from '../support/acurite-reports.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';

const run = promisify(execFile);
const START = Date.UTC(2026, 5, 1, 0, 0, 0);

/** A house with a station that replays a capture, the weather, and an upload to `url`. */
function house(capture: string, url: string, upload: object = {}) {
  return {
    name: 'house',
    location: { latitude: 48.1, longitude: 11.6, elevation: 519 },
    timezone: 'Europe/Berlin',
    plugins: {
      acurite: { transport: 'replay', replay: { file: capture, interval_ms: 1 } },
      weather: {},
      'weather-upload': { services: [{ type: 'wunderground', ...ACCOUNT, interval: 300, url, ...upload }] },
    },
  };
}

/** mosquitto_sub as a user runs it; answers the lines it printed so far. */
function mosquittoSub(hub: RunningHub, version: 'mqttv311' | 'mqttv5', filter: string): () => string[] {
  const { hostname, port } = new URL(hub.mqtt);
  const child = spawn('mosquitto_sub', ['-V', version, '-h', hostname, '-p', port, '-v', '-t', filter]);
  onTestFinished(() => void child.kill());
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return () => text.split('\n').filter((line) => line !== '');
}

async function sqlite<Row>(file: string, sql: string): Promise<Row[]> {
  const { stdout } = await run('sqlite3', ['-json', '-readonly', file, sql], { maxBuffer: 64 << 20 });
  return stdout.trim() === '' ? [] : (JSON.parse(stdout) as Row[]);
}

interface History {
  readonly resolution: string;
  readonly points: readonly (readonly [number, number, number, number])[];
}

it('carries a day of reports from the console to topics, history and Weather Underground', {
  timeout: 180_000,
}, async () => {
  const folder = await temporaryFolder();
  const capture = join(folder, 'capture.txt');
  await writeFile(capture, captureOf(START, 24));
  const service = await startWunderground();
  const hub = await startHub({ config: house(capture, service.url) });
  const [old, current] = [mosquittoSub(hub, 'mqttv311', 'acurite/#'), mosquittoSub(hub, 'mqttv5', 'weather/#')];

  const last = START + 86_400_000 - 18_000;
  const history = async (series: string) => {
    const path = `/api/v1/history?series=${series}&from=${START}&to=${START + 86_400_000}&points=100000`;
    return (await hub.api<History>('GET', path)).body;
  };
  await waitFor(
    'the last reading in the history',
    async () => (await history('acurite/outdoor/wind_speed')).points?.some(([time]) => time === last),
    120,
  );

  expect(old().some((line) => /^acurite\/outdoor\/temperature \d/.test(line))).toBe(true);
  expect(current().some((line) => /^weather\/current \{.*"simulated":true/.test(line))).toBe(true);

  const recorder = join(hub.dataDir, 'recorder.db');
  for (const series of ['acurite/outdoor/temperature', 'acurite/outdoor/rain_total', 'acurite/console/pressure']) {
    const { points, resolution } = await history(series);
    const rows = await sqlite<{ value: number }>(
      recorder,
      `SELECT value FROM readings WHERE series = '${series}' ORDER BY time`,
    );
    expect(resolution).toBe('raw');
    expect(points.length).toBeGreaterThan(1000);
    expect(points.map(([, , mean]) => mean)).toEqual(rows.map(({ value }) => value));
  }

  // One tip every 900 s from the first report on: 95 after the first baseline.
  const rain = (await history('acurite/outdoor/rain_total')).points.at(-1);
  expect(rain?.[2]).toBeCloseTo(95 * 0.254, 3);

  await waitFor('the uploads of the day', () => service.stored.length >= 280, 120);
  expect(service.refused).toEqual([]);
  const times = service.stored.map((parameters) => parameters.get('dateutc'));
  expect(new Set(times).size).toBe(times.length);
  expect(hub.output()).not.toContain(ACCOUNT.key);
  expect(await hub.stop()).toBe(0);
});

it('loses nothing that was acknowledged when it is killed', { timeout: 180_000 }, async () => {
  const folder = await temporaryFolder();
  const capture = join(folder, 'capture.txt');
  await writeFile(capture, captureOf(START, 6));
  const service = await startWunderground();
  const config = house(capture, service.url, { interval: 60 });
  const first = await startHub({ config });

  // A reader with a session that is away, so that all it is owed must be on disk.
  const session = { clientId: 'reader', clean: false, protocolVersion: 4 } as const;
  const reader = await mqtt.connectAsync(first.mqtt, session);
  await reader.subscribeAsync('test/number', { qos: 1 });
  await reader.endAsync();

  const writer = await mqtt.connectAsync(first.mqtt, { clientId: 'writer', reconnectPeriod: 0 });
  const acknowledged: number[] = [];
  const killAfter = 300 + Math.floor(Math.random() * 1500);
  for (let number = 0; number < killAfter; number += 1) {
    writer.publish('test/number', String(number), { qos: 1, retain: true }, (error) => {
      if (error === null || error === undefined) acknowledged.push(number);
    });
  }
  await waitFor(`${killAfter / 2} acknowledgements`, () => acknowledged.length > killAfter / 2);
  await waitFor('some uploads', () => service.stored.length > 3);
  await first.kill();
  writer.end(true);
  const owed = [...acknowledged];

  const second = await startHub({ dataDir: first.dataDir });
  const seen: number[] = [];
  const back = mqtt.connect(second.mqtt, session);
  onTestFinished(() => void back.end(true));
  back.on('message', (_, payload) => seen.push(Number(payload)));
  await waitFor('what the reader is owed', () => owed.every((number) => seen.includes(number)));
  const once = [...new Set(seen)];
  expect(once).toEqual([...once].sort((a, b) => a - b));

  const retained = await second.api<{ payload: string }[]>('GET', '/api/v1/topics?filter=test/number');
  expect(Number(retained.body[0]?.payload)).toBeGreaterThanOrEqual(Math.max(...owed));

  // The capture plays again from its start; at its end every record has been uploaded, one of them twice at the most.
  const expected = 6 * 60 - 2;
  await waitFor(
    'every upload',
    () => new Set(service.stored.map((parameters) => parameters.get('dateutc'))).size >= expected * 0.8,
    120,
  );
  const times = service.stored.map((parameters) => parameters.get('dateutc'));
  expect(times.length - new Set(times).size).toBeLessThanOrEqual(1);
  expect(first.output() + second.output()).not.toContain(ACCOUNT.key);
});
