import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from 'cupboard/sdk';
import type { Job } from '../contract.ts';
import { signalAll } from './processes.ts';

export type Limits = Job['limits'];

/** Where groups of nodes can be made: the folders of the controllers that are there. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Controller to the folder that nodes' groups go into; in version 2 the same for all. */
  readonly folders: Readonly<Partial<Record<'memory' | 'pids' | 'cpu', string>>>;
}

const CONTROLLERS = ['memory', 'pids', 'cpu'] as const;
/** What holds a node is in its group, too: bubblewrap twice and the shell that starts the steps. */
const KEEPERS = 3;
const CPU_PERIOD_US = 100_000;

/**
 * Finds control groups this process may make: version 2 first, then version 1. `undefined` = none, then rlimits are all
 * there is.
 * @param name of the group that holds the nodes' groups; differs from hub to hub on one machine
 * @param root where control groups are mounted; tests give another
 */
export async function findCgroups(name: string, root = '/sys/fs/cgroup'): Promise<Cgroups | undefined> {
  const own = await ownGroups();
  return (await findVersion2(name, root, own)) ?? (await findVersion1(name, root, own));
}

async function findVersion2(
  name: string,
  root: string,
  own: ReadonlyMap<string, string>,
): Promise<Cgroups | undefined> {
  // Root may group at the top; others only below what was delegated to them (`Delegate=yes` of the service).
  // A plugin that starts again is where its hub was moved to.
  const delegated = (own.get('') ?? '').replace(/\/hub$/, '');
  for (const parent of [root, join(root, delegated)]) {
    try {
      const available = (await readFile(join(parent, 'cgroup.controllers'), 'utf8')).trim().split(' ');
      const wanted = CONTROLLERS.filter((controller) => available.includes(controller));
      if (!wanted.includes('memory') || !wanted.includes('pids')) continue;
      // Processes and groups with controllers exclude each other, except at the top: who is here moves one down.
      if (parent !== root) await moveProcesses(parent, join(parent, 'hub'));
      const folder = join(parent, name);
      await mkdir(folder, { recursive: true });
      const enable = wanted.map((controller) => `+${controller}`).join(' ');
      await writeFile(join(parent, 'cgroup.subtree_control'), enable);
      await writeFile(join(folder, 'cgroup.subtree_control'), enable);
      return { version: 2, folders: Object.fromEntries(wanted.map((controller) => [controller, folder])) };
    } catch {
      // Not here or not ours: the next place, then version 1.
    }
  }
  return undefined;
}

async function findVersion1(
  name: string,
  root: string,
  own: ReadonlyMap<string, string>,
): Promise<Cgroups | undefined> {
  const folders: Partial<Record<(typeof CONTROLLERS)[number], string>> = {};
  for (const controller of CONTROLLERS) {
    const folder = join(root, controller, own.get(controller) ?? '', name);
    try {
      await readFile(join(root, controller, 'cgroup.procs'));
      await mkdir(folder, { recursive: true });
      folders[controller] = folder;
    } catch {
      // Not mounted or not ours.
    }
  }
  return folders.memory || folders.pids ? { version: 1, folders } : undefined;
}

/** Controller (empty for version 2) to this process's group. */
async function ownGroups(): Promise<Map<string, string>> {
  const groups = new Map<string, string>();
  for (const line of (await readFile('/proc/self/cgroup', 'utf8').catch(() => '')).split('\n')) {
    const [, controllers, path] = line.split(':', 3);
    for (const controller of controllers?.split(',') ?? []) groups.set(controller, path ?? '/');
  }
  return groups;
}

async function moveProcesses(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const pid of await processesOf(from)) {
    // One that ended meanwhile needs no move.
    await writeFile(join(to, 'cgroup.procs'), String(pid)).catch(() => undefined);
  }
}

async function processesOf(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

/** The group of one node. */
export class NodeCgroup {
  private readonly folders: ReadonlyMap<string, string>;

  constructor(
    private readonly cgroups: Cgroups,
    node: string,
  ) {
    this.folders = new Map(
      Object.entries(cgroups.folders).map(([controller, folder]) => [controller, join(folder, node)]),
    );
  }

  async create(): Promise<void> {
    for (const folder of new Set(this.folders.values())) await mkdir(folder, { recursive: true });
  }

  async join(pid: number): Promise<void> {
    for (const folder of new Set(this.folders.values())) await writeFile(join(folder, 'cgroup.procs'), String(pid));
  }

  async limit(limits: Limits): Promise<void> {
    const bytes = String(limits.memoryMb * 1024 * 1024);
    const quota = Math.round(limits.cpus * CPU_PERIOD_US);
    if (this.cgroups.version === 2) {
      await this.write('memory', 'memory.max', bytes);
      await this.write('memory', 'memory.swap.max', '0', true);
      await this.write('cpu', 'cpu.max', `${quota} ${CPU_PERIOD_US}`);
    } else {
      await this.write('memory', 'memory.limit_in_bytes', bytes);
      await this.write('memory', 'memory.memsw.limit_in_bytes', bytes, true);
      await this.write('cpu', 'cpu.cfs_period_us', String(CPU_PERIOD_US), true);
      await this.write('cpu', 'cpu.cfs_quota_us', String(quota), true);
    }
    await this.limitProcesses(limits.pids + KEEPERS);
  }

  /** 0 = nothing in the node can fork any more, which lets a fork bomb be killed process by process. */
  async limitProcesses(pids: number): Promise<void> {
    await this.write('pids', 'pids.max', String(pids));
  }

  /** How many processes the kernel killed because the node was out of memory. */
  async memoryKills(): Promise<number> {
    const folder = this.folders.get('memory');
    if (!folder) return 0;
    const file = this.cgroups.version === 2 ? 'memory.events' : 'memory.oom_control';
    const text = await readFile(join(folder, file), 'utf8').catch(() => '');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  /** Removes the group when its last process is gone, for which it waits up to a second. */
  async remove(): Promise<void> {
    for (const folder of new Set(this.folders.values())) await removeGroup(folder);
  }

  /** @param isOptional the kernel may be built without it (swap accounting, CPU quotas) */
  private async write(controller: string, file: string, value: string, isOptional = false): Promise<void> {
    const folder = this.folders.get(controller);
    if (!folder) return;
    await writeFile(join(folder, file), value, { flag: 'w' }).catch((error: unknown) => {
      if (!isOptional) throw error;
    });
  }
}

/** Removes the groups that an earlier run left behind, killing what is in them. */
export async function removeLeftGroups(cgroups: Cgroups): Promise<void> {
  for (const parent of new Set(Object.values(cgroups.folders))) {
    for (const entry of await readdir(parent, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      signalAll(await processesOf(join(parent, entry.name)), 'SIGKILL');
      await removeGroup(join(parent, entry.name));
    }
  }
}

/** Removes the group that holds the nodes' groups, if none is left in it. */
export async function removeGroups(cgroups: Cgroups): Promise<void> {
  for (const folder of new Set(Object.values(cgroups.folders))) await rmdir(folder).catch(() => undefined);
}

async function removeGroup(folder: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await rmdir(folder);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      if (tries >= 100) throw error;
      await sleep(10);
    }
  }
}
