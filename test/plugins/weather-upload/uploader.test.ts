import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import type { Observation } from '../../../plugins/weather-upload/observation.ts';
import { MIGRATIONS, openQueue } from '../../../plugins/weather-upload/queue.ts';
import { SERVICES } from '../../../plugins/weather-upload/services/index.ts';
import type { Service, ServiceSettings } from '../../../plugins/weather-upload/services/service.ts';
import { createUploader, type UploadState } from '../../../plugins/weather-upload/uploader.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { ACCOUNT, answer, startAprs, startHttp, startWunderground } from './strict-services.ts';

/** An uploader on a real database file, with everything it said. */
async function start(settings: Partial<ServiceSettings> & { type: string }, file?: string) {
  const database = new Database(file ?? join(await temporaryFolder(), 'queue.db'));
  if (database.pragma('user_version', { simple: true }) === 0) {
    for (const migration of MIGRATIONS) database.exec(migration);
    database.pragma('user_version = 1');
  }
  const stopping = new AbortController();
  const states: UploadState[] = [];
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const uploader = createUploader({
    service: SERVICES[settings.type] as Service,
    settings: { name: settings.type, interval: 60, ...ACCOUNT, ...settings },
    queue: openQueue(database, settings.type),
    around: () => ({
      now: Date.now(),
      location: { latitude: 48, longitude: 11 },
      software: 'Cupboard/0',
      includeIndoor: false,
      exactPosition: false,
    }),
    keepDirection: true,
    catchUpMs: Number.POSITIVE_INFINITY,
    log: { debug: say, info: say, warn: say, error: say },
    signal: stopping.signal,
    publish: (state) => void states.push(state),
  });
  const running = uploader.run();
  const stop = async () => {
    stopping.abort();
    await running;
    database.close();
  };
  onTestFinished(async () => {
    if (!stopping.signal.aborted) await stop();
  });
  const state = () => states.at(-1) as UploadState;
  return { uploader, state, lines, states, stop };
}

/** An address nobody listens on. */
async function closedPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/up`;
}

const past = (minute: number, temperature = 10): Observation => ({
  time: Date.UTC(2026, 0, 1, 0, minute),
  temperature,
});

it('stores a record and says so', async () => {
  const service = await startWunderground();
  const { uploader, state } = await start({ type: 'wunderground', url: service.url });
  uploader.take({ time: Date.now(), temperature: 20, humidity: 50 });
  await waitFor('the record', () => service.stored.length === 1);
  await waitFor('ok', () => state().state === 'ok' && state().last_success !== null);
  expect(service.stored[0]?.get('tempf')).toBe('68.0');
});

it('keeps what an outage held up and sends it oldest first with its true time, live data before it', async () => {
  const service = await startWunderground();
  service.respond = (_, response) => {
    answer(response, 503, 'maintenance');
    return true;
  };
  const folder = await temporaryFolder();
  const first = await start({ type: 'wunderground', url: service.url }, join(folder, 'queue.db'));
  for (const minute of [0, 1, 2]) first.uploader.take(past(minute));
  await waitFor('retrying', () => first.state().state === 'retrying');
  await first.stop();
  service.respond = undefined;

  const second = await start({ type: 'wunderground', url: service.url }, join(folder, 'queue.db'));
  const live = { time: Date.now(), temperature: 20 };
  second.uploader.take(live);
  await waitFor('all four', () => service.stored.length === 4);
  const times = service.stored.map((parameters) => parameters.get('dateutc'));
  const old = ['2026-01-01 00:00:00', '2026-01-01 00:01:00', '2026-01-01 00:02:00'];
  expect(times.filter((time) => old.includes(String(time)))).toEqual(old);
  expect(times.indexOf(new Date(live.time).toISOString().slice(0, 19).replace('T', ' '))).toBeLessThan(2);
});

it('sends at most one record again, under the same time, when it is cut off before it knows the answer', async () => {
  const service = await startWunderground();
  const asked: string[] = [];
  service.respond = (request) => {
    asked.push(String(new URL(String(request.url), service.url).searchParams.get('dateutc')));
    return true; // taken, but the answer never arrives
  };
  const folder = await temporaryFolder();
  const first = await start({ type: 'wunderground', url: service.url }, join(folder, 'queue.db'));
  for (const minute of [0, 1, 2]) first.uploader.take(past(minute));
  await waitFor('the first post', () => asked.length === 1);
  await first.stop();
  service.respond = undefined;

  const second = await start({ type: 'wunderground', url: service.url }, join(folder, 'queue.db'));
  await waitFor('the rest', () => second.state()?.queued === 0 && service.stored.length === 3);
  expect(service.stored.map((parameters) => parameters.get('dateutc'))).toEqual([
    asked[0],
    '2026-01-01 00:01:00',
    '2026-01-01 00:02:00',
  ]);
});

it('stops at a refused account, says what to do, and never shows the key', async () => {
  const service = await startWunderground();
  const key = 'wr0ng key&';
  const { uploader, state, states, lines } = await start({ type: 'wunderground', url: service.url, key });
  uploader.take(past(0));
  uploader.take(past(1));
  await waitFor('refused', () => state().state === 'refused' && state().queued === 2);
  expect(state().advice).toContain('key');
  expect(service.refused).toEqual(['account']);
  const test = await uploader.test();
  expect(test).toMatchObject({ ok: false, status: 401 });
  const said = JSON.stringify([states, lines, test]);
  expect(said).toContain('***');
  expect(said).not.toContain(key);
  expect(said).not.toContain(encodeURIComponent(key));
});

it('drops a record the service cannot read and goes on with the next', async () => {
  const service = await startWunderground();
  const { uploader, state } = await start({ type: 'wunderground', url: service.url });
  uploader.take({ ...past(0), humidity: 1e300 });
  uploader.take(past(1));
  await waitFor('the second', () => service.stored.length === 1);
  await waitFor('an empty queue', () => state().queued === 0);
  expect(service.refused[0]).toContain('humidity');
  expect(state().last_error).toBe('HTTP 400');
});

it('says that a service cannot be reached without showing its address', async () => {
  const { uploader, state, lines } = await start({ type: 'wunderground', url: await closedPort() });
  uploader.take(past(0));
  await waitFor('retrying', () => state().state === 'retrying');
  expect(state()).toMatchObject({ queued: 1, last_error: 'connection refused' });
  expect(lines.join()).not.toContain(ACCOUNT.key);
});

it('does not post without an essential field and names it', async () => {
  const service = await startWunderground();
  const { uploader, state } = await start({ type: 'wunderground', url: service.url });
  uploader.take({ time: Date.now(), humidity: 50 });
  expect(state().advice).toContain('temperature');
  expect(state().queued).toBe(0);
  expect(await uploader.test()).toMatchObject({ ok: false });
  expect(service.stored).toEqual([]);
});

it('keeps simulated data in the house', async () => {
  const { uploader, state } = await start({ type: 'wunderground' });
  uploader.take({ time: Date.now(), temperature: 20, simulated: true });
  expect(state()).toMatchObject({ state: 'simulated', queued: 0 });
  expect(await uploader.test()).toMatchObject({ ok: false });
});

it('is disabled with advice until the account is set', async () => {
  const { state } = await start({ type: 'wunderground', key: '' });
  expect(state()).toMatchObject({ state: 'disabled', advice: 'set key to the station key of the service' });
});

it('gives up a record that came too often and waits as long as it was asked to', async () => {
  const asked: string[] = [];
  const service = await startHttp((request, response) => {
    asked.push(String(request.url));
    response.writeHead(429, { 'retry-after': '3600' }).end();
  });
  const { uploader, state } = await start({ type: 'windy', url: service.url });
  uploader.take({ time: Date.now(), temperature: 1 });
  await waitFor('retrying', () => state().state === 'retrying');
  expect(state().queued).toBe(0);
  expect(asked).toHaveLength(1);
});

it('speaks to an APRS server and never sends it an old record', async () => {
  const service = await startAprs();
  const { uploader, state } = await start({ type: 'cwop', url: service.url, id: 'CW1234', key: '', interval: 300 });
  uploader.take(past(0));
  uploader.take({ time: Date.now(), temperature: -5, humidity: 100 });
  await waitFor('the packet', () => service.packets.length === 1);
  await waitFor('an empty queue', () => state().queued === 0 && state().state === 'ok');
  expect(service.packets[0]).toContain('t023');
  expect(service.refused).toEqual([]);
});
