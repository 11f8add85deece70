import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deadline, errorText, HubError } from 'cupboard/sdk';
import type { BuildOutcome, BuildProgress, BuildRequest, Checkout, Runner } from '../contract.ts';
import type { LogStore } from '../logs/store.ts';
import { nodeFailure } from '../runner/outcome.ts';
import { CONSOLE, REQUEST, RESULTS, type WireRequest } from './messages.ts';
import { type Served, serveFile, type Transfer } from './transfer.ts';
import type { WorkerGit } from './worker-git.ts';

const run = promisify(execFile);
/** Of a request: its job's scripts and the names of all branches and tags. */
const MAX_REQUEST_BYTES = 64 << 20;
/** A reader of the log that has all is answered after so long. */
const WAIT_MS = 5000;
const NO_LOG_YET_MS = 100;

/** One build on the side of the worker that runs it. */
export class WorkerBuild {
  readonly #stopping = new AbortController();
  #build: string | undefined;
  #checkouts: readonly Checkout[] = [];
  #running: Promise<BuildOutcome> | undefined;
  #isDone = false;
  #results: Promise<Served> | undefined;

  constructor(
    private readonly fence: number,
    private readonly transfer: Transfer,
    private readonly git: WorkerGit,
    private readonly options: { readonly runner: Runner; readonly logs: LogStore; readonly folder: string },
    private readonly tell: (progress: BuildProgress) => void,
  ) {}

  /** Fetches what it needs and runs it. Never rejects. */
  run(): Promise<BuildOutcome> {
    this.#running = this.#run(this.#stopping.signal)
      .catch((error: unknown) => nodeFailure(errorText(error)))
      .finally(() => {
        this.#isDone = true;
      });
    return this.#running;
  }

  async #run(signal: AbortSignal): Promise<BuildOutcome> {
    const wire = JSON.parse(
      await this.transfer.pullText(this.fence, REQUEST, signal, MAX_REQUEST_BYTES),
    ) as WireRequest;
    // It becomes the name of a folder, which is removed.
    if (!/^[0-9a-f]{32}$/.test(wire.build)) throw new HubError('bad_request', 'a build without a proper id');
    this.#build = wire.build;
    this.#checkouts = await this.git.checkouts(this.fence, wire, signal);
    const request: BuildRequest = { ...wire, checkouts: this.#checkouts };
    return this.options.runner.run(request, signal, this.tell);
  }

  /** Ends it with its node. */
  async stop(reason: string): Promise<void> {
    this.#stopping.abort(new HubError('lease_over', reason));
    await this.#running;
  }

  /** What the scheduler may read. */
  serve(file: string): Promise<Served> | Served | undefined {
    if (file === CONSOLE) return { read: (offset) => this.#readLog(offset) };
    if (file !== RESULTS || !this.#isDone) return undefined;
    this.#results ??= this.#pack();
    return this.#results;
  }

  /** Removes everything of it here: the scheduler has what it wants. */
  async forget(): Promise<void> {
    await this.stop('it is forgotten');
    await rm(this.#tar, { force: true });
    await this.git.forget(this.fence, this.#checkouts);
    if (this.#build) await rm(this.options.logs.folder(this.#build), { recursive: true, force: true });
  }

  async #readLog(offset: number): Promise<{ readonly bytes: Uint8Array; readonly isEnd: boolean }> {
    const none = { bytes: new Uint8Array(0), isEnd: this.#isDone };
    const view = this.#build && (await this.options.logs.view(this.#build));
    if (!view) {
      if (!this.#isDone) await sleep(NO_LOG_YET_MS);
      return none;
    }
    for await (const bytes of view.follow(offset, deadline(WAIT_MS))) return { bytes, isEnd: false };
    return none;
  }

  get #tar(): string {
    return join(this.options.folder, `${this.fence}.tar`);
  }

  async #pack(): Promise<Served> {
    await mkdir(this.options.folder, { recursive: true });
    const folder = this.#build && this.options.logs.folder(this.#build);
    // A build that failed before it had a log has nothing to bring.
    const source = folder ? ['--directory', folder, '--exclude=./console.log*', '.'] : ['--files-from=/dev/null'];
    await run('tar', ['--create', '--format=pax', '--file', this.#tar, ...source]);
    return serveFile(this.#tar);
  }
}
