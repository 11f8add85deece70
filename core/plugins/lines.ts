import type { Readable } from 'node:stream';

const LONGEST_LINE = 8192;

/** Cuts a byte stream into lines; an endless line is cut into pieces, so that it costs no memory. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(private readonly longest = LONGEST_LINE) {}

  push(chunk: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > this.longest) {
      lines.push(this.#rest);
      this.#rest = '';
    }
    return lines.flatMap((line) => pieces(line, this.longest));
  }

  /** What came after the last line end. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }
}

function pieces(line: string, longest: number): string[] {
  const found: string[] = [];
  for (let at = 0; at === 0 || at < line.length; at += longest) found.push(line.slice(at, at + longest));
  return found;
}

/**
 * Calls back with every line of a process's output. Past `bytesPerSecond` it stops reading for the rest of the second:
 * the pipe fills and a flooding process waits, not the hub.
 */
export function readLines(stream: Readable, onLine: (line: string) => void, bytesPerSecond = 512 * 1024): void {
  const splitter = new LineSplitter();
  let allowance = bytesPerSecond;
  stream.on('data', (chunk: Buffer) => {
    if (allowance === bytesPerSecond) setTimeout(refill, 1000).unref();
    allowance -= chunk.length;
    if (allowance <= 0) stream.pause();
    for (const line of splitter.push(chunk)) onLine(line);
  });
  stream.on('end', () => {
    for (const line of splitter.end()) onLine(line);
  });
  // A pipe that breaks has nothing more to say; the process's exit is reported on its own.
  stream.on('error', () => stream.destroy());

  function refill() {
    allowance = bytesPerSecond;
    stream.resume();
  }
}
