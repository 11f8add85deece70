import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRootFileSystem } from '../support/ci-image.ts';
import { type BedOptions, makeRunner, type RunnerBed } from '../support/ci-runner.ts';
import { run as queue } from './ci-queue.ts';
import type { BenchRow } from './row.ts';

const ROUNDS = 21;
const NO_OPS = 120;
const STEPS = ['echo first > /tmp/copied', 'cat /tmp/copied', 'rm /tmp/copied'];

/** How soon a job speaks and how many fit in an hour, against Ansible doing the same three steps. Needs root. */
export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'cupboard-bench-'));
  try {
    await makeRootFileSystem(join(folder, 'image'));
    const rows = [
      await withRunner(folder, {}, async (bed) => firstLine('queued to first line, node made for it', bed)),
      await withRunner(folder, { minReady: { tiny: 2 } }, async (bed) => {
        await bed.pool.refill();
        return firstLine('queued to first line, node made beforehand', bed);
      }),
      await withRunner(folder, {}, jobsAnHour),
    ];
    return [...rows, await withRunner(folder, {}, (bed) => threeSteps(bed, folder)), ...queue()];
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function withRunner<T>(
  folder: string,
  options: Partial<BedOptions>,
  work: (bed: RunnerBed) => Promise<T>,
): Promise<T> {
  const bed = await makeRunner({ folder, ...options });
  try {
    // The first node also makes the empty disk that the others are copied from.
    await bed.run({});
    return await work(bed);
  } finally {
    await bed.pool.stop();
  }
}

async function firstLine(name: string, bed: RunnerBed): Promise<BenchRow> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const queued = performance.now();
    let spoken: number | undefined;
    const stop = bed.onOutput((text) => {
      if (text.includes('now I speak')) spoken ??= performance.now() - queued;
    });
    await bed.run({ body: [{ name: 'body', shell: 'set +x; echo now I speak' }] });
    stop();
    times.push(spoken ?? Number.NaN);
  }
  return { name, value: median(times), unit: 'ms', target: '<= 150' };
}

async function jobsAnHour(bed: RunnerBed): Promise<BenchRow> {
  const began = performance.now();
  await Promise.all(Array.from({ length: NO_OPS }, () => bed.run({})));
  const hours = (performance.now() - began) / 3_600_000;
  return { name: 'no-op jobs, two at a time', value: NO_OPS / hours, unit: 'jobs/h' };
}

/** The three steps in a fresh root file system here; by ansible-playbook on this machine itself, which is less work. */
async function threeSteps(bed: RunnerBed, folder: string): Promise<BenchRow> {
  const tasks = STEPS.map((step) => ({ 'ansible.builtin.shell': step }));
  const playbook = join(folder, 'playbook.yaml');
  await writeFile(playbook, JSON.stringify([{ hosts: 'localhost', connection: 'local', gather_facts: false, tasks }]));
  const body = STEPS.map((shell, index) => ({ name: `step ${index}`, shell }));
  const own: number[] = [];
  const ansible: number[] = [];
  for (let round = 0; round < 5; round++) {
    own.push(await timed(() => bed.run({ body })));
    ansible.push(await timed(async () => execFileSync('ansible-playbook', ['-i', 'localhost,', playbook])));
  }
  const ratioTo = { name: 'ansible-playbook', value: median(ansible) };
  return { name: 'a job of three steps, node included', value: median(own), unit: 'ms', ratioTo };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
