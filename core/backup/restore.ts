import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, symlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { syncFolder, writeFileAtomic } from '../support/files.ts';
import { MANIFEST, type Manifest } from './manifest.ts';
import { type Entry, readMembers, verifyBackup } from './read.ts';

/** Below the data directory, so that moving into place is a rename on the same disk. */
const STAGE = '.restoring';
/** Stands in the stage once everything lies there: its text names the folder the old data goes to. */
const COMPLETE = 'complete';
/** Stands there once the old data has been moved away. */
const CLEARED = 'cleared';
/** What stays: of the machine and the moment, or not touched by a backup. */
const KEPT = new Set(['backups', 'hub.lock', 'hub.pid', 'logs', STAGE]);

export interface Restored {
  readonly manifest: Manifest;
  /** Where the data of before lies now; `undefined` where there was none. */
  readonly replaced: string | undefined;
}

/**
 * Puts a backup in the place of a data directory, whose hub must not run. Every checksum is compared before anything
 * is touched; a power cut leaves the old data or, once `finishRestore` has run at the next start, the new.
 * @throws HubError `backup_damaged` | `backup_newer`
 */
export async function restoreBackup(file: string, dataDir: string, now = new Date()): Promise<Restored> {
  const manifest = await verifyBackup(file);
  const stage = join(dataDir, STAGE);
  await mkdir(dataDir, { recursive: true, mode: 0o750 });
  await rm(stage, { recursive: true, force: true });
  const data = join(stage, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  await readMembers(file, (entry) => unpack(entry, data));
  const replaced = `replaced-${now.toISOString().replaceAll(/[:.]/g, '-')}`;
  await writeFileAtomic(join(stage, COMPLETE), replaced);
  await finishRestore(dataDir);
  return { manifest, replaced: existsSync(join(dataDir, replaced)) ? join(dataDir, replaced) : undefined };
}

/** Goes on with a restore that was cut off after its data lay ready; removes one that was cut off before. */
export async function finishRestore(dataDir: string): Promise<void> {
  const stage = join(dataDir, STAGE);
  if (!existsSync(stage)) return;
  const replaced = await readFile(join(stage, COMPLETE), 'utf8').catch(() => undefined); // cut off before it was whole
  if (replaced !== undefined) {
    if (!existsSync(join(stage, CLEARED))) {
      await moveAll(dataDir, join(dataDir, replaced), (name) => !KEPT.has(name) && !name.startsWith('replaced-'));
      await writeFileAtomic(join(stage, CLEARED), '');
    }
    await moveAll(join(stage, 'data'), dataDir, () => true);
  }
  await rm(stage, { recursive: true, force: true });
  await syncFolder(dataDir);
}

async function moveAll(from: string, to: string, isMoved: (name: string) => boolean): Promise<void> {
  const names = (await readdir(from)).filter(isMoved);
  if (names.length === 0) return;
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of names) await rename(join(from, name), join(to, name));
  await syncFolder(to);
  await syncFolder(from);
}

async function unpack(entry: Entry, data: string): Promise<void> {
  const { name, type, linkname, mode, mtime, uid, gid } = entry.header;
  const path = join(data, name);
  if (name === MANIFEST) {
    entry.resume();
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  if (type === 'symlink') {
    entry.resume();
    await symlink(linkname, path);
    return;
  }
  if (type === 'directory') {
    entry.resume();
    await mkdir(path, { recursive: true });
  } else {
    const handle = await open(path, 'wx', 0o600);
    await pipeline(entry, handle.createWriteStream({ flush: true }));
    await utimes(path, mtime, mtime);
  }
  // Only root can give files away; for everybody else they become their own.
  if (process.getuid?.() === 0) await chown(path, uid, gid);
  await chmod(path, mode);
}
