import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findCgroups, NodeCgroup } from '../../../../plugins/ci/nodes/cgroup.ts';
import { temporaryFolder } from '../../../support/hub.ts';

const LIMITS = { memoryMb: 64, pids: 10, cpus: 0.5, diskMb: 1 };

/** A folder that looks like where version 2 is mounted, as stock Debian 12 has it. */
async function version2(controllers = 'cpuset cpu io memory hugetlb pids') {
  const root = await temporaryFolder();
  await writeFile(join(root, 'cgroup.controllers'), `${controllers}\n`);
  return root;
}

const read = (...path: string[]) => readFile(join(...path), 'utf8');

test('uses version 2 where it has the controllers, and writes its files', async () => {
  const root = await version2();
  const cgroups = await findCgroups('cupboard-ci-1', root);
  if (!cgroups) throw new Error('none found');
  expect(cgroups.version).toBe(2);
  expect(await read(root, 'cgroup.subtree_control')).toBe('+memory +pids +cpu');
  const node = new NodeCgroup(cgroups, 'n1');
  await node.create();
  await node.join(4711);
  await node.limit(LIMITS);
  const folder = join(root, 'cupboard-ci-1', 'n1');
  expect(await read(folder, 'cgroup.procs')).toBe('4711');
  expect(await read(folder, 'memory.max')).toBe('67108864');
  expect(await read(folder, 'memory.swap.max')).toBe('0');
  expect(await read(folder, 'cpu.max')).toBe('50000 100000');
  // Ten of the job's, and the three that hold the node.
  expect(await read(folder, 'pids.max')).toBe('13');
  await writeFile(join(folder, 'memory.events'), 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\n');
  expect(await node.memoryKills()).toBe(2);
});

test('takes version 1 where version 2 has no memory controller', async () => {
  const root = await version2('cpu');
  for (const controller of ['memory', 'pids']) {
    await mkdir(join(root, controller));
    await writeFile(join(root, controller, 'cgroup.procs'), '');
  }
  const cgroups = await findCgroups('cupboard-ci-1', root);
  expect(cgroups?.version).toBe(1);
  expect(Object.keys(cgroups?.folders ?? {})).toEqual(['memory', 'pids']);
});

test('finds none where nothing is mounted or may be written', async () => {
  expect(await findCgroups('cupboard-ci-1', join(await temporaryFolder(), 'none'))).toBeUndefined();
});
