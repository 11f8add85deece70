import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode, errorText, HubError } from '../support/errors.ts';
import { distFile, packageRoot } from '../support/paths.ts';

const run = promisify(execFile);

/** What a sandboxed plugin sees of the machine, beside the system itself. */
export interface SandboxPlace {
  /** The hub's data directory: of it there is nothing inside but what the two lists name. */
  readonly dataDir: string;
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
  /** Where it starts. */
  readonly cwd: string;
}

/**
 * What programs need of /etc. Not all of it: with a hub that runs as root, files that only root may read are readable
 * inside as well, the password hashes and the host's keys among them.
 */
const ETC = [
  ...['alternatives', 'ca-certificates', 'fonts', 'group', 'hosts', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d'],
  ...['localtime', 'magic', 'mime.types', 'nsswitch.conf', 'os-release', 'passwd', 'protocols', 'python3', 'services'],
  ...['ssl/certs', 'ssl/openssl.cnf', 'timezone'],
];
/** Protections of the systemd unit under which nobody can make namespaces with a /proc of their own. */
export const SANDBOX_UNPROTECTED = [
  'ProtectHostname',
  'ProtectKernelLogs',
  'ProtectKernelTunables',
  'RestrictNamespaces',
];
/** Folders on some systems, links into /usr on others. */
const TOP = ['/bin', '/lib', '/lib32', '/lib64', '/libx32', '/sbin'];
const SCRATCH_BYTES = 64 * 1024 * 1024;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const ISOLATION = [
  // Also for root, who is then nobody special to anything outside.
  ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
  ...['--cap-drop', 'ALL', '--die-with-parent', '--new-session'],
  ...['--ro-bind', '/usr', '/usr', ...TOP.flatMap((path) => ['--ro-bind-try', path, path])],
  ...ETC.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
  ...['--proc', '/proc', '--dev', '/dev'],
  // In memory, hence bounded.
  ...['/dev/shm', '/tmp'].flatMap((path) => ['--size', String(SCRATCH_BYTES), '--tmpfs', path]),
];

/**
 * The command that runs another one in a sandbox: a read-only system, no network, no process but its own.
 * @throws HubError `sandbox_missing` | `sandbox_refused` when there is no bubblewrap, or the system does not let it work
 */
export async function sandboxCommand({ dataDir, readOnly, writable, cwd }: SandboxPlace): Promise<readonly string[]> {
  await checkBubblewrap();
  const hub = ['dist', 'node_modules', 'package.json'].map((name) => join(packageRoot, name));
  const hidden = await allNames([dataDir]);
  const binds = async (option: string, paths: readonly string[]) =>
    (await allNames(paths)).flatMap((path) => [option, path, path]);
  return [
    ...['bwrap', ...ISOLATION],
    // First empty, wherever it lies: below a folder of the system it would be visible with it.
    ...hidden.flatMap((path) => ['--tmpfs', path]),
    ...(await binds('--ro-bind', [process.execPath, ...hub, ...readOnly])),
    ...(await binds('--bind', writable)),
    ...[...hidden, '/'].flatMap((path) => ['--remount-ro', path]),
    ...['--chdir', cwd, '--'],
  ];
}

/** With the real names: modules are found by those where the data directory is reached through a link. */
async function allNames(paths: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path)));
  return [...new Set([...paths, ...real])];
}

/** An environment without the hub's own, which may hold what is no business of the plugin. */
export function sandboxEnvironment(dataDir: string): Record<string, string> {
  return { PATH, HOME: dataDir, LANG: 'C.UTF-8' };
}

/** Tried each time, because it may be installed while the hub runs; it takes a few milliseconds. */
async function checkBubblewrap(): Promise<void> {
  try {
    await run('bwrap', [...ISOLATION, '--', 'true']);
  } catch (error) {
    const needs = 'sandbox: true needs bubblewrap, which';
    throw errorCode(error) === 'ENOENT'
      ? new HubError('sandbox_missing', `${needs} is not installed`, { cause: error })
      : new HubError('sandbox_refused', `${needs} does not work here: ${errorText(error)}`, { cause: error });
  }
}

/** The processes of a sandbox as the hub sees them. */
export interface Inside {
  /** The plugin itself. */
  readonly pid: number;
  /** The group of all it has started that has not left it. */
  readonly group: number;
}

/** Looks into the sandbox whose `bwrap` process is given; undefined until there is something in it. */
export function insideOf(bwrapPid: number): Inside | undefined {
  // bwrap waits outside; its child is the first process inside and leads the group; the first child of that is the plugin.
  const group = firstChild(bwrapPid);
  const pid = group === undefined ? undefined : firstChild(group);
  return pid === undefined || group === undefined ? undefined : { pid, group };
}

function firstChild(pid: number): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return first ? Number(first) : undefined;
  } catch {
    return undefined; // it has just ended
  }
}

/** bwrap ends with 128 + n for a plugin ended by signal n; answers the signal's name. */
export function signalOf(exitCode: number | null): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number)?.[0];
}

/** `captureStack` for a process whose loopback is its own: from within its network. */
export async function captureStackInside(pid: number, url: string, timeoutMs: number): Promise<string[]> {
  const enter = ['--target', String(pid), '--user', '--preserve-credentials', '--net'];
  const probe = [process.execPath, distFile('stack-probe.js'), url, String(timeoutMs)];
  // Its own time to start comes on top.
  const { stdout } = await run('nsenter', [...enter, '--', ...probe], { timeout: timeoutMs + 5000 });
  return JSON.parse(stdout) as string[];
}
