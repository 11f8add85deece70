import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import type { JsonObject } from '../../core/sdk/contract.ts';
import { startPlugins, writePlugin } from '../core/plugins/bed.ts';
import { type RunningHub, reaches, retained, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

/** Tries what the hub's own user may do but a sandboxed plugin must not; publishes what it could. */
const INTRUDER = `
import { access, constants, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';

const reach = (target) => new Promise((resolve, reject) => {
  const socket = connect(target, () => { socket.destroy(); resolve(); });
  socket.on('error', reject);
});

export default async (hub) => {
  const router = await hub.http();
  router.get('/hello', (_request, response) => response.send('from inside'));
  hub.command('try', async ({ files, folders, sockets, ports, pid, own, home }) => {
    const could = [];
    const attempt = async (what, act) => { try { await act(); could.push(what); } catch { /* as it should be */ } };
    for (const file of files) await attempt('read ' + file, () => readFile(file));
    for (const folder of folders) await attempt('list ' + folder, async () => { if ((await readdir(folder)).length === 0) throw new Error(); });
    for (const socket of sockets) await attempt('connect to ' + socket, () => reach({ path: socket }));
    for (const port of ports) await attempt('connect to ' + port, () => reach({ host: '127.0.0.1', port }));
    await attempt('signal the hub', () => process.kill(pid, 0));
    await attempt('see the hub', () => access('/proc/' + pid + '/environ'));
    await attempt('write to its folder', async () => { await writeFile(own + '/mark', ''); await rm(own + '/mark'); });
    await attempt('write to the system', () => access('/usr', constants.W_OK));
    await attempt('see the secrets of the environment', () => { if (!process.env.HUB_ONLY) throw new Error(); });
    await writeFile(hub.dataDir + '/kept', 'by the plugin');
    await hub.publish(process.env.CUPBOARD_ID + '/findings', JSON.stringify(could), { retain: true });
    return { ok: true };
  });
  hub.command('hang', () => { setTimeout(function spin() { for (;;) Math.random(); }, 10); return { ok: true }; });
  hub.command('grow', () => { const kept = []; setInterval(() => kept.push(Buffer.alloc(8e6, 1)), 5); return { ok: true }; });
  hub.command('break', () => { setTimeout(() => process.abort(), 10); return { ok: true }; });
  return () => hub.publish(process.env.CUPBOARD_ID + '/last', 'bye', { retain: true });
};`;

const COMMAND = { description: 'for the test' };
const MANIFEST = {
  main: 'index.js',
  memoryMb: 160,
  commands: { try: COMMAND, hang: COMMAND, grow: COMMAND, break: COMMAND },
};

const NEIGHBOUR = `export default async (hub) => { await hub.http(); };`;

const command = (hub: RunningHub, id: string, name: string, args: JsonObject) =>
  hub.api('POST', `/api/v1/plugins/${id}/commands/${name}`, args);

/** Processes whose command line or environment names the data directory. */
async function processesOf(dataDir: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const texts = await Promise.all(
    pids.map(async (pid) => {
      const parts = ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => ''));
      return (await Promise.all(parts)).join('');
    }),
  );
  return pids.filter((_, index) => texts[index]?.includes(dataDir));
}

/** A hub with the intruder twice, in a sandbox and without, and a neighbour worth robbing. */
async function startHouse(within: readonly string[]): Promise<RunningHub> {
  const dataDir = await temporaryFolder();
  const plugins = join(dataDir, 'plugins');
  await writePlugin(join(plugins, 'intruder'), 'intruder', { 'index.js': INTRUDER }, MANIFEST);
  await writePlugin(join(plugins, 'neighbour'), 'neighbour', { 'index.js': NEIGHBOUR }, { main: 'index.js' });
  await mkdir(join(dataDir, 'plugin-data/neighbour'), { recursive: true });
  await writeFile(join(dataDir, 'plugin-data/neighbour/diary'), 'private');
  await writeFile(join(dataDir, 'secrets.yaml'), 'password: hunter2\n', { mode: 0o600 });
  const hub = await startHub({
    dataDir,
    config: { plugins: { intruder: { sandbox: true }, free: { use: 'intruder' } } },
    env: { HUB_ONLY: 'a secret' },
    within,
  });
  for (const id of ['intruder', 'free', 'neighbour']) await reaches(hub, id, 'running');
  return hub;
}

/** Lets the plugin try everything; answers what it could do. */
async function attempts(hub: RunningHub, id: string): Promise<string[]> {
  const at = (name: string) => join(hub.dataDir, name);
  const answer = await command(hub, id, 'try', {
    files: [...['secrets.yaml', 'cupboard.yaml', 'hub.db', 'plugin-data/neighbour/diary'].map(at), '/etc/shadow'],
    folders: [at('plugin-data/neighbour'), at('plugins/neighbour'), at('logs'), '/run', '/home', '/sys'],
    sockets: [at('hub.sock'), at('run/neighbour/http.sock')],
    ports: [hub.http, hub.mqtt].map((url) => Number(new URL(url).port)),
    pid: hub.process.pid ?? 0,
    own: at('plugins/intruder'),
  });
  expect(answer.body).toEqual({ ok: true });
  return JSON.parse((await waitFor('its findings', () => retained(hub, `${id}/findings`))) ?? '') as string[];
}

/** What the hub's own user may do everywhere. */
const OPEN = ['secrets.yaml', 'hub.db', 'diary', 'hub.sock', 'http.sock', 'signal the hub', 'see the hub', 'folder'];

for (const [name, within] of [
  ['root', []],
  // One to whom root's files belong, so that the checkout can be read wherever it lies.
  ['a normal user', ['unshare', '--user', '--map-user=1000', '--map-group=1000']],
] as const) {
  testNeeding(
    'root',
    'bwrap',
    'unshare',
  )(`under ${name} a sandboxed plugin gets at nothing but its own`, async () => {
    const hub = await startHouse(within);
    const isPowerless = /^CapEff:\s+0+$/m.test(await readFile(`/proc/${hub.process.pid}/status`, 'utf8'));
    expect(isPowerless).toBe(within.length > 0);
    const could = (await attempts(hub, 'free')).join('\n');
    for (const what of OPEN) expect(could).toContain(what);
    expect(could.match(/^connect to \d+$/gm)).toHaveLength(2);

    expect(await attempts(hub, 'intruder')).toEqual([]);
    expect(await readFile(join(hub.dataDir, 'plugin-data/intruder/kept'), 'utf8')).toBe('by the plugin');
    expect((await hub.api('GET', '/plugins/intruder/hello')).body).toBe('from inside');

    expect((await processesOf(hub.dataDir)).length).toBeGreaterThan(2);
    await hub.kill();
    await waitFor('the end of all it had started', async () => (await processesOf(hub.dataDir)).length === 0);
  });
}

testNeeding('bwrap', 'nsenter')('the supervisor sees into a sandbox: crash, memory, hang, clean stop', async () => {
  const bed = await startPlugins({ plugins: { intruder: { sandbox: true } }, timings: { pingMs: 600, backoffMs: 50 } });
  const ask = (name: string) => bed.manager.command('intruder', name, {}, { user: 'ann', admin: true });
  const logged = (what: string, text: RegExp) => waitFor(what, () => text.test(bed.logOf('intruder')));
  const runs = (restarts: number) =>
    waitFor(`restart ${restarts}:\n${bed.logOf('intruder')}`, () => {
      const { row } = bed.manager.find('intruder') ?? {};
      return row?.state === 'running' && row.restarts === restarts;
    });
  await bed.drop('intruder', { 'index.js': INTRUDER }, MANIFEST);
  await runs(0);
  await ask('break');
  await logged('its signal', /was ended by SIGABRT/);
  await runs(1);
  await ask('grow');
  await logged('its limit', /used \d+ MB of memory, its limit is 160 MB/);
  await runs(2);
  await ask('hang');
  await logged(
    'its stack',
    /hung: no answer to 3 pings; it was here:\nat spin \(\S+\/plugins\/intruder\/index\.js:\d+:\d+\)/,
  );
  await runs(3);
  await bed.manager.act('intruder', 'stop');
  expect(bed.retained('intruder/last')).toBe('bye');
});

/** A program with a connection that stays open; what it can see stands in the reason it waits. */
const PROGRAM = `#!/bin/sh
trap 'echo asked to stop; exit 0' TERM
seen=$(ls "$CUPBOARD_DATA_DIR/../.." | tr '\\n' ' ')
echo "told \${CUPBOARD_MQTT_URL:-no address}"
{ echo "{\\"waiting\\":\\"sees $seen\\"}"; exec sleep 1000; } |
  mosquitto_pub --unix "$CUPBOARD_MQTT_SOCKET" -i "plugin:$CUPBOARD_ID" -u "$CUPBOARD_ID" -P "$CUPBOARD_TOKEN" \\
    -k 5 -q 1 -r -l -t "$CUPBOARD_ID/status" &
wait
`;

testNeeding('bwrap', 'mosquitto_pub')('a program of another language is sandboxed, and asked to stop', async () => {
  const bed = await startPlugins({ plugins: { program: { sandbox: true } } });
  await bed.drop('program', { 'run.sh': PROGRAM }, { exec: ['./run.sh'] });
  expect((await bed.reaches('program', 'waiting')).reason).toBe('sees cache plugin-data plugins run ');
  await bed.manager.act('program', 'stop');
  expect(bed.logOf('program')).toMatch(/^told no address\nasked to stop$/m);
});

testNeeding('bwrap')('without bubblewrap a sandboxed plugin does not run at all', async () => {
  const bed = await startPlugins({ plugins: { intruder: { sandbox: true } } });
  vi.stubEnv('PATH', '/nonexistent');
  onTestFinished(() => void vi.unstubAllEnvs());
  await bed.drop('intruder', { 'index.js': INTRUDER }, MANIFEST);
  expect(await bed.reaches('intruder', 'stopped')).toMatchObject({
    reason: 'sandbox: true needs bubblewrap, which is not installed',
    advice: 'apt install bubblewrap, then: cupboard plugins start intruder',
  });
  vi.unstubAllEnvs();
  await bed.manager.act('intruder', 'start');
  await bed.reaches('intruder', 'running');
});
