import type { Logger } from './log.ts';
import { backoff } from './retry.ts';
import type { Parameter, StatementName, StoreAnswer, StoreRequest, Write } from './store-schema.ts';

/** Parameters, or what makes them at the moment the batch leaves. */
type LateParameters = readonly Parameter[] | (() => readonly Parameter[]);

/** How long a batch nobody waits for may lie in the log without an fsync. */
const SYNC_AFTER_MS = 1000;
/** How long such a batch waits for company before it is written: every message somebody waits for follows soon. */
const LINGER_MS = 5;

/**
 * Collects writes and hands them to the store worker one batch at a time: while one is being committed the next one
 * grows, so that the busier the hub, the more messages share an fsync. Everything written in one turn of the event
 * loop stays together in one transaction.
 *
 * A batch that cannot be stored (disk full) is kept and tried again; whoever waits for it waits, so nothing is
 * acknowledged that is not on disk.
 */
export class GroupCommit {
  /** By key: of two writes with one key only the later is kept. */
  readonly #writes = new Map<string | number, { statement: StatementName; parameters: LateParameters }>();
  #waiting: (() => void)[] = [];
  /** The batch under way, until the worker answers. */
  #sent: { readonly request: StoreRequest; readonly release: readonly (() => void)[] } | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #linger: NodeJS.Timeout | undefined;
  #counter = 0;
  #unsynced = false;
  #syncTimer: NodeJS.Timeout | undefined;
  #retry: { readonly delays: Generator<number>; timer: NodeJS.Timeout } | undefined;
  #problem: string | undefined;

  constructor(
    private readonly post: (request: StoreRequest) => void,
    private readonly log: Logger,
  ) {}

  /** Why nothing can be written at the moment. */
  get problem(): string | undefined {
    return this.#problem;
  }

  write(statement: StatementName, parameters: LateParameters, key?: string): void {
    if (key !== undefined) this.#writes.delete(key);
    this.#writes.set(key ?? this.#counter++, { statement, parameters });
    this.#schedule();
  }

  /** Calls back, in the order asked, when everything written so far survives a power cut. */
  whenDurable(release: () => void): void {
    this.#waiting.push(release);
    this.#schedule();
  }

  durable(): Promise<void> {
    return new Promise((resolve) => this.whenDurable(resolve));
  }

  /** The worker's answer to the batch under way. */
  answered(answer: StoreAnswer): void {
    if (answer.kind === 'failed') {
      this.#failed(answer.code, answer.message);
      return;
    }
    const sent = this.#sent;
    this.#sent = undefined;
    if (this.#retry) {
      this.#retry = undefined;
      this.#problem = undefined;
      this.log.info('hub.db can be written again: waiting messages are acknowledged now');
    }
    for (const release of sent?.release ?? []) release();
    if (this.#writes.size > 0 || this.#waiting.length > 0) this.#schedule();
    else if (this.#unsynced) this.#syncSoon();
  }

  /** The worker is gone: nothing is stored any more, and so nothing acknowledged. */
  lost(reason: string): void {
    this.#problem = reason;
  }

  #schedule(): void {
    if (this.#sent || this.#immediate) return;
    if (this.#waiting.length > 0) this.#immediate = setImmediate(() => this.#send());
    else this.#linger ??= setTimeout(() => this.#send(), LINGER_MS);
  }

  #send(): void {
    clearTimeout(this.#linger);
    clearImmediate(this.#immediate);
    this.#linger = undefined;
    this.#immediate = undefined;
    const sync = this.#waiting.length > 0;
    const writes = [...this.#writes.values()].map(({ statement, parameters }): Write => {
      return [statement, ...(typeof parameters === 'function' ? parameters() : parameters)];
    });
    this.#unsynced = !sync;
    if (sync) clearTimeout(this.#syncTimer);
    this.#sent = { request: { kind: 'commit', writes, sync }, release: this.#waiting };
    this.#writes.clear();
    this.#waiting = [];
    this.post(this.#sent.request);
  }

  #syncSoon(): void {
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      if (this.#unsynced) this.whenDurable(() => undefined);
    }, SYNC_AFTER_MS).unref();
  }

  #failed(code: string, message: string): void {
    const delays = this.#retry?.delays ?? backoff(500, 10_000);
    if (!this.#retry) {
      this.#problem = code === 'SQLITE_FULL' ? 'disk full' : `${code}: ${message}`;
      this.log.error(
        `hub.db cannot be written (${this.#problem}): messages of QoS 1 and 2 are not acknowledged until it can; trying again`,
      );
    }
    const timer = setTimeout(() => this.#sent && this.post(this.#sent.request), delays.next().value as number);
    this.#retry = { delays, timer };
  }
}
