import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errorText, type Logger } from 'cupboard/sdk';
import { type ConsoleServer, startConsole } from '../console.ts';
import type { Images } from '../contract.ts';
import { ConsoleFeed } from '../logs/feed.ts';
import { LogStore } from '../logs/store.ts';
import { Autoholds } from '../nodes/autohold.ts';
import { findIsolation } from '../nodes/isolation.ts';
import { removeLeftovers } from '../nodes/leftovers.ts';
import { NodePool } from '../nodes/pool.ts';
import type { ConsoleText, NodeStatus } from '../view.ts';
import type { LocalConfig } from './config.ts';
import { LocalRunner } from './local-runner.ts';

export interface LocalOptions {
  readonly config: LocalConfig;
  /** The plugin's own folder. */
  readonly dataDir: string;
  readonly images: Images;
  readonly log: Logger;
  /** Told of every node, `undefined` when it is gone: `ci/node/<id>`. */
  readonly tellNode: (node: string, status: NodeStatus | undefined) => void;
  /** Told of what logs say: `ci/console/<build>`. */
  readonly tellConsole: (build: string, text: ConsoleText) => void;
}

/** All that runs builds on this machine. */
export interface Local {
  readonly runner: LocalRunner;
  readonly pool: NodePool;
  /** Logs of builds, whoever runs them; what is kept of a build lies in its log's folder. */
  readonly logs: LogStore;
  readonly autoholds: Autoholds;
  readonly console: ConsoleServer | undefined;
  /** Removes old logs and makes ready nodes; every few minutes, and when an image became ready. */
  tend(): Promise<void>;
  stop(): Promise<void>;
}

/** Cleans up after an earlier run and opens the nodes, the logs and the console. */
export async function openLocal(options: LocalOptions): Promise<Local> {
  const { config, dataDir, images, log, tellNode, tellConsole } = options;
  const folder = join(dataDir, 'nodes');
  // Two hubs on one machine must not remove each other's.
  const group = `cupboard-ci-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`;
  const isolation = await findIsolation(config.nodes.mode, group);
  const left = await removeLeftovers(folder, 'advice' in isolation ? undefined : isolation.cgroups);
  if (left > 0) log.info(`removed ${left} nodes that an earlier run left`);
  const feed = new ConsoleFeed(tellConsole);
  const logs = new LogStore({
    folder: join(dataDir, 'builds'),
    keepDays: config.logs.keep_days,
    keepMb: config.logs.keep_mb,
    maxMb: config.logs.max_mb,
    onAppend: (build, offset, bytes) => feed.append(build, offset, bytes),
    onEnd: (build) => feed.end(build),
  });
  const { max, min_ready: minReady, max_held: maxHeld, disk_mb: readyDiskMb } = config.nodes;
  const pool = new NodePool({ folder, isolation, images, max, minReady, readyDiskMb, maxHeld, log, tell: tellNode });
  const autoholds = new Autoholds();
  const runner = new LocalRunner({
    pool,
    logs,
    artifactsMb: config.artifacts_mb,
    holdFor: ({ job }, result) => (result === 'SUCCESS' ? undefined : autoholds.take(job.name)),
    log,
  });
  const console = await openConsole(config, logs, log);
  const tend = async (): Promise<void> => {
    pool.wake();
    await pool.refill();
    await logs.prune();
  };
  return {
    runner,
    pool,
    logs,
    autoholds,
    console,
    tend,
    async stop() {
      await pool.stop();
      await console?.close();
    },
  };
}

/** The console is a convenience: builds run without it. */
async function openConsole(config: LocalConfig, logs: LogStore, log: Logger): Promise<ConsoleServer | undefined> {
  const { listen } = config.console;
  if (listen === false) return undefined;
  try {
    return await startConsole({ listen, view: (build) => logs.view(build), log });
  } catch (error) {
    log.warn(errorText(error));
    return undefined;
  }
}
