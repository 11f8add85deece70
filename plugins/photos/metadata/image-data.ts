import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { hashFile } from '../ingest/copy.ts';
import { type ExifTool, ExifToolError } from './exiftool.ts';
import { extensionOf } from './tags.ts';

/** This ExifTool cannot tell whether the picture of such a file is unchanged. */
export class CannotProveError extends Error {}

/** ImageDataHash came with this version. */
const IMAGE_DATA_HASH_SINCE = 12.63;

/** SHA-256 of a whole file and of its picture. */
export interface Hashes {
  readonly file: string;
  /** Of all that is not metadata: equal before and after a write, or the write is not accepted. */
  readonly image: string;
}

/**
 * Hashes a file and its image data. JPEG is read by own code, which also covers the tables and whatever follows the
 * picture (a motion photo's video); other formats by ExifTool's ImageDataHash.
 * @throws CannotProveError ExifToolError and errors of reading
 */
export async function hashImage(path: string, exiftool: ExifTool): Promise<Hashes> {
  if (['jpg', 'jpeg', 'thm'].includes(extensionOf(path))) return hashJpeg(path);
  if ((await exiftool.version()) < IMAGE_DATA_HASH_SINCE) {
    throw new CannotProveError(
      `ExifTool ${await exiftool.version()} has no ImageDataHash, so it cannot be shown that the picture stays as it is`,
    );
  }
  const tags = await exiftool.read(path, ['-api', 'ImageHashType=SHA256', '-ImageDataHash']);
  const image = tags['File:ImageDataHash'];
  if (typeof image !== 'string') throw new CannotProveError('ExifTool finds no image data in the file');
  return { file: (await hashFile(path)).sha256, image };
}

/** @throws ExifToolError when it is no JPEG */
async function hashJpeg(path: string): Promise<Hashes> {
  const file = await open(path, 'r');
  try {
    const [whole, image] = [createHash('sha256'), createHash('sha256')];
    const { segments, scan } = await readJpegHead(file);
    for (const segment of segments) image.update(segment);
    let position = 0;
    await feed(file, (block) => {
      whole.update(block);
      if (position + block.length > scan) image.update(block.subarray(Math.max(0, scan - position)));
      position += block.length;
    });
    return { file: whole.digest('hex'), image: image.digest('hex') };
  } finally {
    await file.close();
  }
}

interface JpegHead {
  /** Segments that shape the picture: tables and frame. */
  readonly segments: readonly Buffer[];
  /** Where the first scan begins; from here to the end of the file everything counts. */
  readonly scan: number;
}

const [SOI, SOS, APP0, APP15, COM] = [0xd8, 0xda, 0xe0, 0xef, 0xfe];

/** Walks the markers of ITU T.81 annex B up to the first scan. */
async function readJpegHead(file: FileHandle): Promise<JpegHead> {
  const segments: Buffer[] = [];
  const header = Buffer.alloc(4);
  await readExactly(file, header, 0, 2);
  if (header[0] !== 0xff || header[1] !== SOI) throw new ExifToolError('it is no JPEG: it does not begin with FFD8');
  let offset = 2;
  for (;;) {
    await readExactly(file, header, offset, 4);
    const marker = header[1] as number;
    if (header[0] !== 0xff) throw new ExifToolError(`the JPEG is damaged: no marker at byte ${offset}`);
    if (marker === 0xff) {
      offset += 1; // fill byte
      continue;
    }
    if (marker === SOS) return { segments, scan: offset };
    const length = header.readUInt16BE(2);
    if ((marker < APP0 || marker > APP15) && marker !== COM) {
      const segment = Buffer.alloc(length + 2);
      await readExactly(file, segment, offset, length + 2);
      segments.push(segment);
    }
    offset += length + 2;
  }
}

async function readExactly(file: FileHandle, into: Buffer, position: number, length: number): Promise<void> {
  const { bytesRead } = await file.read(into, 0, length, position);
  if (bytesRead < length) throw new ExifToolError('the JPEG ends before its picture begins');
}

async function feed(file: FileHandle, take: (block: Buffer) => void): Promise<void> {
  const block = Buffer.allocUnsafe(1 << 20);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(block, 0, block.length, position);
    if (bytesRead === 0) return;
    take(block.subarray(0, bytesRead));
    position += bytesRead;
  }
}
