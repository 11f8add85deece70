/** The modem's 128 MiB as the bootloader sees them: the same content at every start, unless something wrote to it. */

export const RAM_BYTES = 128 * 1024 * 1024;
/** Cached window of the MIPS address space; the uncached one, 0xa0000000, shows the same memory. */
export const KSEG0 = 0x8000_0000;
const UNCACHED = 0x2000_0000;

export class Ram {
  readonly #written = new Map<number, number>();

  /** A big-endian word. @param address a multiple of 4, in either window */
  word(address: number): number {
    const at = offsetOf(address);
    return this.#written.get(at) ?? contentAt(at);
  }

  write(address: number, word: number): void {
    this.#written.set(offsetOf(address), word >>> 0);
  }

  bytes(address: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at += 4) bytes.writeUInt32BE(this.word(address + at), at);
    return bytes;
  }
}

function offsetOf(address: number): number {
  return (((address & ~UNCACHED) >>> 0) - KSEG0) % RAM_BYTES;
}

/** Code looks random, memory never used is filled: every fourth page of 4 KiB is, so that both are met. */
function contentAt(offset: number): number {
  if (((offset >>> 12) & 3) === 3) return (offset >>> 14) & 1 ? 0xffff_ffff : 0;
  let hash = Math.imul(offset, 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
