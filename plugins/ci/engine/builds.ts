import { errorCode, errorText, type Logger } from 'cupboard/sdk';
import type { BuildOutcome, BuildProgress, BuildRequest, Runner } from '../contract.ts';
import type { BuildStatus } from '../view.ts';
import { type Capacity, dispatch } from './dispatch.ts';
import type { BuildRecord, StoredRequest } from './store.ts';

export interface BuildsOptions {
  readonly runner: Runner;
  /** Nodes of this hub as they are now. */
  readonly nodes: () => Pick<Capacity, 'free' | 'max'>;
  /** Pipeline to who paused it; `''` = everything. */
  readonly paused: () => Capacity['paused'];
  readonly precedenceOf: (pipeline: string | null) => 'high' | 'normal' | 'low';
  /** What the runner needs besides what is written down: values of secrets, tips of required projects. */
  readonly complete: (request: StoredRequest) => Promise<BuildRequest>;
  /** Mean time of the job's last successes, ms. */
  readonly estimate: (job: string) => number | null;
  /** Told of every change but the end. */
  readonly tell: (status: BuildStatus) => void;
  /**
   * Resolves once the hub has taken note of a build: it is alive. When it is killed, what carries its token is ended,
   * jobs first; a job must not be blamed for that.
   */
  readonly confirm: (status: BuildStatus) => Promise<void>;
  /** Told once of every end; not of builds that are cut because the plugin stops. */
  readonly ended: (record: BuildRecord, outcome: BuildOutcome) => void;
  readonly log: Logger;
}

interface Live {
  record: BuildRecord;
  readonly request: StoredRequest;
  readonly order: number;
  /** Set when it was handed to its runner. */
  abort?: AbortController;
  /** Handed over, and neither on a node nor waiting for something else than one. */
  isTakingNode: boolean;
}

/** Codes of errors that another attempt would meet again: a secret, a project or a branch that does not exist. */
const WRONG = new Set(['secret_missing', 'project_unknown', 'branch_missing', 'name_refused']);

/** The builds that have not ended: each waits for its turn, then its runner has it. */
export class Builds {
  readonly #options: BuildsOptions;
  readonly #live = new Map<string, Live>();
  readonly #running = new Set<Promise<void>>();
  #lastOrder = 0;
  #isKicked = false;
  #isStopped = false;

  constructor(options: BuildsOptions) {
    this.#options = options;
  }

  /** Takes a build that is written down. */
  add(record: BuildRecord, request: StoredRequest): void {
    this.#lastOrder += 1;
    this.#live.set(record.status.build, { record, request, order: this.#lastOrder, isTakingNode: false });
    this.kick();
  }

  status(build: string): BuildStatus | undefined {
    return this.#live.get(build)?.record.status;
  }

  record(build: string): BuildRecord | undefined {
    return this.#live.get(build)?.record;
  }

  /** Ends a build; what ran of it is gone when `ended` is told. */
  cancel(build: string, reason: string): void {
    const live = this.#live.get(build);
    if (live === undefined) return;
    live.record = { ...live.record, cancelled: live.record.cancelled ?? reason };
    if (live.abort !== undefined) live.abort.abort();
    else this.#end(live, { result: 'ABORTED', isIndeterminate: false });
  }

  /** Looks soon which builds can start: something became free, or was asked for. */
  kick(): void {
    if (this.#isKicked || this.#isStopped) return;
    this.#isKicked = true;
    // After everything that is already known was told, so that precedence counts.
    setImmediate(() => {
      this.#isKicked = false;
      this.#dispatch();
    });
  }

  /** Cuts what runs; it stays written down as not ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { abort } of this.#live.values()) abort?.abort();
    await Promise.all(this.#running);
  }

  #dispatch(): void {
    if (this.#isStopped) return;
    const all = [...this.#live.values()];
    const { free, max } = this.#options.nodes();
    const { start, reasons } = dispatch(
      all
        .filter(({ abort }) => abort === undefined)
        .map(({ record: { status }, request, order }) => ({
          build: status.build,
          precedence: this.#options.precedenceOf(status.pipeline),
          order,
          pipeline: status.pipeline,
          needsNode: needsNode(request),
          ...(request.job.mutex !== undefined && { mutex: request.job.mutex }),
        })),
      {
        free: free - all.filter(({ isTakingNode }) => isTakingNode).length,
        max,
        held: new Map(
          all.flatMap(({ abort, record, request: { job } }) =>
            abort && job.mutex ? [[job.mutex, record.status.build] as const] : [],
          ),
        ),
        paused: this.#options.paused(),
      },
    );
    for (const [build, reason] of reasons) this.#update(this.#live.get(build), { reason });
    for (const build of start) {
      const live = this.#live.get(build);
      if (live === undefined) continue;
      const run = this.#run(live).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
  }

  async #run(live: Live): Promise<void> {
    live.abort = new AbortController();
    live.isTakingNode = needsNode(live.request);
    const outcome = await this.#outcome(live, live.abort.signal);
    if (this.#isStopped) return;
    if (outcome.result !== 'SUCCESS') await this.#options.confirm(live.record.status);
    if (this.#isStopped) return;
    const isCancelled = live.abort.signal.aborted;
    this.#end(live, isCancelled ? { ...outcome, result: 'ABORTED', isIndeterminate: false } : outcome);
  }

  async #outcome(live: Live, signal: AbortSignal): Promise<BuildOutcome> {
    const { complete, runner, log } = this.#options;
    try {
      const request = await complete(live.request);
      return await runner.run(request, signal, (progress) => this.#progress(live, progress));
    } catch (error) {
      const code = errorCode(error) ?? '';
      const reason = errorText(error);
      if (WRONG.has(code)) return { result: 'CONFIG_ERROR', isIndeterminate: false, reason };
      if (!signal.aborted) log.error(`build ${live.record.status.build}: ${reason}`);
      return { result: 'NODE_FAILURE', isIndeterminate: true, reason };
    }
  }

  #progress(live: Live, { state, reason, node, image }: BuildProgress): void {
    const isWaiting = state === 'waiting';
    if (live.isTakingNode && (isWaiting || node !== undefined)) {
      live.isTakingNode = false;
      this.kick();
    }
    const { started } = live.record.status;
    this.#update(live, {
      state,
      reason: isWaiting ? reason : undefined,
      ...(node !== undefined && { node }),
      ...(image !== undefined && { image }),
      ...(!isWaiting && started === null && this.#begun(live.record.status.job)),
    });
  }

  #begun(job: string): Pick<BuildStatus, 'started' | 'eta'> {
    const started = Date.now();
    const estimate = this.#options.estimate(job);
    return { started, eta: estimate === null ? null : started + estimate };
  }

  #update(
    live: Live | undefined,
    values: Omit<Partial<BuildStatus>, 'reason'> & { reason?: string | undefined },
  ): void {
    if (live === undefined) return;
    const { reason: before, ...status } = live.record.status;
    const { reason, ...others } = values;
    if (reason === before && Object.keys(others).length === 0) return;
    live.record = { ...live.record, status: { ...status, ...others, ...(reason !== undefined && { reason }) } };
    this.#options.tell(live.record.status);
  }

  #end(live: Live, outcome: BuildOutcome): void {
    this.#live.delete(live.record.status.build);
    const { reason: _, ...status } = live.record.status;
    const started = status.started ?? Date.now();
    const reason = outcome.result === 'ABORTED' ? live.record.cancelled : outcome.reason;
    this.#options.ended(
      {
        ...live.record,
        status: {
          ...status,
          state: 'done',
          result: outcome.result,
          started,
          duration: Date.now() - started,
          eta: null,
          ...(reason !== undefined && { reason }),
          ...(outcome.tests !== undefined && { tests: outcome.tests }),
        },
      },
      outcome,
    );
    this.kick();
  }
}

/** Whether a build takes one of the hub's own nodes. */
const needsNode = ({ job }: StoredRequest): boolean => job.runner === 'local' && job.node !== undefined;
