import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff, errorCode, errorText } from 'cupboard/sdk';
import { readBlocks, sha256Of } from './local-file.ts';
import { settle } from './targets/directory.ts';
import { stopsRun, TargetError } from './targets/errors.ts';
import type { Target } from './targets/target.ts';

/** A file to fetch. */
export interface Wanted {
  /** At the target. */
  readonly key: string;
  /** Where it goes, below the folder restored to. */
  readonly path: string;
  readonly sha256: string;
  /** Bytes, where they are known. */
  readonly size?: number;
  /** Epoch ms, where it is known. */
  readonly mtime?: number;
}

export interface RestoreReport {
  readonly restored: number;
  /** Files that were there already, byte for byte. */
  readonly present: number;
  /** Bytes fetched. */
  readonly bytes: number;
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
}

export interface RestoreOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, path: string) => void;
}

/** Holds half-fetched files: a later attempt goes on where this one ended. */
const WORKSHOP = '.cupboard-restore';
/** A bucket answers each request after a while; four at a time fill the line. */
const WORKERS = 4;
/** Attempts at one file whose transfer breaks off. */
const ATTEMPTS = 4;

/**
 * Fetches files into a folder. Each is hashed while it is written and only then gets its name; what has that name already
 * is never overwritten. Interrupted at any point, the same call later goes on.
 * @throws TargetError when the target as a whole fails; NodeJS errors when the folder does (ENOSPC)
 */
export async function restoreFiles(
  target: Target,
  files: readonly Wanted[],
  to: string,
  { signal, onProgress }: RestoreOptions,
): Promise<RestoreReport> {
  await mkdir(join(to, WORKSHOP), { recursive: true });
  const root = await realpath(to);
  const failed: { path: string; reason: string }[] = [];
  let [restored, present, bytes, done] = [0, 0, 0, 0];
  const queue = files.values();
  const ended = new AbortController();
  const untilEnd = AbortSignal.any([signal, ended.signal]);
  const worker = async () => {
    for (const file of queue) {
      untilEnd.throwIfAborted();
      onProgress?.(done, file.path);
      try {
        const fetched = await restoreOne(target, file, root, untilEnd);
        if (fetched === undefined) present += 1;
        else {
          restored += 1;
          bytes += fetched;
        }
      } catch (error) {
        if (!(error instanceof TargetError) || stopsRun(error)) throw error;
        failed.push({ path: file.path, reason: error.message });
      }
      done += 1;
    }
  };
  const workers = Array.from({ length: WORKERS }, () =>
    worker().catch((error) => {
      ended.abort(error);
      throw error;
    }),
  );
  // All of them: a worker that still writes after the answer would be in the way of the next attempt.
  await Promise.allSettled(workers);
  await Promise.all(workers);
  await rmdir(join(root, WORKSHOP)).catch(() => undefined); // stays while a part is in it
  return { restored, present, bytes, failed };
}

/** Answers the bytes fetched; `undefined` when the file is there already. */
async function restoreOne(
  target: Target,
  file: Wanted,
  root: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const final = await placeFor(root, file.path);
  if (await isThere(final, file, signal)) return undefined;
  const size = file.size ?? (await target.head(file.key, signal))?.size;
  if (size === undefined) throw new TargetError('not_found', 'it is not at the target');
  const part = join(root, WORKSHOP, partName(file));
  const fetched = await fetchPart(target, file, size, part, signal);
  await settle(part, final, false);
  await rm(part, { force: true });
  return fetched;
}

/** By path and content: what a changed catalogue wants now is not what an earlier attempt began. */
const partName = ({ path, sha256 }: Wanted): string =>
  `${createHash('sha256').update(`${sha256}/${path}`).digest('hex')}.part`;

/** Absolute path of a file, its folder made. @throws TargetError `refused` for a path that leads out of the folder */
async function placeFor(root: string, path: string): Promise<string> {
  const isPlain = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
  if (!isPlain) throw new TargetError('refused', 'the path leads elsewhere');
  const final = join(root, path);
  await mkdir(dirname(final), { recursive: true });
  const real = await realpath(dirname(final));
  // A symbolic link in the way could lead anywhere.
  if (real !== dirname(final) && !`${real}${sep}`.startsWith(`${root}${sep}`)) {
    throw new TargetError('refused', 'a symbolic link leads elsewhere');
  }
  return final;
}

/** Is the wanted content there? @throws TargetError `precondition` for something else of that name */
async function isThere(final: string, { sha256 }: Wanted, signal: AbortSignal): Promise<boolean> {
  const found = await lstat(final).catch((error) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return false;
  if (found.isFile() && (await sha256Of(readBlocks(final, signal))) === sha256) return true;
  throw new TargetError('precondition', 'a different file of this name is there; it is left alone');
}

/** Fetches what is missing of the part, through broken transfers, and answers how much that was. The part is durable. */
async function fetchPart(target: Target, file: Wanted, size: number, part: string, signal: AbortSignal) {
  const delays = backoff(1_000, 30_000, 0.5);
  let fetched = 0;
  for (let attempt = 1; ; attempt += 1) {
    const { hash, length } = await hashPart(part, size, signal);
    const { received, broken } = await append(target, file, part, { hash, from: length, size }, signal);
    fetched += received;
    if (broken === undefined) {
      if (length + received < size && received > 0) continue; // it ended early; is there more?
      if (hash.digest('hex') === file.sha256) return fetched;
      await rm(part, { force: true });
      // A part of an earlier attempt may be to blame, so that alone is no verdict on the copy.
      if (length === 0) throw new TargetError('mismatch', 'damaged: the content does not have the SHA-256 it should');
    } else if (attempt === ATTEMPTS || (broken instanceof TargetError && !stopsRun(broken))) {
      throw broken instanceof TargetError
        ? broken
        : new TargetError('unreachable', errorText(broken), { cause: broken });
    } else {
      await sleep(delays.next().value, undefined, { signal });
    }
  }
}

/** Hash and length of what an earlier attempt left; nothing is left of a part that is too long. */
async function hashPart(part: string, size: number, signal: AbortSignal): Promise<{ hash: Hash; length: number }> {
  const hash = createHash('sha256');
  const found = await stat(part).catch(() => undefined);
  if (found === undefined) return { hash, length: 0 };
  if (found.size > size) {
    await rm(part);
    return { hash, length: 0 };
  }
  for await (const block of readBlocks(part, signal)) hash.update(block);
  return { hash, length: found.size };
}

async function append(
  target: Target,
  { key, mtime }: Wanted,
  part: string,
  { hash, from, size }: { hash: Hash; from: number; size: number },
  signal: AbortSignal,
): Promise<{ received: number; broken?: unknown }> {
  const out = await open(part, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o644);
  try {
    const { received, broken } = await receive(target, key, from, size, signal, async (block) => {
      await out.writeFile(block);
      hash.update(block);
    });
    await out.sync();
    if (mtime !== undefined) await out.utimes(new Date(), new Date(mtime));
    return { received, broken };
  } finally {
    await out.close();
  }
}

/** Errors of the transfer are answered, those of `write` thrown: trouble here is not trouble there. */
async function receive(
  target: Target,
  key: string,
  from: number,
  size: number,
  signal: AbortSignal,
  write: (block: Buffer) => Promise<void>,
): Promise<{ received: number; broken?: unknown }> {
  let received = 0;
  let isWriting = false;
  try {
    if (from === size) return { received };
    for await (const block of await target.get(key, from, signal)) {
      isWriting = true;
      await write(block as Buffer);
      isWriting = false;
      received += (block as Buffer).length;
    }
    return { received };
  } catch (error) {
    signal.throwIfAborted();
    if (isWriting) throw error;
    return { received, broken: error };
  }
}
