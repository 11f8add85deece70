import { HubError } from 'cupboard/sdk';
import {
  ADDRESS_PROMPT,
  askRows,
  askWord,
  hasEcosPrompt,
  hexAddress,
  LEAVE,
  parseRows,
  parseValue,
  ROW,
  valueBytes,
} from './memory.ts';
import { menuAnswers } from './menu.ts';
import type { AskOptions, Lease } from './session.ts';

/** Reads memory through whatever console answers. */
export interface MemoryReader {
  readonly through: 'bootloader' | 'ecos';
  /** Answers that were not believed so far. */
  readonly retries: number;
  /**
   * @param length a multiple of 16 from a multiple of 16, or any multiple of 4 through the bootloader
   * @throws HubError `no_answer` when an address stays unreadable
   */
  read(address: number, length: number): Promise<Buffer>;
  /** Leaves the dialogue as it was found. */
  close(): Promise<void>;
}

const ATTEMPTS = 5;
/** Rows are printed at the speed of the wire: 256 bytes are 1.3 kB of text. */
const ROWS_AT_ONCE = 256;
/** What speaks at all speaks within two seconds; an adapter collects bytes for 16 ms, so this much silence is an end. */
const PATIENCE: AskOptions = { timeout: 2000, idle: 200 };
/** The questions are noted as a whole. */
const UNLOGGED: AskOptions = { ...PATIENCE, isLogged: false };

/**
 * Finds out what answers, by one CR, and begins its dialogue.
 * @throws HubError `no_menu` when it is neither the bootloader's menu nor an unlocked eCos console
 */
export async function openReader(lease: Lease): Promise<MemoryReader> {
  const found = await lease.ask('\r', (text) => (hasEcosPrompt(text) ? 'ecos' : menuAnswers(text) && 'menu'), PATIENCE);
  if (found === 'ecos') return new EcosReader(lease);
  // Also when nothing was understood: on a bad line the menu may have come damaged, and `r` harms nothing.
  if (await lease.ask('r', isAddressPrompt, PATIENCE)) return new BootloaderReader(lease);
  throw new HubError('no_menu', 'neither the bootloader’s menu nor an unlocked eCos console answers: give enter_menu');
}

const isAddressPrompt = (text: string) => (ADDRESS_PROMPT.test(text) ? true : undefined);

/** One word a question. */
class BootloaderReader implements MemoryReader {
  readonly through = 'bootloader';
  retries = 0;

  constructor(private readonly lease: Lease) {}

  async read(address: number, length: number): Promise<Buffer> {
    this.lease.note(`reads ${length} bytes from ${hexAddress(address)}`);
    const parts: Buffer[] = [];
    for (let at = address; at < address + length; ) {
      const bytes = await this.#value(at);
      parts.push(bytes);
      at += bytes.length;
    }
    return Buffer.concat(parts, length);
  }

  async #value(address: number): Promise<Buffer> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const answer = await this.#ask(address);
      if (answer) return valueBytes(answer);
      this.retries += 1;
    }
    throw new HubError('no_answer', `${hexAddress(address)} could not be read in ${ATTEMPTS} attempts`);
  }

  /** Asks again only where the next prompt was seen; elsewhere the digits of an address would be keys of the menu. */
  async #ask(address: number) {
    let answer = '';
    const seen = await this.lease.ask(
      askWord(address),
      (text) => {
        answer = text;
        return isAddressPrompt(text);
      },
      UNLOGGED,
    );
    const value = parseValue(answer, address);
    if (!seen) await this.#recover();
    return value;
  }

  async #recover(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (await this.lease.ask('\r', (text) => menuAnswers(text), PATIENCE)) {
        if (await this.lease.ask('r', isAddressPrompt, PATIENCE)) return;
      }
    }
    throw new HubError('no_answer', 'the bootloader does not come back to its menu');
  }

  async close(): Promise<void> {
    await this.lease.ask(LEAVE, (text) => menuAnswers(text), PATIENCE);
  }
}

/** Rows carry no check worth the name: each is read until two readings agree. */
class EcosReader implements MemoryReader {
  readonly through = 'ecos';
  retries = 0;

  constructor(private readonly lease: Lease) {}

  async read(address: number, length: number): Promise<Buffer> {
    this.lease.note(`reads ${length} bytes from ${hexAddress(address)}`);
    const parts: Buffer[] = [];
    for (let at = address; at < address + length; at += ROWS_AT_ONCE) {
      parts.push(await this.#rows(at, Math.min(ROWS_AT_ONCE, address + length - at)));
    }
    return Buffer.concat(parts, length);
  }

  async #rows(address: number, length: number): Promise<Buffer> {
    const whole = Math.ceil(length / ROW) * ROW;
    const once = new Map<number, Buffer>();
    const sure = new Map<number, Buffer>();
    for (let reading = 0; reading < 2 * ATTEMPTS; reading += 1) {
      for (const [at, row] of await this.#ask(address, whole)) {
        if (once.get(at)?.equals(row)) sure.set(at, row);
        once.set(at, row);
      }
      if (sure.size === whole / ROW) {
        const rows = Array.from({ length: whole / ROW }, (_, index) => sure.get(address + index * ROW) as Buffer);
        return Buffer.concat(rows, length);
      }
      if (reading > 0) this.retries += 1;
    }
    throw new HubError('no_answer', `${hexAddress(address)} could not be read twice alike`);
  }

  async #ask(address: number, length: number): Promise<Map<number, Buffer>> {
    let answer = '';
    const last = address + length - ROW;
    await this.lease.ask(
      askRows(address, length),
      (text) => {
        answer = text;
        return parseRows(text, last, ROW).size > 0 && hasEcosPrompt(text.slice(text.lastIndexOf('|')))
          ? true
          : undefined;
      },
      UNLOGGED,
    );
    return parseRows(answer, address, length);
  }

  async close(): Promise<void> {
    // The prompt is where it was.
  }
}
