/** A line of a log, by the byte it begins at. */
export interface LogLine {
  readonly offset: number;
  readonly text: string;
}

const NEWLINE = 0x0a;
/** A line longer than this is shown in pieces. */
const LINE_AT_MOST = 16 * 1024;

/**
 * The part of a log that is in the page. However long the log is, the part is not: what is added at one end is dropped
 * at the other by `keepLast` and `keepFirst`. Offsets are bytes of the log.
 */
export class LogWindow {
  #lines: readonly LogLine[] = [];
  /** Bytes after the last line break, and where they begin. */
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array();
  #restFrom: number;
  readonly #decoder = new TextDecoder();

  /** @param from byte at which a line begins */
  constructor(from = 0) {
    this.#restFrom = from;
  }

  /** The first byte held. */
  get from(): number {
    return this.#lines[0]?.offset ?? this.#restFrom;
  }

  /** The byte after the last that was read. */
  get to(): number {
    return this.#restFrom + this.#rest.length;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Takes in the bytes at `to`; answers the lines they completed. */
  append(bytes: Uint8Array): readonly LogLine[] {
    const { lines, rest, restFrom } = this.#split(concat(this.#rest, bytes), this.#restFrom);
    this.#lines = [...this.#lines, ...lines];
    this.#rest = rest;
    this.#restFrom = restFrom;
    return lines;
  }

  /** The last line where the log ends without a line break; nothing will follow. */
  finish(): readonly LogLine[] {
    return this.#rest.length > 0 ? this.append(Uint8Array.of(NEWLINE)) : [];
  }

  /**
   * Takes in the bytes that end at `from`; answers the lines they hold. What comes before their first line break belongs
   * to an earlier line and is left out, unless they begin the log.
   */
  prepend(bytes: Uint8Array): readonly LogLine[] {
    const start = this.from - bytes.length;
    const { lines, rest, restFrom } = this.#split(concat(bytes, new Uint8Array()), start);
    // A block without its end is a piece of a line too long to be one.
    const all = rest.length > 0 ? [...lines, { offset: restFrom, text: this.#decoder.decode(rest) }] : lines;
    const whole = start > 0 && all.length > 1 ? all.slice(1) : all;
    this.#lines = [...whole, ...this.#lines];
    return whole;
  }

  /** Drops all but the last lines; answers how many went. */
  keepLast(count: number): number {
    const dropped = Math.max(0, this.#lines.length - count);
    this.#lines = this.#lines.slice(dropped);
    return dropped;
  }

  /** Drops all but the first lines, and what comes after them; answers how many went. */
  keepFirst(count: number): number {
    const next = this.#lines[count];
    if (!next) return 0;
    const dropped = this.#lines.length - count;
    this.#lines = this.#lines.slice(0, count);
    this.#rest = new Uint8Array();
    this.#restFrom = next.offset;
    return dropped;
  }

  #split(bytes: Uint8Array<ArrayBuffer>, start: number) {
    const lines: LogLine[] = [];
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, at);
      const isTooLong = (end < 0 ? bytes.length : end) - at > LINE_AT_MOST;
      if (end < 0 && !isTooLong) break;
      const to = isTooLong ? characterStart(bytes, at + LINE_AT_MOST) : end;
      lines.push({ offset: start + at, text: this.#decoder.decode(bytes.subarray(at, to)) });
      at = isTooLong ? to : to + 1;
    }
    return { lines, rest: bytes.slice(at), restFrom: start + at };
  }
}

/** The start of the UTF-8 character that byte `at` belongs to. */
function characterStart(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > at - 4 && (bytes[start]! & 0xc0) === 0x80) start--;
  return start;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

/** `2026-11-23 14:14:00.123 | text` as its time (epoch ms) and text; a piece of a longer line has no time. */
export function parseLine(line: string): { readonly time: number | undefined; readonly text: string } {
  const found = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})? \| ?/.exec(line);
  if (!found) return { time: undefined, text: line };
  const time = Date.parse(`${found[1]}T${found[2]}${(found[3] ?? '').slice(0, 4)}Z`);
  return { time, text: line.slice(found[0].length) };
}
