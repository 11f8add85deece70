import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, HubError } from 'cupboard/sdk';
import { listRefs, writeBundle } from '../bundle.ts';
import type { BuildOutcome, BuildProgress, BuildRequest } from '../contract.ts';
import type { LogStore, OpenLog } from '../logs/store.ts';
import { ARTIFACTS, TEST_CASES } from '../runner/keep.ts';
import { ABORTED, nodeFailure } from '../runner/outcome.ts';
import { unpackTar } from '../unpack.ts';
import { CONSOLE, parseBundleFile, REQUEST, RESULTS, type RemoteEnd, type WireRequest } from './messages.ts';
import { type Served, serveFile, serveText, type Transfer } from './transfer.ts';

/** Of what a runner writes about a build, beside its artifacts. */
const RECORDS_MB = 32;
const RESULT_PATH = new RegExp(`^(${ARTIFACTS}/|_ansible/|${TEST_CASES.replace('.', '\\.')}$)`);

/** One build on a worker, on the side of its scheduler. */
export class RemoteBuild {
  readonly #folder: string;
  readonly #bundles = new Map<string, Promise<Served>>();
  readonly #over = new AbortController();
  readonly #ended: Promise<RemoteEnd>;
  #settle: (end: RemoteEnd) => void = () => undefined;
  #request = serveText('');
  #log: OpenLog | undefined;
  /** Resolves with what went wrong. */
  #following: Promise<unknown> | undefined;

  constructor(
    private readonly fence: number,
    private readonly request: BuildRequest,
    private readonly transfer: Transfer,
    private readonly options: {
      readonly name: string;
      readonly logs: LogStore;
      readonly folder: string;
      readonly artifactsMb: number;
    },
    private readonly tell: (progress: BuildProgress) => void,
  ) {
    this.#folder = join(options.folder, String(fence));
    this.#ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Opens the log and writes down what the worker will ask for. */
  async prepare(signal: AbortSignal): Promise<void> {
    const checkouts = await Promise.all(
      this.request.checkouts.map(async ({ repository, ...checkout }) => ({
        ...checkout,
        refs: await listRefs(repository, signal),
      })),
    );
    const wire: WireRequest = { ...this.request, checkouts };
    this.#request = serveText(JSON.stringify(wire));
    this.#log = await this.options.logs.open(this.request.build);
    await this.#log.writer.note(`Given to worker ${this.options.name}, lease ${this.fence}`);
    this.tell({ state: 'starting' });
  }

  /** What the worker may read. */
  serve(file: string): Promise<Served> | Served | undefined {
    if (file === REQUEST) return this.#request;
    const parsed = parseBundleFile(file);
    const checkout = parsed && this.request.checkouts[parsed.index];
    if (!checkout) return undefined;
    const path = join(this.#folder, `${parsed.index}-${this.#bundles.size}.bundle`);
    const making = this.#bundles.get(file) ?? this.#bundle(checkout, path, parsed.known);
    this.#bundles.set(file, making);
    return making;
  }

  progress(progress: BuildProgress): void {
    this.tell(progress.node === undefined ? progress : { ...progress, node: `${this.options.name}/${progress.node}` });
  }

  /** The worker has it: its log is there to be read. */
  follow(): void {
    const log = this.#log;
    if (log) this.#following ??= this.#followLog(log).catch((error: unknown) => error);
  }

  /** The lease says what became of it. */
  end(end: RemoteEnd): void {
    if (end.type !== 'finished') this.#over.abort(new HubError('lease_over', 'the lease is over'));
    this.#settle(end);
  }

  /** Follows the build to its end; afterwards nothing of it is held here. */
  async outcome(signal: AbortSignal): Promise<BuildOutcome> {
    const log = this.#log;
    if (!log) throw new HubError('not_prepared', 'a build is prepared before it is followed');
    try {
      const end = await this.#ended;
      if (end.type === 'ended') return await this.#close(log, ABORTED);
      if (end.type === 'lost') return await this.#close(log, this.#lost(end.reason));
      const error = (await this.#following) ?? (await this.#fetchResults(log).catch((reason: unknown) => reason));
      if (signal.aborted) return await this.#close(log, ABORTED);
      return error === undefined ? end.outcome : await this.#close(log, this.#lost(errorText(error)));
    } finally {
      this.#over.abort();
      await log.close();
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  #lost(reason: string): BuildOutcome {
    return nodeFailure(`worker ${this.options.name}: ${reason}`);
  }

  /** Says in the log what the worker cannot say any more. */
  async #close({ writer }: OpenLog, outcome: BuildOutcome): Promise<BuildOutcome> {
    await writer.endOutput();
    await writer.note(`Result: ${outcome.result}${outcome.reason ? `: ${outcome.reason}` : ''}`);
    return outcome;
  }

  async #bundle(checkout: BuildRequest['checkouts'][number], path: string, known: readonly string[]): Promise<Served> {
    await mkdir(this.#folder, { recursive: true });
    await writeBundle(checkout, path, this.#over.signal, known);
    return serveFile(path);
  }

  async #followLog({ writer }: OpenLog): Promise<void> {
    for await (const bytes of this.transfer.pull(this.fence, CONSOLE, this.#over.signal)) {
      await writer.copy(Buffer.from(bytes));
    }
  }

  async #fetchResults({ folder }: OpenLog): Promise<void> {
    const tar = this.transfer.pull(this.fence, RESULTS, this.#over.signal);
    const maxBytes = (this.options.artifactsMb + RECORDS_MB) * 1024 * 1024;
    await unpackTar(tar, folder, maxBytes, (path) => RESULT_PATH.test(path));
  }
}
