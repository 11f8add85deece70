import { spellings } from './spellings.ts';

const MASK = Buffer.from('***');
/** Bytes by whose value needles are found. */
const KEY_BYTES = 4;
const TABLE_BITS = 18;

/** Spreads a key over the table; Knuth's multiplicative hash. */
const slotOf = (key: number): number => Math.imul(key, 0x9e3779b1) >>> (32 - TABLE_BITS);

interface Range {
  start: number;
  end: number;
}

/** Replaces secrets in a stream of bytes, in whatever encoding and however they are cut between chunks. */
export class Masker {
  /** By their first four bytes; a private key has a thousand spellings, so each position is looked at once for all. */
  private readonly byKey = new Map<number, Buffer[]>();
  /** Which slots of the table any key has: most positions of a text are done with one look. */
  private readonly slots = new Uint8Array(2 ** TABLE_BITS);
  /** Those too short to have a key. */
  private readonly short: Buffer[] = [];
  /** Beginnings of needles that are shorter than a key. */
  private readonly beginnings = new Set<string>();
  /** Bytes that could be the beginning of a secret, held back until more come. */
  private held: Buffer = Buffer.alloc(0);
  /** How many of them belong to a secret already masked, which overlaps what may begin there. */
  private covered = 0;

  constructor(secrets: Iterable<string>) {
    for (const text of new Set([...secrets].flatMap(spellings))) this.add(Buffer.from(text));
  }

  private get isIdle(): boolean {
    return this.beginnings.size === 0 && this.short.length === 0;
  }

  private add(needle: Buffer): void {
    for (let length = 1; length < Math.min(KEY_BYTES, needle.length); length++) {
      this.beginnings.add(needle.toString('latin1', 0, length));
    }
    if (needle.length < KEY_BYTES) {
      this.short.push(needle);
      return;
    }
    const key = needle.readInt32BE();
    this.slots[slotOf(key)] = 1;
    this.byKey.set(key, [...(this.byKey.get(key) ?? []), needle]);
  }

  push(chunk: Buffer): Buffer {
    if (this.isIdle) return chunk;
    const bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    const { ranges, begun } = this.find(bytes);
    return this.emit(bytes, ranges, begun);
  }

  /** What is held back when the stream ends. */
  flush(): Buffer {
    return this.emit(this.held, this.find(this.held).ranges, this.held.length);
  }

  /** A whole text, such as a message. */
  static mask(text: string, secrets: Iterable<string>): string {
    const masker = new Masker(secrets);
    return Buffer.concat([masker.push(Buffer.from(text)), masker.flush()]).toString();
  }

  private emit(bytes: Buffer, ranges: readonly Range[], until: number): Buffer {
    const parts: Buffer[] = [];
    let at = 0;
    for (const { start, end } of ranges) {
      if (start >= until) break;
      parts.push(bytes.subarray(at, start));
      if (start > 0 || this.covered === 0) parts.push(MASK);
      at = Math.min(end, until);
    }
    parts.push(bytes.subarray(at, until));
    const last = ranges.findLast(({ start, end }) => start < until && end > until);
    this.covered = last ? last.end - until : Math.max(0, this.covered - until);
    this.held = Buffer.from(bytes.subarray(until));
    return Buffer.concat(parts);
  }

  /** Where secrets lie, those that overlap or touch as one, and from where on one may begin that is not all there. */
  private find(bytes: Buffer): { ranges: Range[]; begun: number } {
    const found: Range[] = this.covered > 0 ? [{ start: 0, end: this.covered }] : [];
    let begun = bytes.length;
    for (const needle of this.short) {
      for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
        found.push({ start: at, end: at + needle.length });
      }
    }
    const last = bytes.length - KEY_BYTES;
    for (let at = 0, key = 0; at < bytes.length; at++) {
      if (at > last) {
        if (this.beginnings.has(bytes.toString('latin1', at))) begun = Math.min(begun, at);
        continue;
      }
      key = at === 0 ? bytes.readInt32BE() : (key << 8) | (bytes[at + KEY_BYTES - 1] ?? 0);
      if (this.slots[slotOf(key)] === 0) continue;
      for (const needle of this.byKey.get(key) ?? []) {
        const end = at + needle.length;
        if (bytes.compare(needle, 0, Math.min(needle.length, bytes.length - at), at, Math.min(end, bytes.length)) !== 0)
          continue;
        if (end <= bytes.length) found.push({ start: at, end });
        else begun = Math.min(begun, at);
      }
    }
    return { ranges: merge(found), begun };
  }
}

function merge(found: Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of found.sort((one, other) => one.start - other.start)) {
    const previous = merged.at(-1);
    if (previous && range.start <= previous.end) previous.end = Math.max(previous.end, range.end);
    else merged.push({ ...range });
  }
  return merged;
}
