import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { findCgroups, removeGroups } from '../../../plugins/ci/nodes/cgroup.ts';
import { readNodeRecord, removeLeftovers } from '../../../plugins/ci/nodes/leftovers.ts';
import { bundle } from '../../support/ci-bundle.ts';
import { makeRootFileSystem } from '../../support/ci-image.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const running = (command: string): boolean =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(command);

/** Runs a hub's nodes in a process that is then killed; answers the folder of the nodes. */
async function crash(folder: string, mode: string): Promise<string> {
  const program = await bundle('test/support/ci-crash.ts', folder);
  const child = spawn(process.execPath, [program, folder, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await waitFor('the job', () => running('sleep 4741'));
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  return join(folder, 'nodes');
}

const testNode = testNeeding('root', 'bwrap', 'busybox', 'git', 'mkfs.ext4');

testNode('leaves no process and no mount when the hub is killed, and the next start removes the rest', async () => {
  const folder = await temporaryFolder();
  await makeRootFileSystem(join(folder, 'image'));
  const nodes = await crash(folder, 'root');
  await waitFor('the nodes to end by themselves', () => !running('sleep 4741'));
  const left = (await readdir(nodes)).filter((name) => !name.startsWith('.'));
  expect(left).toHaveLength(2);
  await waitFor('their processes to end', async () => {
    const records = await Promise.all(left.map((node) => readNodeRecord(join(nodes, node))));
    return records.every((record) => record === undefined);
  });
  // What a hub of another kind, or someone looking into it, may have mounted.
  const stray = join(nodes, left[0] ?? '', 'root', 'a b');
  await mkdir(stray, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'stray', stray]);
  const cgroups = await findCgroups('cupboard-test-crash');
  const groups = Object.values(cgroups?.folders ?? {});
  expect(await removeLeftovers(nodes, cgroups)).toBe(2);
  expect((await readdir(nodes)).filter((name) => !name.startsWith('.'))).toEqual([]);
  expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(folder);
  expect(execFileSync('losetup', ['--list', '--output', 'BACK-FILE'], { encoding: 'utf8' })).not.toContain(folder);
  if (cgroups) await removeGroups(cgroups);
  expect(groups.filter((group) => existsSync(group))).toEqual([]);
});

testNode('ends what nodes without isolation left when the hub was killed', async () => {
  const folder = await temporaryFolder();
  const nodes = await crash(folder, 'process');
  expect(running('sleep 4741')).toBe(true);
  await writeFile(join(nodes, 'no-folder'), '');
  await removeLeftovers(nodes, undefined);
  await waitFor('the job to end', () => !running('sleep 4741'));
  expect((await readdir(nodes)).filter((name) => !name.startsWith('.'))).toEqual([]);
});
