/** Checksums of ProgramStore images; parameters and check values as in the CRC catalogue. */

const CRC16_TABLE = table(16, 0x1021);
const CRC32_TABLE = table(32, 0x04c11db7);

/** Non-reflected table: the remainder of each first byte. */
function table(bits: 16 | 32, polynomial: number): Uint32Array {
  const top = 2 ** (bits - 1);
  const mask = 2 ** bits - 1;
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = (byte << (bits - 8)) >>> 0;
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = ((remainder & top) === 0 ? remainder << 1 : (remainder << 1) ^ polynomial) & mask;
    }
    return remainder >>> 0;
  });
}

/** CRC-16/GENIBUS, the header checksum (HCS): poly 1021, init ffff, xor ffff; check d64e. */
export function crc16Genibus(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC16_TABLE[((crc >> 8) ^ byte) & 0xff] ?? 0)) & 0xffff;
  return crc ^ 0xffff;
}

/** CRC-32/BZIP2, of payloads: poly 04c11db7, not reflected, init and xor ffffffff; check fc891918. Not zlib's. */
export function crc32Bzip2(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc << 8) ^ (CRC32_TABLE[((crc >>> 24) ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
