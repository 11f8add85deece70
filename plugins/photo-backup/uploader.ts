import { setTimeout as sleep } from 'node:timers/promises';
import { backoff, errorText, type JsonObject, type Logger } from 'cupboard/sdk';
import type { Place } from './backup.ts';
import type { Catalogue } from './catalogue.ts';
import type { HashBook } from './hashes.ts';
import { ArchiveMissingError, type Outcome, type PassOptions, type PassResult, runPass } from './pass.ts';
import { rateLimit } from './rate-limit.ts';
import type { Situation } from './state.ts';
import { rewriteDays, type TargetState, targetState } from './target-state.ts';
import { TargetError } from './targets/errors.ts';
import { type VerifyResult, verifyTarget } from './verify.ts';
import { windowAt } from './window.ts';

const DAY_MS = 86_400_000;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 10 * 60_000;
/** Files named in one event. */
const MOST_TOLD = 100;
const ARCHIVE_UNKNOWN = 'the photos plugin has not told where the archive is yet';
/** The most that a timer of Node can wait. */
const LONGEST_NAP_MS = 2 ** 31 - 1;

export interface UploaderOptions {
  readonly place: Place;
  readonly catalogue: Catalogue;
  readonly hashes: HashBook;
  /** Absolute folder of the archive; `undefined` while it is not known. */
  readonly archive: () => string | undefined;
  readonly timezone: string;
  readonly verifyDays: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly event: (name: string, data: JsonObject) => void;
  readonly progress: (done: number, total: number, message: string) => void;
  /** The state has changed. */
  readonly changed: () => void;
  /** After each pass that went through, for what is written beside the photos. */
  readonly afterPass: (place: Place, signal: AbortSignal) => Promise<void>;
}

interface Request {
  readonly rewrites: boolean;
  readonly settle: (result: PassResult | Error) => void;
}

/** Keeps one target up to date: decides when to go through its files, and what to do when that fails. */
export class Uploader {
  readonly name: string;
  readonly #options: UploaderOptions;
  readonly #limiter;
  /** Not yet through a whole pass since the start; or what follows a pass did not succeed. */
  #unfinished = true;
  #trouble: Situation['trouble'];
  #busy: Situation['busy'];
  /** The log tells of trouble, and so has to tell of its end. */
  #warned = false;
  #outsideWindow = false;
  #requests: Request[] = [];
  #wake = new AbortController();
  /** Ends the pass under way when a pause or the end of the window comes. */
  #interrupt = new AbortController();
  #delays = backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS, 0.3);
  /** One thing at a time works on the target. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: UploaderOptions) {
    this.#options = options;
    this.name = options.place.settings.name;
    this.#limiter = rateLimit(options.place.settings.rate_limit);
  }

  /** Works until stopped. */
  async run(): Promise<void> {
    const { signal, log, changed } = this.#options;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const rest = await this.#step().catch((error: unknown) => {
        log.error(`${this.name}: ${error instanceof Error ? error.stack : errorText(error)}`);
        return this.#delays.next().value;
      });
      changed();
      const end = AbortSignal.any([signal, this.#wake.signal]);
      await sleep(Math.min(rest, LONGEST_NAP_MS), undefined, { signal: end }).catch(() => undefined);
    }
  }

  /** There may be something to do, or what failed may succeed now. */
  wake(): void {
    this.#delays = backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS, 0.3);
    this.#wake.abort();
  }

  /** One pass now, whatever the hour. @throws what ended it */
  async runNow(rewrites: boolean): Promise<PassResult> {
    const result = await new Promise<PassResult | Error>((settle) => {
      this.#requests.push({ rewrites, settle });
      this.wake();
    });
    if (result instanceof Error) throw result;
    return result;
  }

  /** What `runNow` would do. */
  plan(rewrites: boolean): Promise<PassResult> {
    return this.#inTurn(() => this.#pass({ rewrites, dryRun: true, retryAll: true }, this.#options.signal));
  }

  pause(paused: boolean): void {
    this.#options.place.ledger.paused = paused;
    if (paused) this.#interrupt.abort();
    this.wake();
  }

  async mark(): Promise<void> {
    const { target } = this.#options.place;
    if (target.mark === undefined) throw new TargetError('misconfigured', `${this.name} is no directory`);
    await target.mark();
    this.wake();
  }

  /** Compares what is there with what was noted; what is wrong is sent again by the next pass. */
  async verify(options: { folder?: string; readBack: boolean }): Promise<VerifyResult> {
    const result = await this.#inTurn(() => this.#verify(options, this.#options.signal));
    this.wake();
    return result;
  }

  /** `photo-backup/<target>` without its time. */
  state(): Omit<TargetState, 'time'> {
    const { place, catalogue } = this.#options;
    const situation = {
      staysIn: this.#staysIn(),
      outsideWindow: this.#outsideWindow,
      ...(this.#trouble && { trouble: this.#trouble }),
      ...(this.#busy && { busy: this.#busy }),
    };
    return targetState(place, situation, catalogue.position().simulated);
  }

  /** Does what is to be done now; answers the ms to rest. */
  async #step(): Promise<number> {
    const { place, archive, timezone, signal, log } = this.#options;
    const requests = this.#requests.splice(0);
    const answer = (result: PassResult | Error) => {
      for (const { settle } of requests) settle(result);
    };
    if (place.ledger.paused || this.#staysIn()) {
      answer(new Error(place.ledger.paused ? 'it is paused' : 'simulated photos stay in the house'));
      return Number.POSITIVE_INFINITY;
    }
    const isForced = requests.length > 0;
    const window = place.settings.window ? windowAt(place.settings.window, Date.now(), timezone) : undefined;
    this.#outsideWindow = window?.open === false;
    if (this.#outsideWindow && !isForced) return window?.changesIn ?? 0;
    if (!isForced && !this.#isDue()) return this.#untilVerification();
    if (archive() === undefined) {
      // Early after a start this is as it should be: the answer of the photos plugin wakes us.
      this.#trouble = { kind: 'archive_missing', message: ARCHIVE_UNKNOWN };
      answer(new ArchiveMissingError(ARCHIVE_UNKNOWN));
      return Number.POSITIVE_INFINITY;
    }

    this.#interrupt = new AbortController();
    const end = AbortSignal.any([signal, this.#interrupt.signal]);
    const closing = window && !isForced ? setTimeout(() => this.#interrupt.abort(), window.changesIn) : undefined;
    try {
      const rewrites = requests.some((request) => request.rewrites);
      const result = await this.#inTurn(() => this.#whole({ rewrites, dryRun: false, retryAll: isForced }, end));
      if (this.#warned) log.info(`${this.name}: works again`);
      this.#warned = false;
      this.#trouble = undefined;
      answer(result);
      return Math.max(1000, Math.min(result.nextAt - Date.now(), this.#untilVerification()));
    } catch (error) {
      answer(error instanceof Error ? error : new Error(errorText(error)));
      // A pause or the end of the window: the next step says which.
      if (end.aborted) return 0;
      if (!(error instanceof TargetError || error instanceof ArchiveMissingError)) throw error;
      const kind = error instanceof TargetError ? error.kind : 'archive_missing';
      if (this.#trouble?.kind !== kind) {
        log.warn(`${this.name}: ${kind}: ${error.message}`);
        this.#warned = true;
      }
      this.#trouble = { kind, message: error.message };
      return this.#delays.next().value;
    } finally {
      clearTimeout(closing);
    }
  }

  /** Verification when its time has come, a pass, and what follows it. */
  async #whole(how: PassHow, signal: AbortSignal): Promise<PassResult> {
    const { place, event, afterPass } = this.#options;
    this.#unfinished = true;
    if (this.#untilVerification() <= 0) await this.#verify({ readBack: false }, signal);
    const result = await this.#as('uploading', () => this.#pass(how, signal));
    if (result.failed === 0) place.ledger.lastSuccess = Date.now();
    const { uploaded, found, failed, bytes } = result;
    if (uploaded + found + failed > 0) {
      const { safe, pending } = place.ledger.summary();
      event('backup_finished', { target: this.name, uploaded, found, failed, bytes, safe, pending });
    }
    await this.#as('uploading', () => afterPass(place, signal));
    this.#unfinished = false;
    return result;
  }

  async #pass(how: PassHow, signal: AbortSignal): Promise<PassResult> {
    const { place, archive, catalogue, hashes } = this.#options;
    const folder = archive();
    if (folder === undefined) throw new ArchiveMissingError(ARCHIVE_UNKNOWN);
    const total = place.ledger.summary().bytes_pending;
    let finished = 0;
    return runPass({
      ...place,
      catalogue,
      hashes,
      archive: folder,
      policy: {
        replace: place.settings.replace === 'versioned',
        rewriteAfter: how.rewrites ? 0 : rewriteDays(place.settings) * DAY_MS,
      },
      limiter: this.#limiter,
      signal,
      dryRun: how.dryRun,
      retryAll: how.retryAll,
      onProgress: (sent, path) => this.#options.progress(finished + sent, total, path),
      onFile: (path, size, outcome) => {
        finished += size;
        this.#tell(path, outcome);
      },
    });
  }

  #tell(path: string, outcome: Outcome): void {
    const { event, log, changed } = this.#options;
    if (outcome.kind === 'failed' && outcome.first) {
      const { kind, message } = outcome.error;
      log.warn(`${this.name}: ${path}: ${kind}: ${message}`);
      event('file_failed', { target: this.name, path, kind, reason: message });
    }
    if (outcome.kind === 'sent' && outcome.because === 'changed_remotely') {
      log.warn(`${this.name}: ${path} was changed there by somebody else; our copy lies beside it`);
      event('remote_changed', { target: this.name, path });
    }
    changed();
  }

  async #verify({ folder, readBack }: { folder?: string; readBack: boolean }, signal: AbortSignal) {
    const { place, progress, event, log } = this.#options;
    const result = await this.#as('verifying', () =>
      verifyTarget({ ...place, ...(folder !== undefined && { folder }), readBack, signal, onProgress: progress }),
    );
    if (folder === undefined) place.ledger.lastVerified = Date.now();
    const { findings } = result;
    if (findings.length > 0) {
      const files = findings.slice(0, MOST_TOLD).map((finding) => ({ ...finding }));
      log.warn(`${this.name}: ${findings.length} copies are not as they were sent: ${files[0]?.path} ...`);
      event('copies_lost', { target: this.name, count: findings.length, files });
    }
    return result;
  }

  #isDue(): boolean {
    return this.#unfinished || this.#options.place.ledger.summary().pending > 0 || this.#untilVerification() <= 0;
  }

  /** ms until the copy that was not looked at for the longest is due. */
  #untilVerification(): number {
    const oldest = this.#options.place.ledger.oldestCheck;
    return oldest === null ? Number.POSITIVE_INFINITY : oldest + this.#options.verifyDays * DAY_MS - Date.now();
  }

  /** Nothing simulated leaves the house, unless the user names a server of his own. */
  #staysIn(): boolean {
    const { type, endpoint } = this.#options.place.settings;
    return this.#options.catalogue.position().simulated && type !== 'directory' && endpoint === undefined;
  }

  async #as<T>(busy: NonNullable<Situation['busy']>, work: () => Promise<T>): Promise<T> {
    this.#busy = busy;
    this.#options.changed();
    try {
      return await work();
    } finally {
      this.#busy = undefined;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

type PassHow = Pick<PassOptions, 'dryRun' | 'retryAll'> & { readonly rewrites: boolean };
