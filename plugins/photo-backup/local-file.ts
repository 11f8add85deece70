import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { errorText } from 'cupboard/sdk';
import { TargetError } from './targets/errors.ts';
import type { Limiter } from './targets/target.ts';

const BLOCK = 256 * 1024;

/** The part of a file that is to be read. */
export interface Part {
  readonly from?: number;
  readonly length?: number;
  /** Waited for before each block. */
  readonly limiter?: Limiter;
}

/**
 * Reads a file of the archive in blocks of 256 KiB. @throws TargetError `source_changed` where it cannot be read, so
 * that trouble here is never taken for trouble at the target
 */
export async function* readBlocks(
  path: string,
  signal: AbortSignal,
  { from = 0, length = Number.POSITIVE_INFINITY, limiter }: Part = {},
): AsyncGenerator<Buffer> {
  const file = await open(path, 'r').catch(unreadable);
  try {
    for (let position = from; position < from + length; ) {
      signal.throwIfAborted();
      const block = Buffer.allocUnsafe(Math.min(BLOCK, from + length - position));
      const { bytesRead } = await file.read(block, 0, block.length, position).catch(unreadable);
      if (bytesRead === 0) return;
      await limiter?.take(bytesRead, signal);
      yield block.subarray(0, bytesRead);
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function unreadable(cause: unknown): never {
  throw new TargetError('source_changed', `cannot be read in the archive: ${errorText(cause)}`, { cause });
}

/** Lower-case hex SHA-256 of bytes that come in blocks. */
export async function sha256Of(blocks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const block of blocks) hash.update(block);
  return hash.digest('hex');
}
