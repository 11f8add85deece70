import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { errorCode, errorText } from './errors.ts';
import type { LogEntry } from './log.ts';

const OLD_FILES = 3;
/** What may wait for a slow disk before lines are left out of the file. */
const MOST_WAITING = 1024 * 1024;
const TAIL_BYTES = 128 * 1024;

/** A log file that turns itself over: `acurite.log`, `acurite.1.log` (older), ... Appending never waits. */
export class LogFile {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #complain: (problem: string) => void;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #file: FileHandle | undefined;
  #size = 0;
  #failing = false;

  constructor(path: string, maxBytes = 1024 * 1024, complain: (problem: string) => void = () => undefined) {
    this.path = path;
    this.#maxBytes = maxBytes;
    this.#complain = complain;
  }

  append(line: string): void {
    if (this.#waitingBytes > MOST_WAITING) return;
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#write();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const text = this.#waiting.join('');
        this.#waiting = [];
        this.#waitingBytes = 0;
        await this.#append(text);
      }
      this.#failing = false;
    } catch (error) {
      // Said once: a full disk would otherwise be told with every line.
      if (!this.#failing) this.#complain(`cannot write ${this.path}: ${errorText(error)}`);
      this.#failing = true;
    } finally {
      this.#writing = undefined;
    }
  }

  async #append(text: string): Promise<void> {
    if (!this.#file) {
      this.#file = await open(this.path, 'a', 0o640);
      this.#size = (await this.#file.stat()).size;
    }
    await this.#file.appendFile(text);
    this.#size += Buffer.byteLength(text);
    if (this.#size >= this.#maxBytes) await this.#turnOver();
  }

  async #turnOver(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    const numbered = (n: number) => (n === 0 ? this.path : this.path.replace(/\.log$/, `.${n}.log`));
    for (let n = OLD_FILES - 1; n >= 0; n -= 1) {
      await rename(numbered(n), numbered(n + 1)).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error;
      });
    }
  }
}

/** The last lines of a log file, so that the page shows what was before a restart too. */
export function readTail(path: string, limit: number): LogEntry[] {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    // Not there yet, or not ours to read: then appending says what is wrong.
    return [];
  }
  try {
    const size = fstatSync(file).size;
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8').split('\n').flatMap(parseLine).slice(-limit);
  } finally {
    closeSync(file);
  }
}

/** The first and the last line of a tail may be cut, the last one also by a power cut. */
function parseLine(line: string): LogEntry[] {
  if (!line.startsWith('{') || !line.endsWith('}')) return [];
  try {
    return [JSON.parse(line) as LogEntry];
  } catch {
    return [];
  }
}
