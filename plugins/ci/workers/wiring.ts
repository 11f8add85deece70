import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hub, Json, Stop } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import { startImages } from '../images/wiring.ts';
import type { Local } from '../runner/open.ts';
import { startLocal } from '../runner/wiring.ts';
import { Fences } from './fences.ts';
import { openLink } from './link.ts';
import { ANY_IMAGE } from './messages.ts';
import { RemoteWorker } from './remote-worker.ts';
import { Worker } from './worker.ts';

/** Opens the links to the configured workers. */
export async function openWorkers(
  hub: Hub<Config>,
  local: Pick<Local, 'logs'>,
  changed: () => void,
): Promise<readonly RemoteWorker[]> {
  const { config, log } = hub;
  const folder = join(hub.dataDir, 'workers');
  const bundles = join(folder, 'bundles');
  await rm(bundles, { recursive: true, force: true });
  await mkdir(bundles, { recursive: true });
  const fences = new Fences(join(folder, 'fence'));
  return Promise.all(
    Object.entries(config.workers).map(async ([name, { topic, token, lease_seconds }]) => {
      const send = await openLink(
        hub,
        token,
        { topic: `${hub.id}/worker/${name}`, direction: 'to worker' },
        { topic, direction: 'to scheduler' },
        (fields, bytes) => worker.receive(fields, bytes),
      );
      const worker: RemoteWorker = new RemoteWorker({
        name,
        leaseMs: lease_seconds * 1000,
        fences,
        logs: local.logs,
        folder: bundles,
        artifactsMb: config.artifacts_mb,
        send,
        log,
        changed,
      });
      worker.call();
      hub.every(Math.max(1, lease_seconds / 10), () => worker.tick());
      return worker;
    }),
  );
}

/** Makes this instance a worker: it runs what another gives it, and nothing else. */
export async function startWorker(hub: Hub<Config>, settings: NonNullable<Config['worker']>): Promise<Stop> {
  const folder = join(hub.dataDir, 'worker');
  await mkdir(folder, { recursive: true });
  let imageChanged = (): void => undefined;
  const images = await startImages(hub, () => imageChanged());
  const local = await startLocal(hub, images, () => undefined);
  imageChanged = local.wake;
  const session = await new Fences(join(folder, 'session'), 1).take();
  hub.command('nodes', () => ({ ok: true, nodes: local.pool.nodes as unknown as Json }));
  const send = await openLink(
    hub,
    settings.token,
    { topic: `${hub.id}/worker`, direction: 'to scheduler' },
    { topic: settings.topic, direction: 'to worker' },
    (fields, bytes) => worker.receive(fields, bytes),
  );
  const worker: Worker = new Worker({
    session,
    runner: local.runner,
    logs: local.logs,
    folder,
    max: hub.config.nodes.max,
    images: () => (local.pool.mode === 'process' ? [ANY_IMAGE] : images.names),
    send,
    log: hub.log,
  });
  worker.start();
  return async () => {
    await worker.stop();
    await Promise.all([local.stop(), images.stop()]);
  };
}
