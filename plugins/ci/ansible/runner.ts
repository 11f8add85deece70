import { errorText } from 'cupboard/sdk';
import type { BuildOutcome, BuildProgress, BuildRequest, Runner } from '../contract.ts';
import type { LogStore } from '../logs/store.ts';
import { Masker } from '../runner/masking.ts';
import { ABORTED, nodeFailure } from '../runner/outcome.ts';
import { AnsibleBuild, type AnsibleOptions, configError } from './build.ts';
import type { StaticPool } from './static-pool.ts';

export interface AnsibleRunnerOptions extends AnsibleOptions {
  readonly nodes: StaticPool;
  readonly logs: LogStore;
}

/** Runs builds on static nodes by ansible-core: three playbooks, each in its own session with its own limit. */
export class AnsibleRunner implements Runner {
  constructor(private readonly options: AnsibleRunnerOptions) {}

  async run(
    request: BuildRequest,
    signal: AbortSignal,
    tell: (progress: BuildProgress) => void,
  ): Promise<BuildOutcome> {
    const log = await this.options.logs.open(request.build);
    try {
      const outcome = await this.#run(request, log, signal, tell);
      await log.writer.note(`Result: ${outcome.result}${outcome.reason ? `: ${outcome.reason}` : ''}`);
      return outcome;
    } finally {
      await log.close();
    }
  }

  async #run(
    request: BuildRequest,
    log: Awaited<ReturnType<LogStore['open']>>,
    signal: AbortSignal,
    tell: (progress: BuildProgress) => void,
  ): Promise<BuildOutcome> {
    const { job, build } = request;
    const wanted = job.nodes ?? (job.node === undefined ? {} : { [job.node]: job.node });
    try {
      const taken = await this.options.nodes.take(wanted, { build, job: job.name }, signal, (reason) =>
        tell({ state: 'waiting', reason }),
      );
      const node = [...taken.nodes.keys()].join(', ');
      try {
        tell({ state: 'starting', node });
        const run = new AnsibleBuild(request, taken.nodes, log, this.options);
        return await run.run(signal, (state) => tell({ state, node }));
      } finally {
        taken.release();
      }
    } catch (error) {
      if (signal.aborted) return ABORTED;
      const reason = configError(error);
      if (reason !== undefined) return { result: 'CONFIG_ERROR', isIndeterminate: false, reason };
      return nodeFailure(Masker.mask(errorText(error), Object.values(request.secrets)));
    }
  }
}
