import { join } from 'node:path';
import { expect } from 'vitest';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { plugIn } from '../../support/pseudo-terminal.ts';
import { stateOf, topic } from '../../support/recorded-console.ts';
import { text as CM } from './transcripts.ts';

const LINUX = 'Linux version 2.6.30-V2.06.05u (gcc)\r\nKernel command line: root=mtd:rootfs\r\nmodem login: ';

const command = async <T = Record<string, unknown>>(hub: RunningHub, name: string, args: object = {}): Promise<T> =>
  (await hub.api<T>('POST', `/api/v1/plugins/modem-console/commands/${name}`, args)).body;

testNeeding('socat')('two consoles at once: recorded, understood, searched, compared, and nothing sent', async () => {
  const folder = await temporaryFolder();
  const [cm, linux] = [await plugIn(join(folder, 'cm')), await plugIn(join(folder, 'linux'))];
  const consoles = { cm: { port: join(folder, 'cm') }, linux: { port: join(folder, 'linux') } };
  const hub = await startHub({ config: { timezone: 'Pacific/Auckland', plugins: { 'modem-console': { consoles } } } });
  await Promise.all([stateOf(hub, 'cm', 'open'), stateOf(hub, 'linux', 'open')]);

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
