import { createHash } from 'node:crypto';
import type { Store } from 'cupboard/sdk';
import { readBlocks } from './local-file.ts';
import { TargetError } from './targets/errors.ts';

/** Hashes by which services know an object, lower-case hex. */
export interface Hashes {
  readonly md5: string;
  /** Computed only where a composed object offers nothing else: it costs ten times the MD5. */
  readonly crc32c?: string;
}

/** Hashes of contents, each computed once and kept. */
export interface HashBook {
  get(sha256: string): Hashes | undefined;
  /**
   * Reads a file and keeps its hashes. @throws TargetError `source_changed` when its content is not the one expected
   */
  compute(path: string, sha256: string, signal: AbortSignal, withCrc32c?: boolean): Promise<Hashes>;
}

export function openHashBook(store: Store): HashBook {
  const read = store.prepare('SELECT md5, crc32c FROM hash WHERE sha256 = ?');
  const write = store.prepare('INSERT OR REPLACE INTO hash (sha256, md5, crc32c) VALUES (?, ?, ?)');
  return {
    get: (sha256) => {
      const row = read.get(sha256) as { md5: string; crc32c: string | null } | undefined;
      return row && { md5: row.md5, ...(row.crc32c !== null && { crc32c: row.crc32c }) };
    },
    compute: async (path, sha256, signal, withCrc32c = false) => {
      const { sha256: found, ...hashes } = await hashFile(path, signal, withCrc32c);
      if (found !== sha256) throw new TargetError('source_changed', 'is not what the catalogue says');
      write.run(sha256, hashes.md5, hashes.crc32c ?? null);
      return hashes;
    },
  };
}

/** SHA-256, MD5 and, where wanted, CRC32C of a file in one pass. */
export async function hashFile(
  path: string,
  signal: AbortSignal,
  withCrc32c: boolean,
): Promise<Hashes & { readonly sha256: string }> {
  const crc32c = withCrc32c ? new (await import('@google-cloud/storage')).CRC32C() : undefined;
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  for await (const block of readBlocks(path, signal)) {
    sha256.update(block);
    md5.update(block);
    crc32c?.update(block);
  }
  return {
    sha256: sha256.digest('hex'),
    md5: md5.digest('hex'),
    ...(crc32c && { crc32c: Buffer.from(crc32c.toString(), 'base64').toString('hex') }),
  };
}
