import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { distFile } from '../../core/support/paths.ts';
import { writePlugin } from '../core/plugins/bed.ts';
import { reaches, retained, startHub, temporaryFolder, waitFor } from '../support/hub.ts';

const run = promisify(execFile);
const PYTHON = fileURLToPath(new URL('../fixtures/plugins/python-example', import.meta.url));

/** Processes that carry the marker in their environment. */
async function carriers(marker: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')));
  return pids.filter((_, index) => environments[index]?.includes(marker));
}

test('a program in Python is a plugin: it reports, answers, waits, hangs, is replaced and stops', async () => {
  const dataDir = await temporaryFolder();
  await cp(PYTHON, join(dataDir, 'plugins', 'python-example'), { recursive: true });
  const hub = await startHub({ dataDir, config: { plugins: { 'python-example': { start: 40 } } } });
  await reaches(hub, 'python-example', 'running');
  await waitFor('the count', async () => (await retained(hub, 'python-example/counter'))?.includes('"count": 40'));
  const answer = await hub.api('POST', '/api/v1/plugins/python-example/commands/add', { n: 2 });
  expect(answer).toEqual({ status: 200, body: { ok: true, count: 42 } });

  await hub.api('POST', '/api/v1/plugins/python-example/commands/hang', {});
  const restarted = await waitFor('its replacement', async () => {
    const row = await reaches(hub, 'python-example', 'running');
    return row.restarts > 0 && row;
  });
  expect(restarted.restarts).toBe(1);

  await hub.api('POST', '/api/v1/plugins/python-example/stop');
  await reaches(hub, 'python-example', 'stopped');
  await waitFor('its status', async () => (await retained(hub, 'python-example/status')) === 'offline');
  expect(hub.output()).toContain('python-example: stopping');
});

test('a Python program that has nothing to do yet says what it waits for', async () => {
  const dataDir = await temporaryFolder();
  await cp(PYTHON, join(dataDir, 'plugins', 'python-example'), { recursive: true });
  const hub = await startHub({ dataDir, config: { plugins: { 'python-example': { wait_for: '/no/such/file' } } } });
  expect((await reaches(hub, 'python-example', 'waiting')).reason).toBe('no /no/such/file');
});

test('kill -9 of the hub leaves no process behind, not even one that hid in a session of its own', async () => {
  const dataDir = await temporaryFolder();
  const marker = `HUB_UNDER_TEST=${dataDir}`;
  await writePlugin(
    join(dataDir, 'plugins', 'hider'),
    'hider',
    {
      'index.js': `
        import { spawn } from 'node:child_process';
        export default () => {
          spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).unref();
          for (const _ of [1, 2]) spawn('sh', ['-c', 'sleep 1000 & sleep 1000'], { stdio: 'ignore' });
        };`,
    },
    { main: 'index.js' },
  );
  const hub = await startHub({ dataDir, env: { HUB_UNDER_TEST: dataDir } });
  await reaches(hub, 'hider', 'running');
  // The hub, its guardian, the plugin, the one that hides, two shells with two sleepers each.
  await waitFor('all of them', async () => (await carriers(marker)).length === 10);
  await hub.kill();
  await waitFor('every process to end', async () => (await carriers(marker)).length === 0);
});

test('a new plugin made by the command line passes its own test and runs, outside the checkout', async () => {
  const dataDir = await temporaryFolder();
  const hub = await startHub({ dataDir });
  await run(process.execPath, [distFile('cupboard.js'), 'plugins', 'new', 'disk-watch', '--data', dataDir]);
  const { stdout } = await run('npm', ['test'], { cwd: join(dataDir, 'plugins', 'disk-watch') });
  expect(stdout).toMatch(/# pass [1-9]/);
  await reaches(hub, 'disk-watch', 'running');
  const state = await waitFor('a reading', () => retained(hub, 'disk-watch/disk'));
  expect(JSON.parse(state)).toMatchObject({ used: expect.any(Number), free: expect.any(Number) });
});

test('a plugin installed from an npm package runs; removed, it is gone with its topics and its data stays', async () => {
  const dataDir = await temporaryFolder();
  const hub = await startHub({ dataDir });
  const source = await writePlugin(join(await temporaryFolder(), 'package'), 'lamp', {
    'index.ts': `
        import type { Hub } from 'cupboard/sdk';
        export default async (hub: Hub) => {
          hub.store(['CREATE TABLE t (a)']);
          await hub.publish('lamp/on', true, { retain: true });
        };`,
  });
  const archive = join(dataDir, 'lamp-1.0.0.tgz');
  await run('tar', ['-czf', archive, '-C', join(source, '..'), 'package']);
  await run(process.execPath, [distFile('cupboard.js'), 'plugins', 'install', archive, '--data', dataDir]);
  await reaches(hub, 'lamp', 'running');
  expect(await retained(hub, 'lamp/on')).toBe('true');
  await run(process.execPath, [distFile('cupboard.js'), 'plugins', 'remove', 'lamp', '--data', dataDir]);
  await waitFor('its topics to go', async () => (await retained(hub, 'lamp/%23')) === undefined);
  await waitFor('its status to go', async () => (await retained(hub, 'hub/plugins/lamp')) === undefined);
  expect(await readdir(join(dataDir, 'plugin-data', 'lamp'))).toContain('store.db');
  expect(await readdir(join(dataDir, 'plugins'))).toEqual([]);
});

test('a running plugin costs at most 30 MB of its own', async () => {
  const dataDir = await temporaryFolder();
  await mkdir(join(dataDir, 'plugins'), { recursive: true });
  await writePlugin(
    join(dataDir, 'plugins', 'small'),
    'small',
    {
      'index.js': `export default (hub) => { hub.every(1, () => hub.event('tick')); hub.log.info('pid ' + process.pid); };`,
    },
    { main: 'index.js' },
  );
  await writeFile(join(dataDir, 'cupboard.yaml'), '');
  const hub = await startHub({ dataDir });
  await reaches(hub, 'small', 'running');
  const pid = await waitFor('its pid', () => /small: pid (\d+)/.exec(hub.output())?.[1]);
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const own = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].reduce(
    (sum, [, kB]) => sum + Number(kB),
    0,
  );
  expect(own / 1024).toBeLessThan(30);
});
