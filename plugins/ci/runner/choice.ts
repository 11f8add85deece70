import type { StaticPool } from '../ansible/static-pool.ts';
import type { BuildOutcome, BuildProgress, BuildRequest, Job, Runner } from '../contract.ts';
import { Waiters } from '../waiters.ts';
import type { RemoteWorker } from '../workers/remote-worker.ts';
import { ABORTED } from './outcome.ts';

export interface ChoiceOptions {
  readonly local: Runner;
  /** The nodes of this machine. */
  readonly pool: { readonly free: number };
  readonly maxNodes: number;
  /** Whether this machine can make nodes of an image. */
  readonly has: (image: string) => boolean;
  readonly ansible: Runner;
  readonly statics: StaticPool;
  readonly workers: readonly RemoteWorker[];
}

/** Gives each build to who can run it: Ansible for static nodes, this machine while it has room, then workers. */
export class RunnerChoice implements Runner {
  readonly #waiters = new Waiters();

  constructor(private readonly options: ChoiceOptions) {}

  /** Nodes that can still be had, here and on workers, and how many there are in all. */
  get free(): number {
    return this.options.pool.free + this.options.workers.reduce((sum, { free }) => sum + free, 0);
  }

  get max(): number {
    return this.options.maxNodes + this.options.workers.reduce((sum, { max }) => sum + max, 0);
  }

  /** A worker came, went or has room: who waits looks again. */
  wake(): void {
    this.#waiters.wake();
  }

  async run(
    request: BuildRequest,
    signal: AbortSignal,
    tell: (progress: BuildProgress) => void,
  ): Promise<BuildOutcome> {
    const { job } = request;
    if (this.#isForAnsible(job)) return this.options.ansible.run(request, signal, tell);
    for (;;) {
      if (signal.aborted) return ABORTED;
      const runner = this.#runnerFor(job);
      if (runner) return runner.run(request, signal, tell);
      tell({ state: 'waiting', reason: `no worker with ${job.node} has room` });
      await this.#waiters.change(signal);
    }
  }

  #isForAnsible(job: Job): boolean {
    return job.runner === 'ansible' || (job.node !== undefined && this.options.statics.has(job.node));
  }

  /** `undefined` = later. */
  #runnerFor({ node }: Job): Runner | undefined {
    const { local, pool, has, workers } = this.options;
    // Without workers whatever is wrong is said by who knows best.
    if (node === undefined || workers.length === 0) return local;
    const isHere = has(node);
    if (isHere && pool.free > 0) return local;
    const [roomiest] = workers
      .filter((worker) => worker.free > 0 && worker.has(node))
      .sort((one, other) => other.free - one.free);
    return roomiest ?? (isHere ? local : undefined);
  }
}
