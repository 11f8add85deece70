import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { writeFileAtomic } from 'cupboard/sdk';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

// A log is kept as gzip members of this much text each, which zcat reads as one and of which a reader that begins in
// the middle decompresses only those it needs.
const MEMBER_BYTES = 1024 * 1024;

interface Index {
  /** Bytes of the text. */
  readonly size: number;
  /** Where each member begins in the compressed file. */
  readonly members: readonly number[];
}

const compressedPath = (path: string): string => `${path}.gz`;
const indexPath = (path: string): string => `${path}.gz.index`;

/** Replaces `path` by `path.gz`, of the same time, and its index; readers that have it open read on. */
export async function compressLog(path: string): Promise<void> {
  const making = `${compressedPath(path)}.tmp`;
  const target = await open(making, 'w', 0o640);
  const members: number[] = [];
  let size = 0;
  try {
    let written = 0;
    for await (const text of createReadStream(path, { highWaterMark: MEMBER_BYTES }) as AsyncIterable<Buffer>) {
      const member = await compress(text);
      await target.write(member);
      members.push(written);
      written += member.length;
      size += text.length;
    }
    const { atime, mtime } = await stat(path);
    await target.utimes(atime, mtime);
    await target.sync();
  } finally {
    await target.close();
  }
  await writeFileAtomic(indexPath(path), JSON.stringify({ size, members } satisfies Index));
  await rename(making, compressedPath(path));
  await rm(path);
}

/** Brings back the text of a log that is to be appended to; does nothing where it is not compressed. */
export async function decompressLog(path: string): Promise<void> {
  const size = await compressedSize(path);
  if (size === undefined) return;
  const making = `${path}.tmp`;
  const target = await open(making, 'w', 0o640);
  try {
    for await (const text of readCompressed(path, 0, size)) await target.write(text);
  } finally {
    await target.close();
  }
  await rename(making, path);
  await rm(compressedPath(path));
}

/** Bytes of the text of a compressed log; `undefined` = there is none. */
export async function compressedSize(path: string): Promise<number | undefined> {
  return (await readIndex(path))?.size;
}

/** Bytes from `from` up to, not including, `to` of the text. */
export async function* readCompressed(path: string, from: number, to: number): AsyncGenerator<Buffer> {
  const index = await readIndex(path);
  if (!index) return;
  const file = await open(compressedPath(path), 'r');
  try {
    const end = Math.min(to, index.size);
    for (let member = Math.floor(from / MEMBER_BYTES); member * MEMBER_BYTES < end; member++) {
      const start = member * MEMBER_BYTES;
      const text = await decompress(await readMember(file, index, member));
      yield text.subarray(Math.max(0, from - start), end - start);
    }
  } finally {
    await file.close();
  }
}

async function readMember(file: FileHandle, index: Index, member: number): Promise<Buffer> {
  const start = index.members[member] ?? 0;
  const end = index.members[member + 1] ?? (await file.stat()).size;
  const bytes = Buffer.alloc(end - start);
  await file.read(bytes, 0, bytes.length, start);
  return bytes;
}

async function readIndex(path: string): Promise<Index | undefined> {
  // The index is written before the file gets its name: without the file it tells of nothing.
  const isThere = await stat(compressedPath(path)).then(
    () => true,
    () => false,
  );
  return isThere ? (JSON.parse(await readFile(indexPath(path), 'utf8')) as Index) : undefined;
}
