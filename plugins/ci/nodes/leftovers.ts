import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Cgroups, removeLeftGroups } from './cgroup.ts';
import { NODE_VARIABLE, type NodeRecord } from './node.ts';
import { processesWith, processState, signalAll } from './processes.ts';

const run = promisify(execFile);

/**
 * Removes what nodes of an earlier run left: processes, mounts, control groups, folders. Call it before any node is
 * made.
 * @returns how many nodes there were
 */
export async function removeLeftovers(folder: string, cgroups: Cgroups | undefined): Promise<number> {
  await mkdir(folder, { recursive: true });
  // Folders that begin with a dot are kept from run to run.
  const nodes = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  for (const node of nodes) {
    const record = await readNodeRecord(join(folder, node));
    if (record) signalAll([record.pid], 'SIGKILL');
    signalAll(await processesWith(`${NODE_VARIABLE}=${node}`), 'SIGKILL');
  }
  if (cgroups) await removeLeftGroups(cgroups);
  for (const mountPoint of await mountsBelow(folder)) await run('umount', ['--lazy', mountPoint]);
  for (const node of nodes) await rm(join(folder, node), { recursive: true, force: true });
  return nodes.length;
}

/** What is known of a node whose process still is the one it was; `undefined` = it is gone. */
export async function readNodeRecord(node: string): Promise<NodeRecord | undefined> {
  const text = await readFile(join(node, 'node.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as NodeRecord;
  return (await processState(record.pid))?.started === record.started ? record : undefined;
}

/** Mount points of this mount namespace below a folder, the innermost first. */
async function mountsBelow(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  const points = lines.map((line) =>
    (line.split(' ')[1] ?? '').replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    ),
  );
  return points.filter((point) => point.startsWith(`${folder}/`)).reverse();
}
