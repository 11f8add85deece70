import { stripVTControlCharacters } from 'node:util';

/** A line of the stream, without its end. */
export interface Line {
  /** Cleaned: no control bytes, no terminal sequences. */
  readonly text: string;
  /** 1 for the first of the stream; empty lines count. */
  readonly number: number;
  /** Of its first byte in the stream. */
  readonly offset: number;
  /** Bytes, the end not counted. */
  readonly length: number;
}

/** A longer line is cut: 10 MB without an end must not be 10 MB in memory. */
export const LONGEST_LINE = 4096;

/** All but the tab. */
const CONTROLS = /[^\P{Cc}\t]/gu;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Cuts a stream of bytes into lines. LF and CR each end a line; CR LF and LF CR count as one end. How the stream was cut
 * into chunks does not show in the lines.
 */
export class LineSplitter {
  #kept: Uint8Array[] = [];
  #length = 0;
  #offset: number;
  #number = 1;
  /** The end byte just seen, whose counterpart belongs to the same end. */
  #end: number | undefined;

  /** @param offset of the first byte, where the stream is followed from the middle */
  constructor(
    private readonly onLine: (line: Line) => void,
    offset = 0,
  ) {
    this.#offset = offset;
  }

  /** Where the line that has not ended starts. */
  get offset(): number {
    return this.#offset;
  }

  push(bytes: Uint8Array): void {
    let from = 0;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index];
      if (byte !== LF && byte !== CR) {
        this.#end = undefined;
        if (this.#length + index - from + 1 < LONGEST_LINE) continue;
        this.#keep(bytes.subarray(from, index + 1));
        this.#emit(0);
      } else if (this.#end !== undefined && this.#end !== byte) {
        this.#end = undefined;
        this.#offset += 1;
      } else {
        this.#end = byte;
        this.#keep(bytes.subarray(from, index));
        this.#emit(1);
      }
      from = index + 1;
    }
    // A copy: the caller may use its buffer again.
    if (from < bytes.length) this.#keep(bytes.slice(from));
  }

  /** The line that has not ended yet, as a prompt has not; `undefined` while there is none. */
  partial(): Line | undefined {
    return this.#length === 0 ? undefined : this.#line();
  }

  /** Bytes were lost: the stream goes on at `offset`, in a line of its own. */
  skipTo(offset: number): void {
    this.#kept = [];
    this.#length = 0;
    this.#end = undefined;
    this.#offset = offset;
  }

  /** The stream is over: what is left is a line too. */
  end(): void {
    if (this.#length > 0) this.#emit(0);
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#kept.push(bytes);
    this.#length += bytes.length;
  }

  #emit(endBytes: number): void {
    const line = this.#line();
    this.#offset += this.#length + endBytes;
    this.#number += 1;
    this.#kept = [];
    this.#length = 0;
    this.onLine(line);
  }

  #line(): Line {
    const text = cleanText(Buffer.concat(this.#kept).toString('utf8'));
    return { text, number: this.#number, offset: this.#offset, length: this.#length };
  }
}

/** Text as people read and search it: terminal sequences and control characters but the tab are gone. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROLS, '').trimEnd();
}
