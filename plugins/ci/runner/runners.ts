import { join } from 'node:path';
import type { Hub } from 'cupboard/sdk';
import { AnsibleRunner } from '../ansible/runner.ts';
import { StaticPool } from '../ansible/static-pool.ts';
import type { Config } from '../config.ts';
import type { Images, Runner } from '../contract.ts';
import { PLUGIN_FOLDER } from '../folder.ts';
import { uploading } from '../logs/upload.ts';
import type { NodeStatus } from '../view.ts';
import { openWorkers } from '../workers/wiring.ts';
import { RunnerChoice } from './choice.ts';
import type { startLocal } from './wiring.ts';

/** All that runs builds, here and elsewhere. */
export interface Runners {
  readonly runner: Runner;
  /** Nodes that can still be had, static ones not counted, and how many there are. */
  readonly free: number;
  readonly max: number;
  readonly nodes: readonly NodeStatus[];
}

/**
 * Opens static nodes and workers beside this machine's own nodes.
 * @param changed called when there may be room for another build
 */
export async function openRunners(
  hub: Hub<Config>,
  images: Images,
  local: Awaited<ReturnType<typeof startLocal>>,
  changed: () => void,
): Promise<Runners> {
  const { config, dataDir, log } = hub;
  const { logs, pool } = local;
  const statics = new StaticPool(config.static, local.tellNode);
  const ansible = new AnsibleRunner({
    nodes: statics,
    logs,
    artifactsMb: config.artifacts_mb,
    callbacks: join(PLUGIN_FOLDER, 'ansible/callback'),
    hub: dataDir,
  });
  const workers = await openWorkers(hub, local, () => {
    choice.wake();
    changed();
  });
  const choice: RunnerChoice = new RunnerChoice({
    local: local.runner,
    pool,
    maxNodes: config.nodes.max,
    has: (image) => pool.mode === 'process' || images.names.includes(image),
    ansible,
    statics,
    workers,
  });
  return {
    runner: config.logs.s3 ? uploading(choice, config.logs.s3, logs, log) : choice,
    get free() {
      return choice.free;
    },
    get max() {
      return choice.max;
    },
    get nodes() {
      return [...pool.nodes, ...statics.nodes];
    },
  };
}
