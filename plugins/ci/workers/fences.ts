import { readFile } from 'node:fs/promises';
import { errorCode, writeFileAtomic } from 'cupboard/sdk';

/** Numbers that only grow, also over a restart: taken from the disk in blocks, so that most cost nothing. */
export class Fences {
  #next = 0;
  #end = 0;
  #reading: Promise<void> | undefined;

  constructor(
    private readonly file: string,
    private readonly block = 1000,
  ) {}

  /** The next number; on the disk before it is given out. */
  async take(): Promise<number> {
    while (this.#next >= this.#end) {
      this.#reading ??= this.#takeBlock().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#next++;
  }

  async #takeBlock(): Promise<void> {
    const text = await readFile(this.file, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return '1';
      throw error;
    });
    const next = Number(text);
    await writeFileAtomic(this.file, String(next + this.block));
    [this.#next, this.#end] = [next, next + this.block];
  }
}
