import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes, printRows } from './output.ts';

/** What stands in a data directory. */
const PARTS: readonly (readonly [name: string, what: string, lost: string])[] = [
  ['cupboard.yaml', 'configuration', 'back it up'],
  ['secrets.yaml', 'secrets of the configuration', 'back it up'],
  ['hub.db', 'accounts, tokens, retained messages, sessions', 'back it up'],
  ['recorder.db', 'history of readings and events', 'back it up'],
  ['plugins', 'plugins you added', 'back it up'],
  ['plugin-data', "plugins' own databases and files", 'back it up'],
  ['backups', 'automatic backups', 'made again, of what is there then'],
  ['logs', 'log files', 'may be deleted'],
  ['cache', 'compiled plugins', 'made again'],
  ['run', 'sockets of the running hub', 'made again'],
];

interface Place {
  readonly path: string;
  readonly what: string;
  readonly bytes: number;
  readonly rebuildable: boolean;
  readonly note: string;
}

export async function printPlaces(dataDir: string, json?: boolean): Promise<void> {
  const places = await Promise.all(PARTS.map((part) => place(dataDir, part)));
  printRows(
    places.filter((each) => each !== undefined),
    [
      ['PATH', (row) => row.path],
      ['SIZE', (row) => formatBytes(row.bytes)],
      ['WHAT', (row) => row.what],
      ['WHEN LOST', (row) => row.note],
    ],
    json,
  );
}

async function place(dataDir: string, [name, what, note]: (typeof PARTS)[number]): Promise<Place | undefined> {
  const path = join(dataDir, name);
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined;
  // SQLite keeps what is not checkpointed yet in a file beside the database.
  const beside = name.endsWith('.db') ? await sizeOf(`${path}-wal`) : 0;
  return { path, what, bytes: (await sizeOf(path)) + beside, rebuildable: note !== 'back it up', note };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return found?.size ?? 0;
  // What vanishes while it is counted counts nothing.
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}
