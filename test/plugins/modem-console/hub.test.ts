import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { type FarEnd, plugIn } from '../../support/pseudo-terminal.ts';

const CM = readFileSync(new URL('../../fixtures/modem-console/cg3100d2-cm.txt', import.meta.url), 'latin1');
const LINUX = 'Linux version 2.6.30-V2.06.05u (gcc)\r\nKernel command line: root=mtd:rootfs\r\nmodem login: ';

interface Topic {
  readonly topic: string;
  readonly payload: string;
}

/** The JSON retained on a topic, once `test` holds of it. */
function topic<T>(hub: RunningHub, name: string, test: (payload: T) => boolean): Promise<T> {
  return waitFor(`${name}`, async () => {
    const { body } = await hub.api<Topic[]>('GET', `/api/v1/topics?filter=${encodeURIComponent(name)}`);
    const payload = body[0] && (JSON.parse(body[0].payload) as T);
    return payload !== undefined && test(payload) ? payload : undefined;
  });
}

const command = async <T = Record<string, unknown>>(hub: RunningHub, name: string, args: object = {}): Promise<T> =>
  (await hub.api<T>('POST', `/api/v1/plugins/modem-console/commands/${name}`, args)).body;

const state = (hub: RunningHub, id: string, wanted: string) =>
  topic<{ state: string }>(hub, `modem-console/${id}`, (payload) => payload.state === wanted);

testNeeding('socat')('two consoles at once: recorded, understood, searched, compared, and nothing sent', async () => {
  const folder = await temporaryFolder();
  const [cm, linux] = [await plugIn(join(folder, 'cm')), await plugIn(join(folder, 'linux'))];
  const consoles = { cm: { port: join(folder, 'cm') }, linux: { port: join(folder, 'linux') } };
  const hub = await startHub({ config: { timezone: 'Pacific/Auckland', plugins: { 'modem-console': { consoles } } } });
  await Promise.all([state(hub, 'cm', 'open'), state(hub, 'linux', 'open')]);

  await cm.send(CM);
  await linux.send(LINUX);
  const shown = await topic<{ phase: string; boots_today: number }>(
    hub,
    'modem-console/cm',
    ({ phase }) => phase === 'menu',
  );
  expect(shown).toMatchObject({ boots_today: 1, last_boot: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) });
  const boot = await topic<{ images: object[] }>(hub, 'modem-console/cm/boot', ({ images }) => images.length === 3);
  expect(boot).toMatchObject({ role: 'cm', pid: 'a0e8', flash_bytes: 33554432 });
  await topic(hub, 'modem-console/linux/boot', (payload: { finished: number | null }) => payload.finished !== null);

  await cm.send(CM.replace('130418.bin', '140101.bin'));
  const boots = await waitFor('the second boot', async () => {
    const answer = await command<{ boots: { id: number }[] }>(hub, 'boots', { console: 'cm' });
    return (
      answer.boots.length === 2 &&
      (await topic(hub, 'modem-console/cm', (now: typeof shown) => now.boots_today === 2)) &&
      answer.boots
    );
  });
  const found = await command(hub, 'search', { text: 'V2.06.02u*', limit: 1 });
  expect(found).toMatchObject({
    ok: true,
    lines: [{ console: 'cm', text: '    Filename: CG3100D_2BPAUS_V2.06.02u_140101.bin' }],
  });
  expect(await command(hub, 'search', { text: 'root', console: 'cm' })).toMatchObject({ ok: true, lines: [] });
  const diff = await command(hub, 'diff', { a: boots[1]?.id, b: boots[0]?.id });
  expect(diff).toMatchObject({
    ok: true,
    only_a: ['    Filename: CG3100D_2BPAUS_V2.06.02u_130418.bin'],
    only_b: ['    Filename: CG3100D_2BPAUS_V2.06.02u_140101.bin'],
  });
  expect(diff['changed']).toContainEqual({ field: 'images.1.hcs_verdict', a: 'good', b: 'bad' });

  const page = (path: string) => hub.api<string>('GET', `/plugins/modem-console/${path}`);
  expect((await page('record/linux.raw')).body).toBe(LINUX);
  expect((await page(`record/cm.txt?boot=${boots[1]?.id}`)).body).toBe(CM);
  expect((await page('record/linux.txt?times=1')).body).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z Linux version/);
  expect((await page(`record/linux.txt?from=${Date.now() + 60_000}`)).body).toBe('');
  expect((await page('record/linux.raw?from=0&to=2100-01-01')).body).toBe(LINUX);
  expect((await page('record/linux.raw?from=soon')).status).toBe(400);
  expect((await page('record/other.raw')).status).toBe(404);

  expect(await hub.stop()).toBe(0);
  expect([cm.received().length, linux.received().length]).toEqual([0, 0]);
});

testNeeding('socat')('no byte is sent through start, unplug, reload, crash, restart and stop', async () => {
  const folder = await temporaryFolder();
  const port = join(folder, 'tty');
  const first = await plugIn(port);
  const config = { plugins: { 'modem-console': { consoles: { cm: { port } } } } };
  const hub = await startHub({ config });
  await state(hub, 'cm', 'open');
  await first.send(CM);
  await first.unplug();
  await state(hub, 'cm', 'missing');
  const second = await plugIn(port);
  await state(hub, 'cm', 'open');

  const reloaded = { plugins: { 'modem-console': { consoles: { cm: { port, name: 'Bench' } } } } };
  await writeFile(join(hub.dataDir, 'cupboard.yaml'), JSON.stringify(reloaded));
  await topic<{ name: string }>(hub, 'hub/devices/modem-console/cm', ({ name }) => name === 'Bench');
  await state(hub, 'cm', 'open');
  await hears(hub, second, 'after the reload');
  await hub.api('POST', '/api/v1/plugins/modem-console/restart');
  await hears(hub, second, 'after the restart');
  await hub.kill();
  const again = await startHub({ config, dataDir: hub.dataDir });
  await hears(again, second, 'after the crash');
  expect(await again.stop()).toBe(0);
  expect([first.received().length, second.received().length]).toEqual([0, 0]);
});

/** The line is said until it is found: what comes while the port is shut is lost, as on a wire. */
function hears(hub: RunningHub, far: FarEnd, line: string): Promise<unknown> {
  return waitFor(`"${line}"`, async () => {
    await far.send(`${line}\r\n`);
    const { lines } = await command<{ lines?: object[] }>(hub, 'search', { text: line });
    return lines !== undefined && lines.length > 0;
  });
}
