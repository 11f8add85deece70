import { crc16Genibus } from './crc.ts';

/** Bytes of a ProgramStore header, which stands before every firmware image. */
export const HEADER_BYTES = 92;
/** Of them, those the HCS covers. */
const HCS_BYTES = 84;
const FILENAME_BYTES = 48;
const DUAL = 0x0100;
/** 1998: an earlier build time is not one. */
const OLDEST_BUILD = Date.UTC(1998, 0, 1) / 1000;

/** The fields of a header; layout as in Broadcom's public aeolus sources (ProgramStore.h), big endian. */
export interface ProgramHeader {
  /** The board's PID. */
  readonly signature: number;
  /** Low 3 bits: compression; 0x0100: dual image. */
  readonly control: number;
  readonly major: number;
  readonly minor: number;
  /** Unix seconds, UTC. */
  readonly time: number;
  /** Payload bytes, these 92 not counted. */
  readonly length: number;
  readonly loadAddress: number;
  readonly filename: string;
  /** Of the two parts of a dual image; 0 in a single one. */
  readonly lengths: readonly [number, number];
}

/** A header as found in a file. */
export interface StoredHeader extends ProgramHeader {
  readonly hcs: number;
  readonly hcsComputed: number;
  readonly reserved: number;
  /** Of the payload. */
  readonly crc: number;
}

export const COMPRESSIONS = ['none', 'lzrw1', 'minilzo', 'reserved', 'nrv2d99', 'lzma'] as const;
export type Compression = (typeof COMPRESSIONS)[number] | 'unknown';

export const isDual = (control: number): boolean => (control & DUAL) !== 0;
export const compressionOf = (control: number): Compression => COMPRESSIONS[control & 7] ?? 'unknown';

/** The header checksum that belongs to these fields. */
export function computeHcs(header: ProgramHeader): number {
  const bytes = Buffer.alloc(HCS_BYTES);
  bytes.writeUInt16BE(header.signature, 0);
  bytes.writeUInt16BE(header.control, 2);
  bytes.writeUInt16BE(header.major, 4);
  bytes.writeUInt16BE(header.minor, 6);
  bytes.writeUInt32BE(header.time, 8);
  bytes.writeUInt32BE(header.length, 12);
  bytes.writeUInt32BE(header.loadAddress, 16);
  bytes.write(header.filename.slice(0, FILENAME_BYTES), 20, 'latin1');
  bytes.writeUInt32BE(header.lengths[0], 76);
  bytes.writeUInt32BE(header.lengths[1], 80);
  return crc16Genibus(bytes);
}

/** Reads 92 bytes as a header, whatever they are; `undefined` where there are fewer. */
export function parseHeader(bytes: Buffer, offset = 0): StoredHeader | undefined {
  if (bytes.length < offset + HEADER_BYTES) return undefined;
  const name = bytes.subarray(offset + 20, offset + 20 + FILENAME_BYTES);
  const end = name.indexOf(0);
  return {
    signature: bytes.readUInt16BE(offset),
    control: bytes.readUInt16BE(offset + 2),
    major: bytes.readUInt16BE(offset + 4),
    minor: bytes.readUInt16BE(offset + 6),
    time: bytes.readUInt32BE(offset + 8),
    length: bytes.readUInt32BE(offset + 12),
    loadAddress: bytes.readUInt32BE(offset + 16),
    filename: name.subarray(0, end === -1 ? FILENAME_BYTES : end).toString('latin1'),
    lengths: [bytes.readUInt32BE(offset + 76), bytes.readUInt32BE(offset + 80)],
    hcs: bytes.readUInt16BE(offset + HCS_BYTES),
    hcsComputed: crc16Genibus(bytes.subarray(offset, offset + HCS_BYTES)),
    reserved: bytes.readUInt16BE(offset + 86),
    crc: bytes.readUInt32BE(offset + 88),
  };
}

/** Why these fields are no header, in words; `undefined` for plausible ones. The signature is no magic number. */
export function implausible(header: StoredHeader): string | undefined {
  if (header.reserved !== 0) return 'the reserved bytes are not zero';
  if (header.length === 0) return 'it has no payload';
  if ((header.control & ~(DUAL | 7)) !== 0) return `control ${header.control.toString(16)} is not known`;
  if (header.time < OLDEST_BUILD) return 'it was built before 1998';
  return undefined;
}

/** True where fields and header checksum leave no doubt. */
export const isHeader = (header: StoredHeader): boolean =>
  header.hcs === header.hcsComputed && implausible(header) === undefined;

/** Offsets of the headers in a dump, tried at every `step` bytes. */
export function findHeaders(dump: Buffer, step = 4): number[] {
  const found: number[] = [];
  for (let offset = 0; offset + HEADER_BYTES <= dump.length; offset += step) {
    // Cheap tests first: control's unused bits and the reserved word rule out nearly everything.
    if ((dump.readUInt16BE(offset + 2) & ~(DUAL | 7)) !== 0 || dump.readUInt16BE(offset + 86) !== 0) continue;
    if (dump.readUInt32BE(offset + 12) === 0 || dump.readUInt32BE(offset + 8) < OLDEST_BUILD) continue;
    const header = parseHeader(dump, offset);
    if (header && isHeader(header)) found.push(offset);
  }
  return found;
}
