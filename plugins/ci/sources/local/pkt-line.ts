/**
 * git's pkt-line (gitprotocol-common(5)): four hexadecimal digits of length, themselves included, then the data; `0000`
 * ends a list.
 */
export const FLUSH = '0000';

/** @param text at most 65,516 bytes; a newline is added */
export function encodePacket(text: string): string {
  const line = `${text}\n`;
  return (Buffer.byteLength(line) + 4).toString(16).padStart(4, '0') + line;
}

/**
 * Splits bytes into lists of packets, each ended by a flush. Throws on a length that cannot be; what is not complete yet
 * stays in `rest`.
 */
export function decodePackets(bytes: Buffer): {
  readonly lists: readonly (readonly string[])[];
  readonly rest: Buffer;
} {
  const lists: string[][] = [];
  let list: string[] = [];
  let at = 0;
  let restAt = 0;
  while (at + 4 <= bytes.length) {
    const digits = bytes.toString('latin1', at, at + 4);
    const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
    if (length < 0 || (length > 0 && length < 4)) throw new Error(`no length of a packet: ${JSON.stringify(digits)}`);
    if (length === 0) {
      lists.push(list);
      list = [];
      at += 4;
      restAt = at;
    } else if (at + length > bytes.length) {
      break;
    } else {
      list.push(bytes.toString('utf8', at + 4, at + length).replace(/\n$/, ''));
      at += length;
    }
  }
  return { lists, rest: bytes.subarray(restAt) };
}
