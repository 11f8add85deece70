import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces a file so that after a power cut either the old or the new content is there, never a part: temporary file
 * in the same folder, fsync, rename, fsync of the folder.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the folder's entries (a rename, a new file) survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Its presence, with this beginning, marks a folder whose contents can be made again (bford.info/cachedir). */
export const CACHE_TAG = 'CACHEDIR.TAG';
export const CACHE_SIGNATURE = 'Signature: 8a477f597d28d172789f06886806bc55';

/** Makes a folder of things that can be made again: backups, also those of other programs, leave it out. */
export async function makeCacheFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, CACHE_TAG), `${CACHE_SIGNATURE}\n# Can be made again: backups leave this folder out.\n`);
}
