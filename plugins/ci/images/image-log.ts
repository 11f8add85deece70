import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** Writes a build's log as consoles are written: UTF-8, a line `2026-11-23 14:14:00.123 | text`, the time in UTC. */
export class ImageLog {
  readonly #file: WriteStream;

  constructor(
    path: string,
    private readonly also: (text: string) => void = () => undefined,
  ) {
    this.#file = createWriteStream(path, { flags: 'a' });
    // A full disk ends the build by itself; its log must not end the process.
    this.#file.on('error', () => undefined);
  }

  readonly line = (text: string): void => {
    const time = new Date().toISOString().slice(0, 23).replace('T', ' ');
    this.#file.write(`${time} | ${text}\n`);
    this.also(text);
  };

  async close(): Promise<void> {
    this.#file.end();
    await finished(this.#file).catch(() => undefined);
  }
}
