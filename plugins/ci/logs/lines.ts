import { isUtf8 } from 'node:buffer';

/** Longer lines are broken here: no viewer can be expected to draw a line of 200 MB. */
const MAX_LINE_BYTES = 16 * 1024;
const NEWLINE = 0x0a;

/** `2026-11-23 14:14:00.123 | `, UTC. */
const linePrefix = (time: number): string => `${new Date(time).toISOString().replace('T', ' ').slice(0, -1)} | `;

/** Puts the time before every line of a stream of bytes: the moment at which the line's first byte came. */
export class LineStamper {
  /** Bytes in the line so far; `undefined` = a line is to begin. */
  private column: number | undefined;

  get isMidLine(): boolean {
    return this.column !== undefined;
  }

  stamp(bytes: Buffer, time: number): Buffer {
    const prefix = Buffer.from(linePrefix(time));
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      if (this.column === undefined) {
        parts.push(prefix);
        this.column = 0;
      }
      const newline = bytes.indexOf(NEWLINE, at);
      const end = newline < 0 ? bytes.length : newline + 1;
      const part = bytes.subarray(at, Math.min(end, whereToBreak(bytes, at, MAX_LINE_BYTES - this.column)));
      parts.push(part);
      at += part.length;
      this.column += part.length;
      if (part.at(-1) === NEWLINE) {
        this.column = undefined;
      } else if (at < end || this.column >= MAX_LINE_BYTES) {
        parts.push(Buffer.of(NEWLINE));
        this.column = undefined;
      }
    }
    return Buffer.concat(parts);
  }
}

/** Index at most `room` bytes after `at`, not within a character. */
function whereToBreak(bytes: Buffer, at: number, room: number): number {
  let index = at + Math.max(room, 1);
  while (index < bytes.length && index > at + 1 && ((bytes[index] ?? 0) & 0xc0) === 0x80) index--;
  return index;
}

/**
 * Makes any stream of bytes UTF-8 text that every viewer takes: what is not UTF-8, and NUL, becomes `\xNN`. Characters
 * may be cut between two chunks.
 */
export class TextGuard {
  private rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const end = bytes.length - incompleteBytes(bytes);
    this.rest = Buffer.from(bytes.subarray(end));
    return escapeOdd(bytes.subarray(0, end));
  }

  /** What is left when the stream ends. */
  flush(): Buffer {
    const { rest } = this;
    this.rest = Buffer.alloc(0);
    return escapeOdd(rest);
  }
}

/** How many bytes at the end begin a character that is not all there. */
function incompleteBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    return characterLength(byte) > back ? back : 0;
  }
  return 0;
}

function characterLength(first: number): number {
  if (first >= 0xf0 && first <= 0xf4) return 4;
  if (first >= 0xe0) return first <= 0xef ? 3 : 1;
  return first >= 0xc2 ? 2 : 1;
}

function escapeOdd(bytes: Buffer): Buffer {
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes;
  const parts: Buffer[] = [];
  let copied = 0;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    const length = byte < 0x80 ? 1 : characterLength(byte);
    const isGood = byte !== 0 && (byte < 0x80 || (length > 1 && isUtf8(bytes.subarray(at, at + length))));
    if (isGood) {
      at += length;
      continue;
    }
    parts.push(bytes.subarray(copied, at), Buffer.from(`\\x${byte.toString(16).padStart(2, '0')}`));
    copied = ++at;
  }
  parts.push(bytes.subarray(copied));
  return Buffer.concat(parts);
}
