import { appendFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, type Logger } from 'cupboard/sdk';
import type { Who } from './session.ts';

const LARGEST_FILE = 4 * 1024 * 1024;

/**
 * Who sent what to which console, one line a write: `2026-11-22T21:00:00.000Z cm ann page "p"`. What answers a password
 * prompt is counted, not kept. The file turns over once into `keys.log.1`.
 */
export class KeyLog {
  readonly #file: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    dataDir: string,
    private readonly log: Logger,
  ) {
    this.#file = join(dataDir, 'keys.log');
  }

  /** @param secretFrom where in `bytes` a password begins */
  record(console: string, { name, way }: Who, bytes: Uint8Array, secretFrom: number): void {
    const shown = Buffer.from(bytes).subarray(0, secretFrom);
    const hidden = bytes.length - shown.length;
    const text = [shown.length > 0 && JSON.stringify(shown.toString('latin1')), hidden > 0 && `${hidden} bytes hidden`];
    this.#append(`${console} ${name} ${way} ${text.filter(Boolean).join(' ')}`);
  }

  /** Something else that was done to the line: a break, a refusal, a change of hands. */
  note(console: string, { name, way }: Who, what: string): void {
    this.#append(`${console} ${name} ${way} ${what}`);
  }

  /** Resolves when everything is written. */
  close(): Promise<void> {
    return this.#writing;
  }

  #append(text: string): void {
    const line = `${new Date().toISOString()} ${text}\n`;
    this.#writing = this.#writing
      .then(() => this.#write(line))
      .catch((error: unknown) => this.log.error(`keys.log could not be written: ${errorText(error)}`));
  }

  async #write(line: string): Promise<void> {
    const size = await stat(this.#file).then(
      (file) => file.size,
      () => 0,
    );
    if (size > LARGEST_FILE) await rename(this.#file, `${this.#file}.1`);
    await appendFile(this.#file, line, { mode: 0o600 });
  }
}
