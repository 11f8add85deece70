import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BuildOutcome, BuildProgress, BuildRequest, BuildResult, Images, Job } from '../../plugins/ci/contract.ts';
import { LogStore } from '../../plugins/ci/logs/store.ts';
import { findIsolation, type Isolation } from '../../plugins/ci/nodes/isolation.ts';
import { NodePool } from '../../plugins/ci/nodes/pool.ts';
import type { Mode } from '../../plugins/ci/nodes/sandbox.ts';
import { LocalRunner } from '../../plugins/ci/runner/local-runner.ts';
import type { NodeStatus } from '../../plugins/ci/view.ts';
import { imagesOf } from './ci-image.ts';
import { emptyJob } from './ci-job.ts';

/** A runner with its nodes and logs in a folder, to run jobs with. */
export interface RunnerBed {
  readonly pool: NodePool;
  readonly logs: LogStore;
  /** Calls `listener` with what is appended to any log; answers what ends that. */
  onOutput(listener: (text: string) => void): () => void;
  /** What was told of nodes, `undefined` when one was gone. */
  readonly told: (NodeStatus | undefined)[];
  /** Ends with the node closed; `text` is the log, every line without its time. */
  run(
    job: Partial<Job>,
    options?: RunOptions,
  ): Promise<BuildOutcome & { readonly text: string; readonly build: string }>;
}

interface RunOptions extends Partial<Omit<BuildRequest, 'job'>> {
  readonly signal?: AbortSignal;
  readonly tell?: (progress: BuildProgress) => void;
  /** Read only so many bytes at the end of the log. */
  readonly tail?: number;
}

export interface BedOptions {
  readonly folder: string;
  readonly images?: Images;
  readonly mode?: Mode;
  readonly max?: number;
  readonly minReady?: Readonly<Record<string, number>>;
  readonly artifactsMb?: number;
  readonly withoutCgroups?: boolean;
  /** Name of the control group; default is one of its own. */
  readonly group?: string;
  readonly holdFor?: (request: BuildRequest, result: BuildResult) => string | undefined;
}

/** A job that runs `script` on the image `tiny`. */
export function jobOf(script: string, change: Partial<Job> = {}): Job {
  return emptyJob('probe', { node: 'tiny', body: [{ name: 'body', shell: script }], ...change });
}

export const newBuild = (): string => randomBytes(16).toString('hex');

/** Makes a pool and a runner; stop the pool when done. */
export async function makeRunner(options: BedOptions): Promise<RunnerBed> {
  const told: (NodeStatus | undefined)[] = [];
  const log = { debug: () => undefined, info: () => undefined, warn: console.warn, error: console.error };
  const listeners = new Set<(text: string) => void>();
  const onAppend = (_id: string, _offset: number, bytes: Buffer): void => {
    for (const listener of listeners) listener(bytes.toString());
  };
  const onOutput = (listener: (text: string) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const logs = new LogStore({
    folder: join(options.folder, 'builds'),
    keepDays: 1,
    keepMb: 1000,
    maxMb: 300,
    onAppend,
  });
  const pool = new NodePool({
    folder: join(options.folder, 'nodes'),
    isolation: {
      ...(await isolationOf(options)),
      ...(options.withoutCgroups ? { cgroups: undefined } : {}),
    },
    images: options.images ?? imagesOf(join(options.folder, 'image')),
    max: options.max ?? 2,
    minReady: options.minReady ?? {},
    readyDiskMb: 64,
    maxHeld: 2,
    log,
    tell: (_node, status) => told.push(status),
  });
  const { artifactsMb = 10, holdFor = () => undefined } = options;
  const runner = new LocalRunner({ pool, logs, artifactsMb, holdFor, log });
  const run: RunnerBed['run'] = async (job, { signal, tell, tail, ...request } = {}) => {
    const build = newBuild();
    const full: BuildRequest = {
      ...{ build, attempt: 1, parameters: {}, checkouts: [], secrets: {} },
      ...{ ...request, job: jobOf('true', job) },
    };
    const outcome = await runner.run(full, signal ?? new AbortController().signal, tell ?? (() => undefined));
    return { ...outcome, build: full.build, text: await textOf(logs, full.build, tail) };
  };
  return { pool, logs, onOutput, told, run };
}

async function isolationOf({
  mode = 'root',
  group = `cupboard-test-${newBuild().slice(0, 8)}`,
}: BedOptions): Promise<Isolation> {
  const found = await findIsolation(mode, group);
  if ('advice' in found) throw new Error(`${found.reason}: ${found.advice}`);
  return found;
}

/** The text of a log, every line without its time. */
async function textOf(logs: LogStore, build: string, tail = Number.POSITIVE_INFINITY): Promise<string> {
  const view = await logs.view(build);
  const parts: Uint8Array[] = [];
  for await (const bytes of view?.read(Math.max(0, view.size - tail), view.size) ?? []) parts.push(bytes);
  return Buffer.concat(parts)
    .toString()
    .replaceAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| /gm, '');
}
