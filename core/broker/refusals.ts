import type { Logger } from '../support/log.ts';

const REMEMBERED = 1000;
const LINES_PER_MINUTE = 60;

/**
 * The log lines of the broker's refusals: each (client, cause) once, and never so many that they are themselves the
 * attack. A refused client often comes back every second.
 */
export class Refusals {
  readonly #told = new Set<string>();
  #minute = 0;
  #lines = 0;
  #suppressed = 0;

  constructor(
    private readonly log: Logger,
    private readonly now: () => number = Date.now,
  ) {}

  /** `client`: id or address; `cause`: what else makes it a new case, usually the topic. */
  report(client: string, cause: string, message: string): void {
    const key = `${client}\0${cause}`;
    if (this.#told.has(key)) return;
    if (this.#told.size >= REMEMBERED) this.#told.clear();
    this.#told.add(key);
    const minute = Math.floor(this.now() / 60_000);
    if (minute !== this.#minute) this.#nextMinute(minute);
    if (this.#lines >= LINES_PER_MINUTE) {
      this.#suppressed += 1;
      return;
    }
    this.#lines += 1;
    this.log.warn(`${printable(client)}: ${printable(message)}`);
  }

  #nextMinute(minute: number): void {
    if (this.#suppressed > 0) this.log.warn(`${this.#suppressed} more refusals were not written down`);
    this.#minute = minute;
    this.#lines = 0;
    this.#suppressed = 0;
  }
}

/** Ids and topics come from strangers: no control characters and no novels in the log. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get into the log
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd').slice(0, 300);
}
