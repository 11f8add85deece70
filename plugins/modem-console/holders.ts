import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';

/** A process that has a device open. */
export interface Holder {
  readonly pid: number;
  /** The program's name, 15 characters at most. */
  readonly name: string;
}

/**
 * The other processes that have the device open: by their open files, as far as we may see them, by kernel locks, and by
 * the lock files of terminal programs. The process at the other end of a pseudo-terminal is none of them.
 */
export async function findHolders(path: string): Promise<Holder[]> {
  const device = await realpath(path).catch(() => undefined);
  if (device === undefined) return [];
  const found = [...(await pidsByFiles(device)), ...(await pidsByLocks(device)), ...(await pidsByLockFile(device))];
  const pids = [...new Set(found)].filter((pid) => pid !== process.pid);
  const holders = await Promise.all(pids.map(async (pid) => ({ pid, name: await programName(pid) })));
  return holders.filter((holder): holder is Holder => holder.name !== undefined);
}

/** `undefined` when there is no such process any more. */
async function programName(pid: number): Promise<string | undefined> {
  return readFile(`/proc/${pid}/comm`, 'utf8').then(
    (name) => name.trim(),
    () => undefined,
  );
}

async function pidsByFiles(device: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const holding = await Promise.all(pids.map(async (pid) => ((await holdsFile(pid, device)) ? pid : undefined)));
  return holding.filter((pid) => pid !== undefined);
}

async function holdsFile(pid: number, device: string): Promise<boolean> {
  const files = await openFiles(pid);
  if (!files.some(({ target }) => target === device)) return false;
  const terminal = /^\/dev\/pts\/(\d+)$/.exec(device)?.[1];
  if (terminal === undefined) return true;
  // Whoever has the master of a pseudo-terminal often keeps its slave open too, lest it hang up.
  const masters = files.filter(({ target }) => target.endsWith('/ptmx'));
  const infos = await Promise.all(
    masters.map(({ fd }) => readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8').catch(() => '')),
  );
  return !infos.some((info) => new RegExp(`^tty-index:\\s*${terminal}$`, 'm').test(info));
}

/** Empty for a process of another user, which only root may look into. */
async function openFiles(pid: number): Promise<{ fd: string; target: string }[]> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return Promise.all(fds.map(async (fd) => ({ fd, target: await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '') })));
}

/** `1: FLOCK  ADVISORY  WRITE 4711 00:05:123 0 EOF`: pid, then device and inode of the file. */
async function pidsByLocks(device: string): Promise<number[]> {
  const [locks, node] = await Promise.all([
    readFile('/proc/locks', 'utf8').catch(() => ''),
    stat(device).catch(() => undefined),
  ]);
  if (!node) return [];
  const [major, minor] = [(node.dev >> 8) & 0xfff, (node.dev & 0xff) | ((node.dev >> 12) & 0xfff00)];
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  const file = `${hex(major)}:${hex(minor)}:${node.ino}`;
  return [...locks.matchAll(/^\d+: \S+ +\S+ +\S+ +(\d+) (\S+) /gm)]
    .filter(([, , locked]) => locked === file)
    .map(([, pid]) => Number(pid));
}

/** The lock files of minicom and its kin: the pid as text. */
async function pidsByLockFile(device: string): Promise<number[]> {
  const text = await readFile(`/run/lock/LCK..${basename(device)}`, 'utf8').catch(() => '');
  const pid = Number.parseInt(text.trim(), 10);
  return Number.isNaN(pid) ? [] : [pid];
}
