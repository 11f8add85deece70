import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { mkdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode, HubError } from './errors.ts';

const SYSTEM_FOLDER = '/var/lib/cupboard';
/** sun_path of a Unix socket holds 108 bytes with the final zero; Node cuts longer paths without a word. */
const LONGEST_SOCKET_PATH = 107;

export interface DataDirChoice {
  /** `--data`. */
  readonly option?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly systemFolder?: string;
}

/** The data directory of `cupboard start`: the one asked for, else the one in use, else a new `./data`. */
export function dataDirToStart(choice: DataDirChoice = {}): string {
  const { asked, local, system } = places(choice);
  if (asked) return asked;
  return !existsSync(local) && isWritable(system) ? system : local;
}

/**
 * The data directory that every other command means. Without `--data` and CUPBOARD_DATA it is the first one there
 * whose hub runs, else the first one there.
 * @throws HubError `data_dir_missing` with the paths tried
 */
export function dataDirInUse(choice: DataDirChoice = {}): string {
  const { asked, local, system } = places(choice);
  const tried = asked ? [asked] : [local, system];
  const found = tried.filter(isFolder);
  const inUse = found.find((folder) => existsSync(join(folder, 'hub.sock'))) ?? found[0];
  if (inUse) return inUse;
  throw new HubError(
    'data_dir_missing',
    `no data directory: tried ${tried.join(', ')}. Name it with --data DIR or CUPBOARD_DATA, or make one with: cupboard start`,
  );
}

function places({ option, env = process.env, cwd = process.cwd(), systemFolder = SYSTEM_FOLDER }: DataDirChoice) {
  const asked = option ?? env['CUPBOARD_DATA'];
  return { asked: asked ? resolve(cwd, asked) : undefined, local: join(cwd, 'data'), system: systemFolder };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    // Missing or someone else's: either way not ours to use.
    return false;
  }
}

/**
 * Creates the data directory with its folders, after refusing places where a hub would start and then lose data.
 * @throws HubError `data_path_too_long` | `data_on_network` | `data_not_writable`
 */
export async function prepareDataDir(path: string): Promise<void> {
  checkSocketPath(path);
  await checkFileSystem(path);
  try {
    // Whoever can enter this folder is admin of the hub.
    await mkdir(path, { recursive: true, mode: 0o750 });
    await mkdir(join(path, 'run'), { recursive: true, mode: 0o700 });
    for (const folder of ['plugins', 'plugin-data', 'logs']) await mkdir(join(path, folder), { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new HubError('data_not_writable', `the data directory ${path} cannot be written (${errorCode(error)})`, {
      cause: error,
    });
  }
}

export function checkSocketPath(path: string): void {
  const longest = join(path, 'run', 'mqtt.sock');
  const bytes = Buffer.byteLength(longest);
  if (bytes <= LONGEST_SOCKET_PATH) return;
  throw new HubError(
    'data_path_too_long',
    `the data directory's path is ${bytes - LONGEST_SOCKET_PATH} bytes too long: the Unix socket ${longest} has ` +
      `${bytes} and the system takes ${LONGEST_SOCKET_PATH}. Choose a shorter one with --data DIR`,
  );
}

/** `f_type` of statfs(2), for the file systems that lack what SQLite and Unix sockets need. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9p'],
]);

export async function checkFileSystem(
  path: string,
  typeOf: (path: string) => Promise<number> = async (existing) => (await statfs(existing)).type,
): Promise<void> {
  const name = NETWORK_FILE_SYSTEMS.get((await typeOf(nearestExisting(path))) >>> 0);
  if (!name) return;
  throw new HubError(
    'data_on_network',
    `the data directory ${path} is on ${name}, where file locks and fsync are not dependable and a database can be ` +
      'lost. Choose a folder on a local disk with --data DIR',
  );
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

/**
 * Makes this process the only hub on the data directory, until it ends. Node has no flock, so SQLite takes the lock:
 * it is the kernel's, goes with the process however that ends, and so is never stale. `hub.pid` is there only for
 * the message.
 * @throws HubError `data_dir_locked` with the other hub's pid
 */
export async function lockDataDir(path: string): Promise<{ release(): void }> {
  const { default: Database } = await import('better-sqlite3');
  const lock = new Database(join(path, 'hub.lock'), { timeout: 0 });
  const pidFile = join(path, 'hub.pid');
  try {
    // Nothing is ever written, so there is no journal to keep beside it.
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (errorCode(error) !== 'SQLITE_BUSY') throw error;
    const pid = await readFile(pidFile, 'utf8').then(
      (text) => text.trim(),
      () => 'unknown',
    );
    throw new HubError(
      'data_dir_locked',
      `a hub already runs on ${path}: pid ${pid}. Stop it first (kill ${pid}), or start this one elsewhere with --data DIR`,
      { cause: error },
    );
  }
  await writeFile(pidFile, `${process.pid}\n`);
  return { release: () => void lock.close() };
}
