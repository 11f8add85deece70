import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PipelineStatus } from '../../plugins/ci/view.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from './hub.ts';

const run = promisify(execFile);

/** What a command of `ci` answers. */
export interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly [key: string]: unknown;
}

/** A hub that runs the plugin `ci`, and may be killed and started again. */
export interface CiHub {
  readonly dataDir: string;
  hub: RunningHub;
  command<Result = Answer>(name: string, args?: object): Promise<Result>;
  /** Path of a local repository of the hub. */
  repository(project: string): string;
  /** Resolves when no pipeline has an item. */
  idle(seconds?: number): Promise<void>;
  start(): Promise<void>;
}

/**
 * Starts a hub with `ci`, its consoles off.
 * @param config below `plugins.ci`
 * @param definitions text of a job file
 */
export async function startCi(config: object, definitions: string): Promise<CiHub> {
  const dataDir = await temporaryFolder();
  await mkdir(join(dataDir, 'ci'));
  await writeFile(join(dataDir, 'ci', 'jobs.yaml'), definitions);
  const settings = { plugins: { ci: { console: { listen: false }, ...config } } };
  const start = () => startHub({ dataDir, config: settings });
  const ci: CiHub = {
    dataDir,
    hub: await start(),
    async command<Result>(name: string, args: object = {}) {
      const { status, body } = await ci.hub.api('POST', `/api/v1/plugins/ci/commands/${name}`, args);
      if (status !== 200) throw new Error(`${name} answers ${status}: ${JSON.stringify(body)}`);
      return body as Result;
    },
    repository: (project) => join(dataDir, 'plugin-data/ci/repositories', `${project}.git`),
    idle: (seconds = 60) =>
      waitFor(
        'the pipelines to be empty',
        async () => {
          const statuses = await queues(ci.hub);
          return statuses.length > 0 && statuses.every(({ queues }) => queues.length === 0);
        },
        seconds,
      ).then(() => undefined),
    async start() {
      ci.hub = await start();
    },
  };
  return ci;
}

/** What the status page shows. */
export async function queues(hub: RunningHub): Promise<PipelineStatus[]> {
  const { body } = await hub.api<{ payload: string }[]>(
    'GET',
    `/api/v1/topics?filter=${encodeURIComponent('ci/queue/+')}`,
  );
  return body.map(({ payload }) => JSON.parse(payload) as PipelineStatus);
}

/** A clone to push from. */
export async function cloneOf(
  repository: string,
): Promise<{ folder: string; git(...args: string[]): Promise<string> }> {
  const folder = await temporaryFolder();
  const git = async (...args: string[]) => {
    const who = ['-c', 'user.name=T', '-c', 'user.email=t@localhost'];
    return (await run('git', ['-C', folder, ...who, ...args])).stdout;
  };
  await git('init', '-q', '-b', 'main');
  await git('remote', 'add', 'hub', repository);
  return { folder, git };
}
