import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { distFile } from '../../core/support/paths.ts';
import { ADDRESSES, Ipv6Lab, TUNNEL } from '../system/ipv6/lab.ts';
import type { BenchRow } from './row.ts';

/** mwan3 as shipped: five rounds, 10 s apart, each waiting 4 s for an answer that does not come. */
const MWAN3_SECONDS = 5 * (10 + 4);
const SETTLE_MS = 20_000;
const WATCHED_MS = 60_000;

/** How long each fault goes unnoticed with the defaults, and what watching costs. Needs root. */
export async function run(): Promise<BenchRow[]> {
  const lab = new Ipv6Lab();
  const folder = await mkdtemp(join(tmpdir(), 'cupboard-bench-'));
  lab.up();
  try {
    const cost = await withHub(lab, join(folder, 'cost'), ({ plugin }) => costOfWatching(plugin()));
    const faults = { cut: () => lab.cut(), silent: () => lab.turn({ silent: true }), 'line down': () => lab.cutLine() };
    const rows: BenchRow[] = [];
    for (const [name, fault] of Object.entries(faults)) {
      const value = await withHub(lab, join(folder, name.replace(' ', '-')), (hub) => detection(hub.shown, fault));
      lab.heal();
      rows.push({
        name: `${name}: known as down after`,
        value,
        unit: 's',
        ratioTo: { name: "mwan3's defaults", value: MWAN3_SECONDS },
      });
    }
    return [...rows, ...cost];
  } finally {
    lab.down();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Bed {
  readonly shown: () => Promise<{ readonly phase?: string; readonly verdict?: string }>;
  /** Its pid. */
  readonly plugin: () => number;
}

async function withHub<T>(lab: Ipv6Lab, dataDir: string, work: (bed: Bed) => Promise<T>): Promise<T> {
  const { broker4, broker6, world4, world6 } = ADDRESSES;
  execFileSync('mkdir', ['-p', dataDir]);
  const watchdog = {
    targets_v4: [`${world4}:80`, `${broker4}:80`],
    targets_v6: world6.map((address) => `[${address}]:80`),
    dns: { v4: '', v6: '' },
    cost: { destinations: [] },
    tunnels: { he: { kind: 'external', interface: TUNNEL, remote: broker4, gateway: broker6 } },
  };
  await writeFile(join(dataDir, 'cupboard.yaml'), JSON.stringify({ plugins: { 'ipv6-watchdog': watchdog } }));
  const hub = [process.execPath, distFile('cupboard.js'), 'start', '--data', dataDir];
  const [program = '', ...args] = [...lab.within('house'), ...hub, '--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0'];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const shown = () => topic(join(dataDir, 'hub.sock'), 'ipv6-watchdog/he');
  try {
    await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    while ((await shown()).verdict !== 'ok') await sleep(200);
    return await work({ shown, plugin: () => pluginOf(child.pid as number) });
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

async function detection(shown: Bed['shown'], fault: () => void): Promise<number> {
  await sleep(SETTLE_MS);
  fault();
  const started = performance.now();
  while ((await shown()).phase !== 'offline') await sleep(100);
  return (performance.now() - started) / 1000;
}

/** CPU time with that of the programs it ran, and memory. */
async function costOfWatching(pid: number): Promise<BenchRow[]> {
  await sleep(SETTLE_MS);
  const before = cpuSeconds(pid);
  await sleep(WATCHED_MS);
  const hour = ((cpuSeconds(pid) - before) * 3_600_000) / WATCHED_MS;
  const pss = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;
  return [
    { name: 'CPU of an hour of watching, from one minute', value: hour, unit: 's' },
    { name: 'memory of the plugin', value: pss, unit: 'MB PSS', target: '<= 30' },
  ];
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  // utime, stime, cutime, cstime in ticks of 10 ms (proc(5)).
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

function pluginOf(hub: number): number {
  const children = readFileSync(`/proc/${hub}/task/${hub}/children`, 'utf8').trim().split(' ').map(Number);
  const found = children.find((pid) =>
    readFileSync(`/proc/${pid}/environ`, 'utf8').includes('CUPBOARD_ID=ipv6-watchdog'),
  );
  if (found === undefined) throw new Error('the plugin does not run');
  return found;
}

function topic(socketPath: string, filter: string): Promise<{ phase?: string; verdict?: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: `/api/v1/topics?filter=${filter}` }, async (response) => {
      const [first] = JSON.parse(Buffer.concat(await response.toArray()).toString()) as { payload: string }[];
      resolve(first ? JSON.parse(first.payload) : {});
    });
    asked.on('error', reject);
    asked.end();
  });
}
