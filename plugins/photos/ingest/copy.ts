import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorText, HubError } from 'cupboard/sdk';
import { setOwnership } from './ownership.ts';
import { type Location, mtimeOf } from './scan.ts';

const BLOCK_BYTES = 1 << 20;

export interface Hashed {
  readonly sha256: string;
  readonly size: number;
  /** Epoch ms. */
  readonly mtime: number;
}

/** A complete, durable copy that waits under a temporary name. */
export interface Copied extends Hashed {
  readonly temporary: string;
}

export interface CopySettings {
  /** Folder of temporary files, on the file system of the archive. */
  readonly folder: string;
  readonly mode: number;
  /** Group id. */
  readonly group?: number | undefined;
  /** Of the temporary name: some readers of metadata look at it. */
  readonly ending?: string;
}

export interface Reading {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** What went wrong on which side: a bad sector of the card is one file's trouble, a full archive everyone's. */
export class CopyError extends HubError {
  constructor(
    readonly side: 'source' | 'archive',
    /** The system's code, or `short_read`, `changed`, `not_a_file`. */
    readonly reason: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`copy_${side}`, message, options);
  }
}

/** Others keep unfinished files in the same folder. */
const TEMPORARY = 'copy-';

/** Removes what copies that were cut off have left; no copy may be under way. */
export async function sweepTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.startsWith(TEMPORARY)) await rm(join(folder, name));
}

/** Not following a link, and not waiting for the other end of a pipe, that took the file's place since the scan. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Reads a file once for its hash. @throws CopyError of side `source` */
export async function hashFile(source: Location, reading: Reading = {}): Promise<Hashed> {
  return withSource(source, (handle) => readThrough(handle, async () => undefined, reading));
}

/**
 * Copies a file to a temporary name, hashing what is read, and makes the copy durable.
 * @throws CopyError; the temporary file is gone then
 */
export async function copyToTemporary(
  source: Location,
  { folder, mode, group, ending = '' }: CopySettings,
  reading: Reading = {},
): Promise<Copied> {
  const temporary = join(folder, `${TEMPORARY}${randomUUID()}${ending && `.${ending}`}`);
  return withSource(source, async (handle) => {
    try {
      const target = await inArchive(() => open(temporary, 'wx', mode));
      try {
        const write = (block: Buffer, at: number) => inArchive(() => writeAll(target, block, at));
        const hashed = await readThrough(handle, write, reading);
        const kept = await inArchive(async () => {
          await setOwnership(target, mode, group);
          await target.utimes(hashed.mtime / 1000, hashed.mtime / 1000);
          await target.sync();
          return target.stat();
        });
        // As the archive's file system keeps it, which may be in steps of 2 s: what tells an edit from rot.
        return { ...hashed, mtime: mtimeOf(kept), temporary };
      } finally {
        await target.close();
      }
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}

/**
 * Gives a temporary file its name in the archive, never over another file. The caller makes the folder durable.
 * @throws Error with code `EEXIST`
 */
export async function placeFile(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    if (!NO_LINKS.has(errorCode(error) ?? '')) throw error;
    return claimAndRename(temporary, target);
  }
  await rm(temporary);
}

/** What file systems without hard links (FAT, exFAT, some network disks) answer. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']);

/**
 * An empty file takes the name first, which fails where there is one; the rename then replaces nothing but that. Unlike
 * an exclusive copy it leaves no half file under the final name after a power cut.
 */
async function claimAndRename(temporary: string, target: string): Promise<void> {
  const claim = await open(target, 'wx');
  await claim.close();
  await rename(temporary, target);
}

async function withSource<T>(source: Location, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await fromSource(() => open(source, READ_FLAGS));
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

/**
 * Reads to the end in blocks of 1 MiB; while one is hashed and written, the next is being read. A card that is pulled may
 * end a file early without an error, and a file still being written changes under our eyes: both are refused.
 */
async function readThrough(
  handle: FileHandle,
  write: (block: Buffer, at: number) => Promise<void>,
  { signal, onBytes }: Reading,
): Promise<Hashed> {
  const before = await fromSource(() => handle.stat());
  if (!before.isFile()) throw new CopyError('source', 'not_a_file', 'it is not a regular file');
  const hash = createHash('sha256');
  const blockBytes = Math.min(BLOCK_BYTES, before.size + 1);
  let [current, next] = [Buffer.allocUnsafeSlow(blockBytes), Buffer.allocUnsafeSlow(blockBytes)];
  const read = async (block: Buffer, at: number) =>
    (await fromSource(() => handle.read(block, 0, blockBytes, at))).bytesRead;
  let size = 0;
  for (let bytes = await read(current, 0); bytes > 0; ) {
    signal?.throwIfAborted();
    const block = current.subarray(0, bytes);
    const writing = write(block, size);
    const reading = read(next, size + bytes);
    hash.update(block);
    const [, following] = await bothOf(writing, reading);
    size += bytes;
    onBytes?.(bytes);
    bytes = following;
    [current, next] = [next, current];
  }
  const after = await fromSource(() => handle.stat());
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
    throw new CopyError('source', 'changed', 'it changed while it was read');
  }
  if (size !== after.size) throw new CopyError('source', 'short_read', `${size} of ${after.size} bytes could be read`);
  return { sha256: hash.digest('hex'), size, mtime: mtimeOf(after) };
}

/** Waits for both before either's error is thrown: a buffer or a handle must not be let go while it is in use. */
async function bothOf<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

async function writeAll(target: FileHandle, block: Buffer, at: number): Promise<void> {
  for (let done = 0; done < block.length; ) {
    const { bytesWritten } = await target.write(block, done, block.length - done, at + done);
    done += bytesWritten;
  }
}

/** Whether a file of exactly this content lies there. */
export async function hasContent(path: string, size: number, sha256: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true && stats.size === size && (await hashFile(path)).sha256 === sha256;
}

const fromSource = <T>(work: () => Promise<T>) => onSide('source', work);
const inArchive = <T>(work: () => Promise<T>) => onSide('archive', work);

async function onSide<T>(side: 'source' | 'archive', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CopyError) throw error;
    throw new CopyError(side, errorCode(error) ?? 'failed', errorText(error), { cause: error });
  }
}
