import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from 'cupboard/sdk';
import type { Console } from './console.ts';
import { Guard } from './guard.ts';
import type { KeyLog } from './key-log.ts';

/** Who holds a keyboard, and by which way they came. */
export interface Who {
  readonly name: string;
  readonly way: 'page' | 'attach' | 'network' | 'command';
}

/** Bytes kept for whoever attaches later. */
const SCROLLBACK = 64 * 1024;

/** The guard said no; the message is its reason. */
export class RefusedError extends HubError {
  constructor(
    readonly key: string,
    reason: string,
  ) {
    super('refused', reason);
  }
}

/**
 * One console's only way out. Everybody may watch; one at a time has the keyboard, which another may take over. Every
 * byte passes the guard and is logged with who sent it.
 */
export class Session {
  readonly #guard = new Guard();
  #writer: Lease | undefined;
  #scrollback: Buffer = Buffer.alloc(0);
  #queue: Promise<unknown> = Promise.resolve();
  /** Counts the times the port was lost: what was typed before must not reach what answers after. */
  #losses = 0;
  readonly #listeners = new Set<() => void>();
  readonly #ends: (() => void)[];

  constructor(
    readonly console: Console,
    private readonly keys: KeyLog,
  ) {
    this.#ends = [
      console.onBytes((bytes) => {
        this.#guard.observe(bytes);
        this.#scrollback = Buffer.concat([this.#scrollback, bytes]).subarray(-SCROLLBACK);
      }),
      console.onPort((port) => {
        if (port.state === 'open') return;
        this.#losses += 1;
        this.#guard.reset();
      }),
    ];
  }

  get writer(): Who | undefined {
    return this.#writer?.who;
  }

  /** The last of what was received. */
  get recent(): Buffer {
    return this.#scrollback;
  }

  /** What answered last was a bootloader. */
  get seesBootloader(): boolean {
    return this.#guard.seesBootloader;
  }

  /** Told when the keyboard changes hands. Answers the function that ends it. */
  onWriter(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Takes the keyboard. A person's own command may always take it from that person.
   * @throws HubError `keyboard_busy` where another has it and `takeOver` is not set
   */
  take(who: Who, takeOver = false): Lease {
    const { console } = this;
    const holder = this.#writer;
    const isOwn = who.way === 'command' && holder?.who.name === who.name && holder.who.way !== 'command';
    if (holder && !takeOver && !isOwn) {
      throw new HubError('keyboard_busy', `${holder.who.name} (${holder.who.way}) has the keyboard of ${console.id}`);
    }
    if (holder) this.#end(holder, `${who.name} took the keyboard over`);
    const lease: Lease = new Lease(who, {
      send: (bytes, options) => this.#send(lease, bytes, options),
      sendBreak: (milliseconds) => this.#sendBreak(lease, milliseconds),
      release: () => this.#end(lease, 'released'),
      note: (what) => this.keys.note(console.id, who, what),
      console,
    });
    this.#writer = lease;
    this.keys.note(console.id, who, 'has the keyboard');
    this.#tell();
    return lease;
  }

  close(): void {
    for (const end of this.#ends) end();
    if (this.#writer) this.#end(this.#writer, 'the plugin stops');
  }

  #end(lease: Lease, reason: string): void {
    if (this.#writer !== lease) return;
    this.#writer = undefined;
    lease.end(new HubError('keyboard_lost', reason));
    this.keys.note(this.console.id, lease.who, `gave the keyboard away: ${reason}`);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #send(lease: Lease, bytes: Uint8Array, { confirmed = false, isLogged = true }: WriteOptions): Promise<void> {
    return this.#enqueue(lease, async () => {
      const { id, settings } = this.console;
      const refusal = this.#guard.check(bytes, { allowed: settings.allow_destructive, confirmed });
      if (refusal) {
        this.keys.note(id, lease.who, `refused ${JSON.stringify(refusal.key)}: ${refusal.reason}`);
        throw new RefusedError(refusal.key, refusal.reason);
      }
      if (isLogged) this.keys.record(id, lease.who, bytes, this.#guard.secretFrom(bytes));
      this.#guard.sent(bytes);
      await this.console.write(bytes);
    });
  }

  #sendBreak(lease: Lease, milliseconds: number): Promise<void> {
    return this.#enqueue(lease, async () => {
      this.keys.note(this.console.id, lease.who, `break of ${milliseconds} ms`);
      await this.console.sendBreak(milliseconds);
    });
  }

  /** One write after the other; each is dropped when its port or its keyboard was lost while it waited. */
  #enqueue(lease: Lease, write: () => Promise<void>): Promise<void> {
    const losses = this.#losses;
    const written = this.#queue.then(async () => {
      lease.lost.throwIfAborted();
      if (losses !== this.#losses) throw new HubError('device_not_open', 'the port went away: this was not sent');
      await write();
    });
    this.#queue = written.catch(() => undefined); // told to whoever wrote it
    return written;
  }
}

export interface WriteOptions {
  /** Says that destructive keys among the bytes are meant. */
  readonly confirmed?: boolean;
  /** False for the many questions of a dialogue that was noted as a whole. */
  readonly isLogged?: boolean;
}

export interface AskOptions extends WriteOptions {
  /** ms */
  readonly timeout: number;
  /** ms of silence after the first byte of an answer that make it complete. */
  readonly idle?: number;
}

interface Line {
  readonly console: Console;
  send(bytes: Uint8Array, options: WriteOptions): Promise<void>;
  note(what: string): void;
  sendBreak(milliseconds: number): Promise<void>;
  release(): void;
}

/** The keyboard, as long as it is held. Every method fails with `keyboard_lost` once it is not. */
export class Lease {
  readonly #lost = new AbortController();

  constructor(
    readonly who: Who,
    private readonly line: Line,
  ) {}

  /** Aborted, with the reason, when the keyboard is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** @throws RefusedError by the guard; DeviceError when the port is not open */
  write(bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
    return this.line.send(bytes, options);
  }

  /** Writes into the key log what is about to be done. */
  note(what: string): void {
    this.line.note(what);
  }

  /** Sends text line by line, each ended by CR, with a pause after each for slow readers. */
  async paste(text: string, lineDelay: number): Promise<void> {
    const lines = text.split(/\r\n|\r|\n/);
    for (const [index, line] of lines.entries()) {
      const isLast = index === lines.length - 1;
      if (isLast && line === '') return;
      await this.write(Buffer.from(isLast ? line : `${line}\r`, 'utf8'));
      if (!isLast) await sleep(lineDelay, undefined, { signal: this.lost });
    }
  }

  sendBreak(milliseconds: number): Promise<void> {
    return this.line.sendBreak(milliseconds);
  }

  /**
   * Sends `text` and answers what `match` makes of everything received since; undefined when the time is over.
   * @throws HubError `device_not_open`, `keyboard_lost`, or RefusedError
   */
  async ask<T>(text: string, match: (answer: string) => T | undefined, options: AskOptions): Promise<T | undefined> {
    const { console } = this.line;
    const ends: (() => void)[] = [];
    const answered = new Promise<T | undefined>((resolve, reject) => {
      let answer = '';
      const giveUp = () => resolve(undefined);
      const timer = setTimeout(giveUp, options.timeout);
      let idle: NodeJS.Timeout | undefined;
      const onLost = () => reject(this.lost.reason as Error);
      this.lost.addEventListener('abort', onLost, { once: true });
      ends.push(
        () => clearTimeout(timer),
        () => clearTimeout(idle),
        () => this.lost.removeEventListener('abort', onLost),
        console.onPort(() => reject(new HubError('device_not_open', 'the port went away'))),
        console.onBytes((bytes) => {
          answer += Buffer.from(bytes).toString('latin1');
          const found = match(answer);
          clearTimeout(idle);
          if (found !== undefined) resolve(found);
          else if (options.idle !== undefined) idle = setTimeout(giveUp, options.idle);
        }),
      );
    });
    try {
      const [found] = await Promise.all([answered, this.write(Buffer.from(text, 'latin1'), options)]);
      return found;
    } finally {
      for (const end of ends) end();
    }
  }

  release(): void {
    this.line.release();
  }

  /** By the session alone. */
  end(reason: Error): void {
    this.#lost.abort(reason);
  }
}
