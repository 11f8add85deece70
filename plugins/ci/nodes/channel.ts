import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { HubError } from 'cupboard/sdk';

/** Takes output as it comes; the next is read when it resolves, so that a slow disk slows the job and fills no memory. */
export type Sink = (bytes: Buffer) => void | Promise<void>;

/** Text as one word of a POSIX shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

// Unit separator: rare in output, so hardly a byte is held back in search of the mark.
const MARK = '\x1e';

/**
 * Gives a shell commands over its standard input, one after the other, and tells where the output of one ends.
 *
 * The end is a mark in the output itself: a daemon that a command leaves behind may hold the pipe open for as long as
 * it likes, and everything written before the command ended is before the mark. A job could print a mark and so lie
 * about how it ended, as it could with its exit code.
 */
export class Channel {
  private readonly output: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);
  private complaints = '';

  /**
   * @param shell with pipes for standard input and error
   * @param source what reads its standard output
   */
  constructor(
    private readonly shell: ChildProcess,
    private readonly source: Readable,
  ) {
    // A shell that is gone is noticed where its output ends.
    shell.stdin?.on('error', () => undefined);
    this.output = source[Symbol.asyncIterator]();
    shell.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.complaints = (this.complaints + text).slice(-2000);
    });
  }

  /**
   * Runs `script` and answers its exit code, 128 + n for signal n.
   * @throws HubError `node_lost` where the shell itself ends
   */
  async run(script: string, sink: Sink = () => undefined): Promise<number> {
    const nonce = randomBytes(16).toString('hex');
    this.send(`${script}\nprintf '\\036${nonce} %d\\036' "$?"`);
    const mark = Buffer.from(`${MARK}${nonce} `);
    for (;;) {
      const found = this.rest.indexOf(mark);
      const end = found < 0 ? -1 : this.rest.indexOf(MARK, found + mark.length);
      if (end >= 0) {
        const code = Number(this.rest.toString('latin1', found + mark.length, end));
        const last = this.rest.subarray(0, found);
        this.rest = this.rest.subarray(end + 1);
        if (last.length > 0) await sink(last);
        return code;
      }
      const safe = found < 0 ? whereMarkMayBegin(this.rest, mark) : found;
      if (safe > 0) {
        const bytes = this.rest.subarray(0, safe);
        this.rest = this.rest.subarray(safe);
        await sink(bytes);
      }
      const { value, done } = await this.output.next().catch(() => ({ value: undefined, done: true as const }));
      if (done) {
        if (this.rest.length > 0) await sink(this.rest);
        throw new HubError('node_lost', this.complaints.trim() || 'its processes are gone');
      }
      this.rest = this.rest.length === 0 ? value : Buffer.concat([this.rest, value]);
    }
  }

  /** Reads no more; a command that still runs is lost. */
  close(): void {
    this.source.destroy();
  }

  /** Sends commands whose end nobody waits for, such as an `exec`. */
  send(script: string): void {
    this.shell.stdin?.write(`${script}\n`);
  }
}

/** Index from which on `bytes` could be the beginning of a mark that is not all there yet; their length = nowhere. */
function whereMarkMayBegin(bytes: Buffer, mark: Buffer): number {
  const first = Math.max(0, bytes.length - mark.length + 1);
  for (let at = bytes.indexOf(MARK, first); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    if (bytes.subarray(at).equals(mark.subarray(0, bytes.length - at))) return at;
  }
  return bytes.length;
}
