import { randomUUID } from 'node:crypto';
import { errorCode, errorText, HubError } from 'cupboard/sdk';
import type { Answer, FromTerminal, ToTerminal } from './protocol.ts';
import { type Lease, RefusedError, type Session, type Who } from './session.ts';

/** What a terminal is shown through. */
export interface Screen {
  send(message: ToTerminal): void;
  /** Bytes sent and not yet taken. */
  readonly backlog: number;
}

/** A terminal this far behind is shown a gap: a slow spectator must not cost the hub its memory. */
const LARGEST_BACKLOG = 1024 * 1024;
const BREAK = 250;

/** One who watches a console and may take its keyboard; the keyboard goes when they do. */
export class Terminal {
  readonly id = randomUUID();
  #lease: Lease | undefined;
  #skipped = 0;
  readonly #ends: (() => void)[];

  constructor(
    private readonly session: Session,
    private readonly who: Who,
    private readonly screen: Screen,
  ) {
    const { console } = session;
    screen.send({ type: 'hello', client: this.id, console: console.id, name: console.name });
    const recent = session.recent;
    if (recent.length > 0) this.#show(recent);
    this.#ends = [
      console.onBytes((bytes) => this.#show(bytes)),
      console.onPort(() => this.#tellState()),
      session.onWriter(() => this.#tellState()),
    ];
    this.#tellState();
  }

  /** Does what the terminal asks. */
  async handle(message: FromTerminal): Promise<Answer> {
    try {
      await this.#do(message);
      return { type: 'answer', ok: true };
    } catch (error) {
      return {
        type: 'answer',
        ok: false,
        code: errorCode(error) ?? 'failed',
        error: errorText(error),
        ...(error instanceof RefusedError && { key: error.key }),
      };
    }
  }

  close(): void {
    for (const end of this.#ends) end();
    this.#lease?.release();
  }

  async #do(message: FromTerminal): Promise<void> {
    switch (message.type) {
      case 'take':
        if (this.#isWriter()) return;
        this.#lease = this.session.take(this.who, message.take_over);
        return this.#tellState();
      case 'release':
        return this.#lease?.release();
      case 'keys':
        return this.#keyboard().write(Buffer.from(message.bytes, 'base64'), { confirmed: message.confirmed === true });
      case 'paste':
        return this.#keyboard().paste(message.text, message.line_delay_ms);
      case 'break':
        return this.#keyboard().sendBreak(message.milliseconds ?? BREAK);
      default:
        throw new HubError('bad_message', 'expected take, release, keys, paste or break');
    }
  }

  #isWriter(): boolean {
    return this.#lease !== undefined && !this.#lease.lost.aborted;
  }

  #keyboard(): Lease {
    if (!this.#lease) throw new HubError('keyboard_lost', 'watching only: take the keyboard first');
    return this.#lease;
  }

  #show(bytes: Uint8Array): void {
    if (this.screen.backlog > LARGEST_BACKLOG) {
      this.#skipped += bytes.length;
      return;
    }
    if (this.#skipped > 0) this.screen.send({ type: 'skipped', bytes: this.#skipped });
    this.#skipped = 0;
    this.screen.send({ type: 'output', bytes: Buffer.from(bytes).toString('base64') });
  }

  #tellState(): void {
    const { writer, console } = this.session;
    this.screen.send({
      type: 'state',
      port: console.port,
      writer: writer ? { name: writer.name, way: writer.way, you: this.#isWriter() } : null,
    });
  }
}
