import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { distFile } from '../../core/support/paths.ts';
import { openModem } from '../../plugins/modem-console/simulator.ts';
import { hasChromium, openPanel } from '../support/browser.ts';
import { type RunningHub, startHub, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

const run = promisify(execFile);
type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean; readonly error?: string };

const startModem = (cm: object = {}, more: object = {}) => {
  const consoles = { cm: { simulator: 'cm', ...cm }, linux: { simulator: 'linux' } };
  return startHub({ config: { timezone: 'Europe/Berlin', plugins: { 'modem-console': { consoles, ...more } } } });
};
const command = async (hub: RunningHub, name: string, args: object = {}) =>
  (await hub.api<Answer>('POST', `/api/v1/plugins/modem-console/commands/${name}`, { ...args, wait: true })).body;
/** The plugin's own files. */
const file = (hub: RunningHub, name: string) => join(hub.dataDir, 'plugin-data/modem-console', name);
const phaseIs = (hub: RunningHub, console: string, phase: string) =>
  waitFor(
    `${console} to be in phase ${phase}`,
    async () => {
      const { body } = await hub.api<{ payload: string }[]>('GET', `/api/v1/topics?filter=modem-console/${console}`);
      return body[0] && JSON.parse(body[0].payload).phase === phase;
    },
    60,
  );

/** A program on a terminal of its own, as a person would run it: what it shows, and a keyboard. */
function inTerminal(line: string) {
  const child = spawn('script', ['-q', '-e', '-c', `exec ${line}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  let text = '';
  child.stdout.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  return { exited, text: () => text, type: (keys: string) => void child.stdin.write(keys) };
}

describe('other people’s programs', () => {
  testNeeding('picocom')('picocom finds a modem at the simulator: boot, menu, map, memory', async () => {
    const simulated = openModem();
    onTestFinished(() => simulated.close());
    const { text, type, exited } = inTerminal(`picocom -b 115200 ${await simulated.path('cm')}`);
    const shows = (words: string) => waitFor(`picocom to show ${words}`, () => text().includes(words));
    await shows('Terminal ready');
    simulated.modem.powerOn();
    await shows('BootLoader Version: 2.4.0alpha14R6T');
    for (const [words, keys] of [
      ['take default...', 'p'],
      ['Board IP Address  [0.0.0.0]:', '192.168.2.10\r'],
      ['Board IP Mask     [255.255.255.0]:', '\r'],
      ['Board IP Gateway  [0.0.0.0]:', '\r'],
      ['Board MAC Address [00:10:18:ff:ff:ff]:', '\r'],
      ['Internal/External phy? (e/i/a)[a]', '\r'],
      ['z) Reset', 'p'],
      ['vennv        0x00010000     0x007f0000', 'r'],
      ['Read memory.  Hex address: ', '0x80004000\r\n'],
    ] as const) {
      await shows(words);
      type(keys);
    }
    const word = simulated.modem.ram.word(0x80004000);
    await shows(`Value at 80004000: ${word.toString(16).padStart(8, '0')} (hex)  ${word} (dec)`);
    type('\x01\x18');
    expect(await exited).toBe(0);
  });

  testNeeding('socat')('socat reads the network console, and what it sends goes nowhere', async () => {
    const hub = await startModem({ network: { port: 0 } });
    const port = await waitFor(
      'the network console',
      () => /network console on 127\.0\.0\.1:(\d+)/.exec(hub.output())?.[1],
    );
    const socat = spawn('socat', ['-', `tcp:127.0.0.1:${port}`], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void socat.kill('SIGKILL'));
    let text = '';
    socat.stdout.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socat.stdin.write('pXXX\r');
    await waitFor('the login prompt', () => text.includes('Login: '), 60);
    expect(text).toContain('Executing Image 2...');
    expect(await readFile(file(hub, 'keys.log'), 'utf8').catch(() => '')).toBe('');
  });
});

test('attach watches by default, types with --write, and leaves by C-a C-x', async () => {
  const hub = await startModem();
  await phaseIs(hub, 'cm', 'login');
  const cupboard = `${process.execPath} ${distFile('cupboard.js')} --data ${hub.dataDir}`;
  const attach = (args: string) => inTerminal(`${cupboard} run modem-console attach ${args}`);
  const shows = (terminal: { text: () => string }, words: string) =>
    waitFor(`attach to show ${words}`, () => terminal.text().includes(words));

  const watcher = attach('cm');
  await shows(watcher, 'Executing Image 2...');
  await shows(watcher, '*** watching ***');
  watcher.type('root\r');
  const writer = attach('cm --write');
  await shows(writer, '*** you have the keyboard ***');
  await shows(watcher, 'has the keyboard ***');
  writer.type('admin\rsecret\r');
  await shows(writer, 'Invalid login');
  await shows(watcher, 'Invalid login');

  for (const { exited, type } of [watcher, writer]) {
    type('\x01\x18');
    expect(await exited).toBe(0);
  }
  const log = await readFile(file(hub, 'keys.log'), 'utf8');
  expect(log).toMatch(/cm \S+ attach "a/);
  expect(log).not.toMatch(/root\\r|secret/);
  const unknown = attach('nothing');
  await shows(unknown, 'no console nothing; there are: cm, linux');
  expect(await unknown.exited).toBe(1);
});

testNeeding('sha256sum')('dumps 64 KiB through a bad line and an unplugged adapter; sha256sum agrees', async () => {
  const hub = await startModem();
  await phaseIs(hub, 'cm', 'login');
  const menu = command(hub, 'enter_menu', { console: 'cm' });
  await waitFor('the keyboard', async () =>
    /has the keyboard/.test(await readFile(file(hub, 'keys.log'), 'utf8').catch(() => '')),
  );
  await command(hub, 'simulate', { action: 'power_cycle' });
  expect(await menu).toMatchObject({ ok: true, answered: ['choice', 'ip', 'mask', 'gateway', 'mac', 'phy'] });
  expect(await command(hub, 'partition_map', { console: 'cm' })).toMatchObject({
    ok: true,
    partitions: expect.arrayContaining([{ name: 'linux', size: 0x800000, offset: 0x1000000 }]),
  });
  for (const action of ['bad_line', 'fast_line']) await command(hub, 'simulate', { action });
  const dumped = command(hub, 'dump', { console: 'cm', address: '0x80004000', length: '64k', file: 'memory.bin' });
  await waitFor(
    'a quarter of it',
    async () => {
      const sidecar = await readFile(file(hub, 'dumps/memory.bin.json'), 'utf8').catch(() => '{}');
      return JSON.parse(sidecar).blocks?.length >= 4;
    },
    90,
  );
  await command(hub, 'simulate', { action: 'unplug' });
  const report = await dumped;
  expect(report).toMatchObject({ ok: true, bytes: 65536 });
  expect(Number(report['interruptions'])).toBeGreaterThanOrEqual(1);
  const { stdout } = await run('sha256sum', [file(hub, 'dumps/memory.bin')]);
  expect(stdout.split(' ')[0]).toBe(report['sha256']);
  const memory = openModem().modem.ram.bytes(0x80004000, 65536);
  expect((await readFile(file(hub, 'dumps/memory.bin'))).equals(memory)).toBe(true);
});

test('sends nothing through start, reload, kill and stop', async () => {
  const hub = await startModem();
  await phaseIs(hub, 'linux', 'login');
  const { pid } = (await hub.api<{ pid?: number }>('GET', '/api/v1/plugins/modem-console')).body;
  if (pid) process.kill(pid, 'SIGKILL');
  await hub.api('POST', '/api/v1/plugins/modem-console/restart');
  await phaseIs(hub, 'linux', 'login');
  expect(await readFile(file(hub, 'keys.log'), 'utf8').catch(() => '')).toBe('');
  expect(await hub.stop()).toBe(0);
});

describe.skipIf(!hasChromium && process.env['CI'] !== 'true')('the page, in Chromium', () => {
  const openPage = (hub: RunningHub) => openPanel(hub, 'modem-console');
  const screenShows = (page: Page, words: string) => page.locator('.xterm-rows', { hasText: words }).waitFor();

  test('shows the boot live, keeps destructive keys back with the reason, and has no writer but one', async () => {
    const hub = await startModem({ allow_destructive: ['m'] });
    await phaseIs(hub, 'cm', 'login');
    const page = await openPage(hub);
    await page.getByRole('button', { name: 'cm', exact: true }).click();
    await page.getByRole('button', { name: 'Enter the boot menu' }).click();
    await page.getByText('Waiting for the next boot').waitFor();
    await page.getByRole('button', { name: 'Switch the simulated modem off and on' }).click();
    await screenShows(page, 'X) Erase all of flash');
    await page.getByText('Waiting for the next boot').waitFor({ state: 'detached' });

    // A spectator's keys go nowhere.
    await page.locator('.screen').click();
    await page.keyboard.type('p');
    await page.getByRole('button', { name: 'Take the keyboard' }).click();
    await page.getByText('you have the keyboard').waitFor();
    await page.keyboard.type('X');
    const confirm = page.getByRole('alertdialog');
    await confirm.getByText('erases all of the flash but the bootloader').waitFor();
    await confirm.getByRole('button', { name: 'Send it, I mean it' }).click();
    await confirm.getByText('only where allow_destructive of this console names X').waitFor();
    await confirm.getByRole('button', { name: 'Do not send' }).click();
    await page.locator('.screen').click();
    await page.keyboard.type('m');
    await confirm.getByRole('button', { name: 'Send it, I mean it' }).click();
    await screenShows(page, 'MODE=8000: Enter new value:');
    const log = await readFile(file(hub, 'keys.log'), 'utf8');
    expect(log.match(/ann page "(.*)"/g)).toEqual(['ann page "m"']);

    const busy = await command(hub, 'read', { console: 'cm', address: '0x80004000', length: 4 });
    expect(busy).toMatchObject({ ok: false, code: 'keyboard_busy', error: expect.stringContaining('ann (page)') });
    await page.goto(`${hub.http}/`);
    await waitFor('the keyboard to be free', async () =>
      / ann page gave the keyboard away/.test(await readFile(file(hub, 'keys.log'), 'utf8')),
    );
  });

  test('draws boots, images and flash to scale, finds lines, compares boots, dumps memory', async () => {
    const hub = await startModem();
    await phaseIs(hub, 'cm', 'login');
    const menu = command(hub, 'enter_menu', { console: 'cm' });
    await waitFor('the keyboard', async () =>
      /has the keyboard/.test(await readFile(file(hub, 'keys.log'), 'utf8').catch(() => '')),
    );
    await command(hub, 'simulate', { action: 'power_cycle' });
    await menu;
    const page = await openPage(hub);
    await page.getByRole('button', { name: 'Partition map' }).click();
    await page
      .getByRole('img', { name: /^9 partitions: bootloader, permnv, image1, vennv, image2, dynnv, linux/ })
      .waitFor();
    await page.getByRole('row', { name: /CG3100D_2BPAUS_V2\.06\.05u_131017\.bin .* 2277 good/ }).waitFor();
    await page.getByRole('row', { name: /K2630V2\.06\.05u.* 157e not checkable/ }).waitFor();
    expect(await page.getByRole('group', { name: 'Boots over time' }).getByRole('button').count()).toBe(2);

    await page.getByLabel('Search the recordings').fill('"Executing Image"');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByRole('cell', { name: 'Executing Image 2...' }).waitFor();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.locator('.difference', { hasText: '- Executing Image 2...' }).waitFor();

    await page.getByLabel('Length').fill('64');
    await page.getByRole('button', { name: 'Dump memory' }).click();
    await page.getByText('Done: ').waitFor();

    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate<AxeResults>(
        "axe.run('.modem-panel', { resultTypes: ['violations'] })",
      );
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    }
  });
});
