import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, readlink, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import Database from 'better-sqlite3';
import { type Pack, pack } from 'tar-stream';
import { errorCode, HubError } from '../support/errors.ts';
import { syncFolder } from '../support/files.ts';
import { contentsOf, type Item } from './contents.ts';
import { MANIFEST, writeManifest } from './manifest.ts';

export interface BackupOptions {
  readonly dataDir: string;
  /** The file to write; must not exist. */
  readonly file: string;
  readonly version: string;
  /** Leaves out single files larger than this; databases are always taken. */
  readonly maxFileBytes?: number | undefined;
}

export interface BackupDone {
  readonly files: number;
  readonly bytes: number;
  readonly leftOut: Readonly<Record<string, number>>;
}

/**
 * Writes a data directory, in use or not, into a .tar.gz that any tar can open. Each database is copied by SQLite in
 * one read transaction, so that it is consistent while the hub goes on writing. Mode 0600: secrets are in it.
 * @throws HubError `backup_exists`, or the error of the file that could not be read; no half file stays
 */
export async function writeBackup({ dataDir, file, version, maxFileBytes }: BackupOptions): Promise<BackupDone> {
  const temporary = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
  const copies = await mkdtemp(join(dirname(file), '.cupboard-copies-'));
  try {
    const archive = pack();
    const written = pipeline(
      archive as unknown as NodeJS.ReadableStream, // by behaviour, though not by type
      createGzip(),
      createWriteStream(temporary, { flags: 'wx', mode: 0o600 }),
    );
    const done = fill(archive, { dataDir, version, copies, maxFileBytes }).catch((error: Error) => {
      archive.destroy(error);
      throw error;
    });
    const [result] = await Promise.all([done, written]);
    await settle(temporary, file);
    return result;
  } finally {
    await rm(temporary, { force: true });
    await rm(copies, { recursive: true, force: true });
  }
}

/** Gives the finished file its name, which no other file may have. */
async function settle(temporary: string, file: string): Promise<void> {
  const handle = await open(temporary, 'r');
  await handle.sync().finally(() => handle.close());
  const taken = await open(file, 'wx', 0o600).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new HubError('backup_exists', `${file} is there already: name another file, or remove it`);
  });
  await taken.close();
  await rename(temporary, file);
  await syncFolder(dirname(file));
}

interface Filling {
  readonly dataDir: string;
  readonly version: string;
  /** Where databases are copied to on their way. */
  readonly copies: string;
  readonly maxFileBytes: number | undefined;
}

async function fill(archive: Pack, { dataDir, version, copies, maxFileBytes }: Filling): Promise<BackupDone> {
  const files: Record<string, string> = {};
  const leftOut: Record<string, number> = {};
  let bytes = 0;
  for await (const item of contentsOf(dataDir)) {
    const source = join(dataDir, item.path);
    if (item.kind === 'folder') await addEmpty(archive, item, { type: 'directory' });
    else if (item.kind === 'link') await addEmpty(archive, item, { type: 'symlink', linkname: await readlink(source) });
    else if (item.kind === 'file' && item.stats.size > (maxFileBytes ?? Number.POSITIVE_INFINITY)) {
      leftOut[item.path] = item.stats.size;
    } else {
      const copy = item.kind === 'database' ? await copyDatabase(source, join(copies, 'database')) : source;
      const added = await addFile(archive, item, copy);
      files[item.path] = added.sha256;
      bytes += added.bytes;
    }
  }
  await new Promise<void>((resolve, reject) =>
    archive.entry(
      { name: MANIFEST, mode: 0o600 },
      writeManifest({ version, created: new Date().toISOString(), files, leftOut }),
      (error) => (error ? reject(error) : resolve()),
    ),
  );
  archive.finalize();
  return { files: Object.keys(files).length, bytes, leftOut };
}

const headerOf = ({ path, stats }: Item) => ({
  name: path,
  mode: stats.mode & 0o7777,
  mtime: stats.mtime,
  uid: stats.uid,
  gid: stats.gid,
});

function addEmpty(
  archive: Pack,
  item: Item,
  what: { type: 'directory' | 'symlink'; linkname?: string },
): Promise<void> {
  return new Promise((resolve, reject) =>
    archive.entry({ ...headerOf(item), ...what, size: 0 }, (error) => (error ? reject(error) : resolve())),
  );
}

/** The header of tar names the size first, so exactly what the file had when it was opened goes in. */
async function addFile(archive: Pack, item: Item, file: string): Promise<{ sha256: string; bytes: number }> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const hash = createHash('sha256');
    const entry = archive.entry({ ...headerOf(item), size });
    const taken = once(entry, 'finish');
    if (size > 0) {
      for await (const part of handle.createReadStream({ end: size - 1, autoClose: false })) {
        hash.update(part);
        if (!entry.write(part)) await once(entry, 'drain');
      }
    }
    entry.end(null);
    await taken;
    return { sha256: hash.digest('hex'), bytes: size };
  } finally {
    await handle.close();
  }
}

/** All pages at once: in steps it would begin anew whenever the hub writes in between. */
const ALL_PAGES = 0x7fffffff;

async function copyDatabase(source: string, copy: string): Promise<string> {
  await rm(copy, { force: true });
  const database = new Database(source, { readonly: true, fileMustExist: true });
  try {
    await database.backup(copy, { progress: () => ALL_PAGES });
  } finally {
    database.close();
  }
  return copy;
}
