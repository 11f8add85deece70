import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';

/** A real TIFF of random pixels. */
export async function makeTiff(path: string): Promise<void> {
  const raw = randomBytes(32 * 24 * 3);
  await sharp(raw, { raw: { width: 32, height: 24, channels: 3 } })
    .tiff({ compression: 'lzw' })
    .toFile(path);
}

/** Seconds from 1904, where QuickTime's clock begins, to 1970. */
const QUICKTIME_EPOCH = 2_082_844_800;

/** The smallest QuickTime film with a picture track: what cameras write, without codec data that plays. */
export async function makeMov(path: string, { created }: { readonly created: Date }): Promise<void> {
  const time = Math.floor(created.getTime() / 1000) + QUICKTIME_EPOCH;
  const media = randomBytes(600);
  const ftyp = box('ftyp', text('qt  '), u32(0), text('qt  '));
  const mdat = box('mdat', media);
  const matrix = Buffer.concat([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map(u32));
  const mvhd = box(
    'mvhd',
    u32(0),
    u32(time),
    u32(time),
    u32(600),
    u32(600),
    u32(0x10000),
    u16(0x100),
    Buffer.alloc(10),
    matrix,
    Buffer.alloc(24),
    u32(2),
  );
  const tkhd = box(
    'tkhd',
    u32(15),
    u32(time),
    u32(time),
    u32(1),
    u32(0),
    u32(600),
    Buffer.alloc(16),
    matrix,
    u32(64 << 16),
    u32(48 << 16),
  );
  const mdhd = box('mdhd', u32(0), u32(time), u32(time), u32(600), u32(600), u32(0));
  const hdlr = box('hdlr', u32(0), text('mhlr'), text('vide'), Buffer.alloc(12), Buffer.from([0]));
  const entry = box('jpeg', Buffer.alloc(6), u16(1), Buffer.alloc(16), u16(64), u16(48), Buffer.alloc(50));
  const stbl = box(
    'stbl',
    box('stsd', u32(0), u32(1), entry),
    box('stts', u32(0), u32(1), u32(1), u32(600)),
    box('stsc', u32(0), u32(1), u32(1), u32(1), u32(1)),
    box('stsz', u32(0), u32(media.length), u32(1)),
    box('stco', u32(0), u32(1), u32(ftyp.length + 8)),
  );
  // The one data reference: the media are in this file.
  const dinf = box('dinf', box('dref', u32(0), u32(1), box('alis', u32(1))));
  const minf = box('minf', box('vmhd', u32(1), Buffer.alloc(8)), dinf, stbl);
  const moov = box('moov', mvhd, box('trak', tkhd, box('mdia', mdhd, hdlr, minf)));
  await writeFile(path, Buffer.concat([ftyp, mdat, moov]));
}

const box = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([u32(content.length + 8), text(type), content]);
};
const text = (value: string): Buffer => Buffer.from(value, 'latin1');
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
