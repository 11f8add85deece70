import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { distFile } from '../../core/support/paths.ts';
import type { BenchRow } from './row.ts';

const STARTS = 3;
const PLUGINS = 4;
/** Until garbage of the start has been collected and plugins are up. */
const SETTLE_MS = 5000;

export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'cupboard-bench-'));
  try {
    return [...(await emptyHub(join(folder, 'empty'))), ...(await plugins(join(folder, 'plugins')))];
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function emptyHub(dataDir: string): Promise<BenchRow[]> {
  await mkdir(dataDir);
  const starts: number[] = [];
  let rss = 0;
  for (let start = 1; start <= STARTS; start += 1) {
    const hub = await startHub(dataDir);
    starts.push(hub.firstPageMs);
    if (start === STARTS) {
      await sleep(SETTLE_MS);
      rss = await memory(hub.pid, 'status', 'VmRSS');
    }
    await hub.stop();
  }
  return [
    { name: 'start to first page', value: Math.min(...starts) / 1000, unit: 's', target: '<= 1.0' },
    { name: 'hub without plugins', value: rss, unit: 'MB RSS', target: '<= 100' },
  ];
}

/** Plugins dropped into the data directory: half of them plain, half with an HTTP server of their own. */
async function plugins(dataDir: string): Promise<BenchRow[]> {
  for (let index = 0; index < PLUGINS; index += 1) {
    await addPlugin(dataDir, `plain${index}`, '');
    await addPlugin(dataDir, `web${index}`, 'await hub.http();');
  }
  const hub = await startHub(dataDir);
  await sleep(SETTLE_MS);
  const children = await childrenOf(hub.pid);
  const pssOf = async (prefix: string) => {
    const pids = children
      .filter(({ environment }) => environment.includes(`CUPBOARD_ID=${prefix}`))
      .map(({ pid }) => pid);
    const all = await Promise.all(pids.map((pid) => memory(pid, 'smaps_rollup', 'Pss')));
    if (all.length !== PLUGINS) throw new Error(`${all.length} of ${PLUGINS} ${prefix} plugins run`);
    return all.reduce((sum, one) => sum + one, 0) / all.length;
  };
  try {
    return [
      { name: 'a running plugin', value: await pssOf('plain'), unit: 'MB PSS', target: '<= 30' },
      { name: 'a running plugin with its own HTTP', value: await pssOf('web'), unit: 'MB PSS', target: '<= 40' },
    ];
  } finally {
    await hub.stop();
  }
}

async function addPlugin(dataDir: string, id: string, onStart: string): Promise<void> {
  const folder = join(dataDir, 'plugins', id);
  await mkdir(folder, { recursive: true });
  const manifest = { id, name: id, version: '1.0.0', description: 'Ticks', license: 'MIT', hub: '1', main: 'index.js' };
  await writeFile(join(folder, 'plugin.json'), JSON.stringify(manifest));
  const source = `export default async (hub) => {
    const device = hub.device('clock', { name: 'Clock', sensors: { seconds: { unit: 's' } } });
    ${onStart}
    hub.every(1, () => device.report({ seconds: Date.now() / 1000 }));
  };`;
  await writeFile(join(folder, 'index.js'), source);
}

async function startHub(dataDir: string) {
  const began = performance.now();
  const listen = ['--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0'];
  const child = spawn(process.execPath, [distFile('cupboard.js'), 'start', '--data', dataDir, ...listen], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const page = await fetch(await addressOf(child));
  if (!page.ok) throw new Error(`the first page is ${page.status}`);
  await page.text();
  return {
    pid: child.pid as number,
    firstPageMs: performance.now() - began,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function addressOf(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const part of child.stdout ?? []) {
    text += part;
    const http = /^ready http=(\S+)/m.exec(text)?.[1];
    if (http) return http;
  }
  throw new Error('the hub ended before it was ready');
}

async function childrenOf(parent: number): Promise<{ pid: number; environment: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: { pid: number; environment: string }[] = [];
  for (const pid of pids) {
    // A process may end while the list is read.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (Number(stat.split(') ')[1]?.split(' ')[1]) !== parent) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    found.push({ pid, environment });
  }
  return found;
}

/** A line of a /proc file, in MB. */
async function memory(pid: number, file: 'status' | 'smaps_rollup', field: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/${file}`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024;
}
