import { setTimeout as sleep } from 'node:timers/promises';
import { damage, type Faults, NO_FAULTS, seededRandom } from './faults.ts';

/** 115200 baud, 8N1: ten bits a byte. */
export const BYTES_PER_SECOND = 11_520;
/** Bytes sent in one go; at 115200 baud 5 ms. */
const CHUNK = 58;
/** What the receiver holds while the firmware looks elsewhere; more is lost. */
const FIFO = 256;
/** A terminal that nobody reads fills up; a wire would have lost the bytes. */
const LARGEST_BACKLOG = 4096;

/** Where a UART's transmit pin leads. */
export interface Cable {
  write(bytes: Uint8Array): void;
  readonly backlog: number;
}

/** One serial port of the modem, as its firmware sees it: prints at the speed of the wire, reads keys and lines. */
export class Uart {
  faults: Faults = NO_FAULTS;
  /** Bytes that arrived from outside since power was first applied: the proof that nobody typed. */
  received = 0;
  #cable: Cable | undefined;
  #fifo: number[] = [];
  #wake: (() => void) | undefined;
  #lastWasReturn = false;
  /** When the transmitter is done with what it was given, ms of the monotonic clock. */
  #free = 0;
  readonly #random: () => number;

  /** @param bytesPerSecond Infinity for tests that are about content */
  constructor(
    public bytesPerSecond = BYTES_PER_SECOND,
    seed = 1,
  ) {
    this.#random = seededRandom(seed);
  }

  attach(cable: Cable | undefined): void {
    this.#cable = cable;
  }

  /** Bytes from outside. */
  receive(bytes: Uint8Array): void {
    this.received += bytes.length;
    this.#fifo.push(...bytes.subarray(0, FIFO - this.#fifo.length));
    this.#wake?.();
  }

  clear(): void {
    this.#fifo = [];
  }

  /**
   * Resolves when the last bit is out.
   * @throws AbortError when the power goes
   */
  async print(text: string, signal: AbortSignal): Promise<void> {
    const bytes = damage(Buffer.from(text, 'latin1'), this.faults, this.#random);
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const chunk = bytes.subarray(at, at + CHUNK);
      if (this.#cable && this.#cable.backlog < LARGEST_BACKLOG) this.#cable.write(chunk);
      this.#free = Math.max(this.#free, performance.now()) + (chunk.length * 1000) / this.bytesPerSecond;
      const wait = this.#free - performance.now();
      if (wait > 1) await sleep(wait, undefined, { signal });
      else signal.throwIfAborted();
    }
  }

  /** The next byte; undefined when none came within `ms`. */
  async key(signal: AbortSignal, ms = Infinity): Promise<string | undefined> {
    const deadline = performance.now() + ms;
    while (this.#fifo.length === 0) {
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      await this.#arrival(left, signal);
    }
    return String.fromCharCode(this.#fifo.shift() as number);
  }

  /** A line with echo, ended by CR, LF or both; backspace works. */
  async line(signal: AbortSignal, echo = true): Promise<string> {
    let text = '';
    for (;;) {
      const key = (await this.key(signal)) as string;
      const isRest = key === '\n' && this.#lastWasReturn;
      this.#lastWasReturn = key === '\r';
      if (isRest) continue;
      if (key === '\r' || key === '\n') break;
      if (key === '\b' || key === '\x7f') {
        if (text !== '' && echo) await this.print('\b \b', signal);
        text = text.slice(0, -1);
      } else {
        text += key;
        if (echo) await this.print(key, signal);
      }
    }
    await this.print('\r\n', signal);
    return text;
  }

  #arrival(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = ms === Infinity ? undefined : setTimeout(() => end(resolve), ms);
      const onAbort = () => end(() => reject(signal.reason as Error));
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#wake = undefined;
        settle();
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => end(resolve);
    });
  }
}
