import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../../support/hub.ts';

const CLIMATE = '01 8b fa 78 00 08 48 25 03 ff';
const MS5607 = '0200008000000000000400100000000960010101018fc74cd3';
/** A wind and rain report of the same sensor with so many tips. */
const rainReport = (tips: number) =>
  Buffer.from([0x01, 0x8b, 0xfa, 0x71, 0x01, 0x39, tips >> 7, tips & 0x7f, 0x03, 0xff]).toString('hex');

/** A hub whose acurite plugin replays these lines, one every few milliseconds. */
async function replaying(lines: readonly string[], dataDir?: string): Promise<RunningHub> {
  const folder = await temporaryFolder();
  const file = join(folder, 'capture.txt');
  await writeFile(file, lines.join('\n'));
  const acurite = { transport: 'replay', replay: { file, interval_ms: 5 } };
  return startHub({ config: { timezone: 'Etc/UTC', plugins: { acurite } }, ...(dataDir && { dataDir }) });
}

async function topic(hub: RunningHub, name: string): Promise<string | undefined> {
  const { body } = await hub.api<{ payload: string }[]>('GET', `/api/v1/topics?filter=${name}`);
  return body[0]?.payload;
}
const json = async (hub: RunningHub, name: string) => JSON.parse((await topic(hub, name)) ?? '{}');

/** Waits until so many reports were taken or refused. */
const seen = (hub: RunningHub, count: number) =>
  waitFor(`${count} reports`, async () => {
    const { accepted = 0, rejected = {} } = await json(hub, 'acurite/link');
    const refused = Object.values<number>(rejected).reduce((sum, n) => sum + n, 0);
    return accepted + refused >= count;
  });

describe('a replayed capture', () => {
  it('becomes readings under their own time, and the plugin stays when it has ended', async () => {
    const hub = await replaying([`1763821058000 ${CLIMATE}`, `1763821076000 ${rainReport(12)}`, MS5607]);
    await seen(hub, 3);
    expect(await json(hub, 'acurite/outdoor')).toMatchObject({
      time: 1763821076000,
      updated: expect.arrayContaining(['wind_speed', 'rain_total', 'channel']),
      temperature: 20.89,
      humidity: 37,
      wind_speed: 2.81,
      wind_direction: 135,
      rain_count: 12,
      rain_total: 0,
      signal: 3,
      battery_low: false,
      sensor_id: 0xbfa,
      channel: 'B',
      simulated: true,
    });
    expect(await json(hub, 'acurite/console')).toMatchObject({ temperature: 22.15, pressure: 1021.19 });
    expect(await topic(hub, 'acurite/outdoor/temperature')).toBe('20.89');
    expect(await json(hub, 'acurite/link')).toMatchObject({
      state: 'ok',
      advice: '',
      transport: 'replay',
      accepted: 3,
    });
    await waitFor('the plugin to run', async () => (await json(hub, 'hub/plugins/acurite')).state === 'running');
  });

  it('with bad reports shows none of them, counts each, and says what to do', async () => {
    const slipped = '0117f5f10111914b07ff';
    const hub = await replaying([CLIMATE, '01 8b fa 75 00 08 48 25 03 ff', 'noise', '018bfa780f7d482500ff', slipped]);
    await seen(hub, 5);
    expect(await json(hub, 'acurite/link')).toMatchObject({
      state: 'bit_slip',
      advice: expect.stringContaining('USB plug'),
      accepted: 1,
      rejected: { invalid: 2, stale: 1, bit_slip: 1 },
      simulated: true,
    });
    await waitFor('the plugin to wait', async () => (await json(hub, 'hub/plugins/acurite')).state === 'waiting');
    expect(await topic(hub, 'acurite/outdoor/temperature')).toBe('20.89');
  });

  it('that is not there is told, not a crash', async () => {
    const hub = await startHub({
      config: { plugins: { acurite: { transport: 'replay', replay: { file: 'missing.txt' } } } },
    });
    await waitFor('the advice', async () => /ENOENT/.test((await json(hub, 'acurite/link')).advice));
  });

  it('comes back out as a capture that gives the same readings', async () => {
    const lines = [CLIMATE, rainReport(12), MS5607, 'ff', rainReport(14)].map(
      (hex, slot) => `${1763821058000 + slot * 18_000} ${hex}`,
    );
    const first = await replaying(lines);
    await seen(first, lines.length);
    const capture = await first.api<string>('GET', '/plugins/acurite/capture.txt');
    expect(capture.body.trim().split('\n')).toEqual(lines.map((line) => line.replace(/(?<=\s\S+) /g, '')));
    const part = await first.api<string>(
      'GET',
      '/plugins/acurite/capture.txt?from=2025-11-22T14:17:56Z&to=1763821094000',
    );
    expect(part.body.trim().split('\n')).toHaveLength(2);
    const reports = await first.api<{ status: string }[]>('GET', '/plugins/acurite/reports');
    expect(reports.body.map(({ status }) => status)).toEqual(['ok', 'invalid', 'ok', 'ok', 'ok']);

    const second = await replaying(capture.body.split('\n'));
    await seen(second, lines.length);
    for (const name of ['acurite/outdoor', 'acurite/console']) {
      expect(await json(second, name)).toEqual(await json(first, name));
    }
  });
});

it('counts rain across restarts, also what fell while the hub was off', async () => {
  const first = await replaying(
    [rainReport(7400), rainReport(7402)].map((hex, slot) => `${1763821058000 + slot * 36_000} ${hex}`),
  );
  await seen(first, 2);
  expect(await topic(first, 'acurite/outdoor/rain_total')).toBe('0.508');
  await first.kill();

  const second = await replaying([`${1763821058000 + 3_600_000} ${rainReport(7412)}`], first.dataDir);
  await waitFor('the rain of the hour', async () => (await topic(second, 'acurite/outdoor/rain_total')) === '3.048');
});

describe('the command decode', () => {
  const decode = async (hub: RunningHub, hex: unknown) =>
    (await hub.api('POST', '/api/v1/plugins/acurite/commands/decode', { hex })).body;

  it('says what a report means, without touching any state', async () => {
    const hub = await replaying([CLIMATE]);
    await seen(hub, 1);
    const before = await json(hub, 'acurite/link');
    expect(await decode(hub, '01 cd ff 71 01 39 39 71 03 ff')).toEqual({
      ok: true,
      report: 1,
      status: 'ok',
      wind_speed: 2.81,
      wind_direction: 135,
      rain_count: 7409,
      signal: 3,
      battery_low: false,
      sensor_id: 0xdff,
      channel: 'A',
    });
    expect(await decode(hub, MS5607)).toEqual({
      ok: true,
      report: 2,
      status: 'ok',
      temperature: 22.15,
      pressure: 1021.19,
    });
    expect(await decode(hub, '018bfa78000848 25 00 00')).toEqual({
      ok: true,
      report: 1,
      status: 'stale',
      reason: expect.stringContaining('no longer heard'),
      signal: 0,
      battery_low: false,
      sensor_id: 0xbfa,
      channel: 'B',
    });
    expect(await decode(hub, '018bfa780008487f03ff')).toMatchObject({ status: 'out_of_range', temperature: 20.89 });
    expect(await decode(hub, '018bfa780008487f03ff')).not.toHaveProperty('humidity');
    expect(await decode(hub, 'hello')).toMatchObject({
      ok: false,
      expected: expect.stringContaining('10 or 25 bytes'),
      got: 'hello',
    });
    expect(await decode(hub, '018bfa')).toMatchObject({ ok: false, got: '3 bytes' });
    expect(await json(hub, 'acurite/link')).toEqual(before);
  });
});

it('without a console is waiting for one, and says so', async () => {
  const hub = await startHub({ config: { plugins: { acurite: { path: 'nowhere' } } } });
  const link = await waitFor('the link', async () => {
    const now = await json(hub, 'acurite/link');
    return now.state === 'unplugged' && now;
  });
  expect(link.advice).toContain('powered USB hub');
  expect(link).not.toHaveProperty('simulated');
  const plugin = await waitFor('the plugin to wait', async () => {
    const now = await json(hub, 'hub/plugins/acurite');
    return now.state === 'waiting' && now;
  });
  expect(plugin).toMatchObject({ reason: 'no console found', advice: link.advice });
});

it('simulates a console whose every reading is marked', async () => {
  const hub = await startHub({ config: { plugins: { acurite: { transport: 'simulator', poll_seconds: 6 } } } });
  await waitFor(
    'both outdoor messages',
    async () =>
      (await json(hub, 'acurite/outdoor')).rain_total !== undefined &&
      (await json(hub, 'acurite/outdoor')).temperature !== undefined,
  );
  for (const name of ['acurite/outdoor', 'acurite/console', 'acurite/link', 'hub/devices/acurite/outdoor']) {
    expect(await json(hub, name)).toMatchObject({ simulated: true });
  }
});
