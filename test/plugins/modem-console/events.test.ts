import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { findHolders } from '../../../plugins/modem-console/holders.ts';
import { startHub, temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { plugIn } from '../../support/pseudo-terminal.ts';
import { recorded, stateOf } from '../../support/recorded-console.ts';
import { text as CM } from './transcripts.ts';

const fixture = (name: string) => new URL(`../../fixtures/modem-console/${name}`, import.meta.url);

testNeeding(
  'socat',
  'stdbuf',
  'mosquitto_sub',
)('mosquitto_sub sees what happens, lines at a bounded rate', async () => {
  const port = join(await temporaryFolder(), 'tty');
  const far = await plugIn(port);
  const consoles = { cm: { port } };
  const hub = await startHub({ config: { plugins: { 'modem-console': { consoles, lines_per_minute: 3 } } } });
  await stateOf(hub, 'cm', 'open');
  const { hostname, port: mqttPort } = new URL(hub.mqtt);
  const where = ['-h', hostname, '-p', mqttPort];
  // Into a pipe it would print in blocks.
  const outside = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...where, '-v', '-d', '-t', 'modem-console/event/#']);
  onTestFinished(async () => {
    outside.kill();
    await once(outside, 'exit');
  });
  let heard = '';
  outside.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  await waitFor('the subscription', () => heard.includes('Subscribed'));

  await far.send(CM.slice(0, CM.indexOf('Enter ')));
  await far.send('Executing Image 2...\r\n>>> YIKES... looks like you may have a problem! <<<\r\nmodem login: ');
  const events = await waitFor('the login prompt', () => {
    const found = [...heard.matchAll(/^modem-console\/event\/(\w+) (\{.*\})$/gm)];
    return found.some(([, name]) => name === 'login_prompt') && found;
  });
  const names = events.map(([, name]) => name);
  expect(names.filter((name) => name !== 'line')).toEqual([
    'boot_started',
    'executing_image',
    'crash',
    'boot_finished',
    'login_prompt',
  ]);
  expect(names.filter((name) => name === 'line')).toHaveLength(3);
  const crash = JSON.parse(events.find(([, name]) => name === 'crash')?.[2] ?? '{}');
  expect(crash).toMatchObject({ console: 'cm', boot: 1, text: expect.stringContaining('YIKES') });
});

testNeeding('socat')(
  'a plugin killed in mid-line comes back by itself, has sent nothing and lost nothing',
  async () => {
    const port = join(await temporaryFolder(), 'tty');
    const far = await plugIn(port);
    const hub = await startHub({ config: { plugins: { 'modem-console': { consoles: { cm: { port } } } } } });
    await stateOf(hub, 'cm', 'open');
    await far.send(CM.slice(0, 1000));
    await waitFor('the first part', async () => (await recorded(hub, 'cm')).length === 1000);
    const [holder] = await findHolders(port);
    process.kill(holder?.pid ?? Number.NaN, 'SIGKILL');
    await waitFor('another process on the port', async () => {
      const [next] = await findHolders(port);
      return next !== undefined && next.pid !== holder?.pid;
    });
    await far.send(CM.slice(1000));
    await waitFor('the rest', async () => (await recorded(hub, 'cm')).length === CM.length);
    expect(await recorded(hub, 'cm')).toBe(CM);
    const { body } = await hub.api<{ boots: { boot: { images: object[] } }[] }>(
      'POST',
      '/api/v1/plugins/modem-console/commands/boots',
      {},
    );
    expect(body.boots.map(({ boot }) => boot.images.length)).toEqual([3]);
    expect(far.received().length).toBe(0);
  },
);

testNeeding('mosquitto_rr')('the command decode answers for a saved transcript, page by page', async () => {
  const hub = await startHub({ config: { plugins: { 'modem-console': {} } } });
  const folder = join(hub.dataDir, 'plugin-data', 'modem-console', 'files');
  await mkdir(folder, { recursive: true });
  const many = 300;
  await writeFile(join(folder, 'loop.txt'), CM.repeat(many));
  const decode = async (args: object) => {
    const path = '/api/v1/plugins/modem-console/commands/decode';
    return (await hub.api<{ boots: object[]; total: number; next?: number; error?: string }>('POST', path, args)).body;
  };
  const counted: number[] = [];
  for (let skip: number | undefined = 0; skip !== undefined; ) {
    const answer = await waitFor('an answer', async () => {
      const body = await decode({ file: 'loop.txt', skip });
      return body.boots && body;
    });
    expect(answer.total).toBe(many);
    counted.push(answer.boots.length);
    skip = answer.next;
  }
  expect(counted.length).toBeGreaterThan(1);
  expect(counted.reduce((sum, count) => sum + count)).toBe(many);
  const linux = fixture('cg3100d2-linux.txt').pathname;
  expect(await decode({ file: linux })).toMatchObject({
    ok: true,
    boots: [{ role: 'linux', linux: { version: '2.6.30-V2.06.05u' }, prompts: [expect.stringContaining('login:')] }],
  });

  // Who has not logged in reads no file of the machine.
  const { hostname, port } = new URL(hub.mqtt);
  const topic = 'modem-console/command/decode';
  const message = JSON.stringify({ file: linux });
  const { stdout } = await promisify(execFile)('mosquitto_rr', [
    ...['-h', hostname, '-p', port, '-V', '5', '-t', topic, '-e', 'answers/decode', '-m', message, '-W', '10'],
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, code: 'file_forbidden' });
});
