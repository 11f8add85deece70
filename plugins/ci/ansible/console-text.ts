import type { Masker } from '../runner/masking.ts';

/** A last line without newline may be as long as this before it is passed on. */
const MAX_HELD_BYTES = 16 * 1024;

/**
 * A node's output on its way to the log: secrets masked and, where there are several nodes, whole lines with the node's
 * name before each, since the lines of different nodes come in between one another.
 */
export class ConsoleText {
  #rest = Buffer.alloc(0);

  /** @param name before every line; `undefined` = the node is alone */
  constructor(
    private readonly name: string | undefined,
    private readonly masker: Masker,
  ) {}

  push(bytes: Buffer): Buffer {
    const masked = this.masker.push(bytes);
    return this.name === undefined ? masked : this.#lines(masked);
  }

  /** What is held back when a phase ends. */
  flush(): Buffer {
    const rest = this.masker.flush();
    if (this.name === undefined) return rest;
    const lines = this.#lines(rest);
    const last = this.#rest.length > 0 ? Buffer.from(`${this.name} | ${this.#rest}\n`) : this.#rest;
    this.#rest = Buffer.alloc(0);
    return Buffer.concat([lines, last]);
  }

  #lines(bytes: Buffer): Buffer {
    const all = Buffer.concat([this.#rest, bytes]);
    const end = all.length > MAX_HELD_BYTES ? all.length : all.lastIndexOf(0x0a) + 1;
    this.#rest = Buffer.from(all.subarray(end));
    const whole = all.subarray(0, end);
    if (whole.length === 0) return whole;
    const text = whole.toString('latin1').replace(/\n$/, '');
    return Buffer.from(`${text.replaceAll(/^/gm, `${this.name} | `)}\n`, 'latin1');
  }
}
