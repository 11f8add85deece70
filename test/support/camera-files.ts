import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The folder of camera files that CUPBOARD_SAMPLES names, or `undefined`; a test that needs them skips with that reason. */
export const cameraSamples = (): string | undefined => {
  const folder = process.env['CUPBOARD_SAMPLES'];
  return folder !== undefined && existsSync(folder) ? folder : undefined;
};

export interface Shot {
  /** DateTimeOriginal, `2016:02:01 12:00:00`; none for a file without one. */
  readonly date?: string;
  /** OffsetTimeOriginal, `+02:00`. */
  readonly offset?: string;
  readonly model?: string;
  /** Bytes of scan data; default 2000. */
  readonly bytes?: number;
  /** The scan data follows from it; default random. */
  readonly seed?: string | number;
}

/** A JPEG as a camera writes it: EXIF with the tags given, then scan data that no two shots share. */
export function jpegOf({ date, offset, model = 'Test 1', bytes = 2000, seed }: Shot = {}): Buffer {
  const exif = date === undefined ? Buffer.alloc(0) : app1(tiff(date, offset, model));
  const frame = segment(0xc0, Buffer.from([8, 0, 8, 0, 8, 1, 1, 0x11, 0]));
  const scan = segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0]));
  // 0xff would begin a marker.
  const data = noise(bytes, seed).map((byte) => byte & 0x7f);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), exif, frame, scan, data, Buffer.from([0xff, 0xd9])]);
}

/** Writes files below a folder: a shot, bytes or text by path. Answers the folder. */
export async function writeCard(
  folder: string,
  files: Readonly<Record<string, Shot | Buffer | string>>,
): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' || Buffer.isBuffer(content) ? content : jpegOf(content));
  }
  return folder;
}

/** Shifts a file's mtime, as FAT does when daylight saving changes. */
export async function touch(file: string, time: number): Promise<void> {
  await utimes(file, time / 1000, time / 1000);
}

export const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

function noise(bytes: number, seed: Shot['seed']): Buffer {
  if (seed === undefined) return randomBytes(bytes);
  const key = createHash('sha256').update(String(seed)).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

const app1 = (content: Buffer) => segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), content]));

/** Little-endian TIFF: IFD0 with make, model and a pointer, then the Exif IFD with the times. */
function tiff(date: string, offset: string | undefined, model: string): Buffer {
  const ifd0 = { 271: 'Cupboard', 272: model };
  const exif = { 36867: date, ...(offset !== undefined && { 36881: offset }) };
  const header = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  const exifAt = header.length + ifd(ifd0, header.length, 0).length;
  return Buffer.concat([header, ifd(ifd0, header.length, exifAt), ifd(exif, exifAt)]);
}

/** An IFD of texts, its values behind it; `exifAt` adds the pointer to the Exif IFD. */
function ifd(texts: Readonly<Record<number, string>>, at: number, exifAt?: number): Buffer {
  const entries = Object.entries(texts);
  const count = entries.length + (exifAt === undefined ? 0 : 1);
  const table = Buffer.alloc(2 + count * 12 + 4);
  table.writeUInt16LE(count, 0);
  const values: Buffer[] = [];
  let valueAt = at + table.length;
  for (const [index, [tag, text]] of entries.entries()) {
    const value = Buffer.from(`${text}\0`.padEnd(5, '\0'), 'latin1'); // up to 4 bytes would stand in the entry itself
    entry(table, index, Number(tag), 2, value.length, valueAt);
    values.push(value);
    valueAt += value.length;
  }
  if (exifAt !== undefined) entry(table, entries.length, 0x8769, 4, 1, exifAt);
  return Buffer.concat([table, ...values]);
}

function entry(table: Buffer, index: number, tag: number, type: number, count: number, value: number): void {
  const at = 2 + index * 12;
  table.writeUInt16LE(tag, at);
  table.writeUInt16LE(type, at + 2);
  table.writeUInt32LE(count, at + 4);
  table.writeUInt32LE(value, at + 8);
}
