import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorText } from 'cupboard/sdk';
import { hasProgram, type Lack, lackOf, namespaceLack } from '../images/namespace.ts';
import type { Cgroups } from './cgroup.ts';
import { findCgroups } from './cgroup.ts';
import { holderCommand, type Mode } from './sandbox.ts';

const run = promisify(execFile);

/** How nodes are kept apart from this machine. */
export interface Isolation {
  readonly mode: Mode;
  /** `undefined` = resource limits only. */
  readonly cgroups: Cgroups | undefined;
  /** Whether a loop device can be had for what a job writes; else it is kept in memory. */
  readonly hasLoop: boolean;
}

/**
 * Finds out what this machine allows. `auto` is `root` for root and `rootless` for everyone else; `process`, which
 * isolates nothing, must be asked for.
 * @param group name of the control group that holds the nodes' groups
 */
export async function findIsolation(wanted: Mode | 'auto', group: string): Promise<Isolation | Lack> {
  const automatic = process.getuid?.() === 0 ? 'root' : 'rootless';
  const mode = wanted === 'auto' ? automatic : wanted;
  if (mode === 'process') return { mode, cgroups: undefined, hasLoop: false };
  if (mode === 'root' && automatic !== 'root') {
    return {
      reason: 'nodes.mode is root, but the hub does not run as root',
      advice: 'Set nodes.mode to rootless or auto.',
    };
  }
  const lack = await lackFor(mode);
  if (lack) return lack;
  return {
    mode,
    cgroups: await findCgroups(group),
    hasLoop: mode === 'root' && existsSync('/dev/loop-control') && hasProgram('mkfs.ext4'),
  };
}

async function lackFor(mode: 'root' | 'rootless'): Promise<Lack | undefined> {
  if (!hasProgram('bwrap')) return lackOf('bwrap', 'bubblewrap');
  if (!hasProgram('git')) return lackOf('git', 'git');
  const lack = mode === 'rootless' ? await namespaceLack() : undefined;
  if (lack) return lack;
  const [program = '', ...args] = holderCommand(mode);
  try {
    await run(program, [...args, '-c', 'true']);
    return undefined;
  } catch (error) {
    return {
      reason: `no namespaces for nodes: ${errorText(error).split('\n').at(1) || errorText(error)}`,
      advice:
        mode === 'root'
          ? 'The hub needs CAP_SYS_ADMIN, which a container may withhold; or set nodes.mode to process, which isolates nothing.'
          : 'Allow unprivileged user namespaces (sysctl user.max_user_namespaces), or run the hub as root.',
    };
  }
}
