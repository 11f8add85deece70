import type { Limits } from './cgroup.ts';
import { quote } from './channel.ts';

/** How strongly a node is kept apart from the machine; `process` not at all. */
export type Mode = 'root' | 'rootless' | 'process';

/** Where things are inside a node. */
export const WORKSPACE = '/workspace';
export const JOB_FILES = '/run/ci';

/** What a node is given when its job is known. */
export interface Entry {
  readonly hostname: string;
  readonly limits: Limits;
  readonly network: boolean;
  /** Path inside to path outside, read-only. */
  readonly binds: Readonly<Record<string, string>>;
}

/** The environment that every process of a node begins with. */
export const BASE_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  USER: 'root',
  LOGNAME: 'root',
  SHELL: '/bin/bash',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
} as const;

// What installing packages and changing to a service's user take. Not among them: mounting, making devices, tracing,
// loading modules, rebooting, setting the clock, changing interfaces.
const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
] as const;

const SHARED_MEMORY_BYTES = 256 * 1024 * 1024;

/** The shell that mounts a node, in a mount namespace of its own: whatever is mounted there goes when its last process does. */
export function holderCommand(mode: Mode): readonly string[] {
  if (mode === 'process') return ['sh'];
  const mapped = mode === 'rootless' ? ['--map-auto', '--map-root-user', '--setuid', '0', '--setgid', '0'] : [];
  return ['unshare', ...mapped, '--mount', '--propagation', 'private', '--', 'sh'];
}

/**
 * Shell commands that mount a node's root at `root`, in its folder where `lower` is a link to the image.
 * @param disk `loop`: `disk.img` is an ext4 file system as large as the job may fill; `memory`: a tmpfs of that size
 */
export function mountScript(mode: Mode, disk: 'loop' | 'memory', diskMb: number): string {
  const options = mode === 'rootless' ? 'userxattr,volatile' : 'volatile';
  return [
    'set -e',
    disk === 'loop'
      ? 'mount -o loop,nodev,noatime disk.img disk'
      : `mount -t tmpfs -o nodev,size=${diskMb}m,mode=755 tmpfs disk`,
    'mkdir disk/upper disk/work',
    // Relative paths: a data directory may have commas and colons in its name, which mount would take for its own.
    `mount -t overlay -o lowerdir=lower,upperdir=disk/upper,workdir=disk/work,${options} overlay root`,
    `mkdir -p root/tmp root/etc root/run root${WORKSPACE}`,
    'chmod 1777 root/tmp',
  ].join('\n');
}

/** Shell commands that give the node names to resolve. */
export function namesScript(entry: Entry): string {
  const lines = [
    'rm -f root/etc/hosts',
    `printf '127.0.0.1 localhost\\n127.0.1.1 %s\\n' ${quote(entry.hostname)} > root/etc/hosts`,
  ];
  if (entry.network) lines.push('rm -f root/etc/resolv.conf', 'cp -L /etc/resolv.conf root/etc/resolv.conf');
  return lines.join('\n');
}

/** Arguments of bubblewrap for a process in the node whose mounted root is `root`. */
export function bubblewrapArguments(root: string, entry: Entry): string[] {
  return [
    ...['--bind', root, '/', '--proc', '/proc'],
    // Without a user namespace root inside is root outside as far as files go, and a file like core_pattern is a way out.
    ...['--ro-bind', '/proc/sys', '/proc/sys'],
    ...['--dev', '/dev', '--size', String(SHARED_MEMORY_BYTES), '--tmpfs', '/dev/shm'],
    ...Object.entries(entry.binds).flatMap(([inside, outside]) => ['--ro-bind', outside, inside]),
    ...['--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-cgroup-try'],
    ...(entry.network ? [] : ['--unshare-net']),
    ...['--hostname', entry.hostname, '--die-with-parent', '--new-session'],
    ...['--cap-drop', 'ALL', ...CAPABILITIES.flatMap((name) => ['--cap-add', `CAP_${name}`])],
    '--clearenv',
    ...Object.entries(BASE_ENVIRONMENT).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--chdir', WORKSPACE],
  ];
}

/** Limits by resource limits alone, where no control groups can be made: per process, and per user for their number. */
export function limitCommand(limits: Limits | undefined): string[] {
  const own = limits ? [`--nproc=${limits.pids}`, `--data=${limits.memoryMb * 1024 * 1024}`] : [];
  return ['prlimit', '--core=0', ...own];
}
