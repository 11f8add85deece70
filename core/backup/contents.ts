import type { Stats } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE_SIGNATURE, CACHE_TAG } from '../support/files.ts';

/** One thing of the data directory that a backup holds. */
export interface Item {
  /** Relative to the data directory, `/`-separated. */
  readonly path: string;
  readonly kind: 'folder' | 'file' | 'database' | 'link';
  readonly stats: Stats;
}

/** What the hub makes again, or what belongs to the machine and the moment. */
const LEFT_OUT = new Set(['backups', 'cache', 'hub.lock', 'hub.pid', 'hub.sock', 'logs', 'run']);
/** Names beside a database that make sense only with that very file. */
const BESIDE_DATABASE = /-(wal|shm|journal)$/;
/** Everything below the data directory worth a backup, folders before what is in them, sorted by name. */
export async function* contentsOf(dataDir: string): AsyncGenerator<Item> {
  for (const name of (await readdir(dataDir)).sort()) {
    // Hidden ones at the top are the hub's own work under way; damaged and replaced data were set aside for people.
    if (LEFT_OUT.has(name) || name.startsWith('.') || /^replaced-|\.damaged-/.test(name)) continue;
    yield* below(dataDir, name);
  }
}

async function* below(dataDir: string, path: string): AsyncGenerator<Item> {
  const full = join(dataDir, path);
  const stats = await lstat(full).catch(() => undefined); // gone since it was listed
  if (stats?.isSymbolicLink()) yield { path, kind: 'link', stats };
  else if (stats?.isFile() && !BESIDE_DATABASE.test(path)) {
    yield { path, kind: (await isDatabase(full)) ? 'database' : 'file', stats };
  } else if (stats?.isDirectory() && !(await isCache(full))) {
    yield { path, kind: 'folder', stats };
    for (const name of (await readdir(full)).sort()) yield* below(dataDir, `${path}/${name}`);
  }
}

const startOf = async (file: string, bytes: number): Promise<string> => {
  const handle = await open(file, 'r').catch(() => undefined); // gone, or not for us: told when it is to be read
  if (!handle) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
};

/** By its first 16 bytes (SQLite file format, 1.3.1). */
const isDatabase = async (file: string) => (await startOf(file, 16)) === 'SQLite format 3\0';
const isCache = async (folder: string) =>
  (await startOf(join(folder, CACHE_TAG), CACHE_SIGNATURE.length)) === CACHE_SIGNATURE;
