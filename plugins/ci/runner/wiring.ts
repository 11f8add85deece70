import { errorText, type Hub, type JsonObject } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import type { Images } from '../contract.ts';
import type { NodeStatus } from '../view.ts';
import { type Local, openLocal } from './open.ts';

const TEND_SECONDS = 300;

/**
 * Opens what runs builds on this machine, with the topics `ci/node/<id>` and `ci/console/<build>`.
 * @param changed called when a node came or went: another build may have it
 */
export async function startLocal(
  hub: Hub<Config>,
  images: Images,
  changed: () => void,
): Promise<Local & { wake(): void; tellNode(node: string, status: NodeStatus | undefined): void }> {
  const { config, dataDir, log } = hub;
  const send = (topic: string, payload: JsonObject | null, retain: boolean) => {
    hub.publish(`${hub.id}/${topic}`, payload, retain ? { retain } : { qos: 0 }).catch((error: unknown) => {
      if (!hub.signal.aborted) log.warn(`${topic}: ${errorText(error)}`);
    });
  };
  const tellNode = (node: string, status: NodeStatus | undefined) => {
    send(`node/${node}`, (status ?? null) as JsonObject | null, true);
    changed();
  };
  const local = await openLocal({
    config,
    dataDir,
    images,
    log,
    tellNode,
    tellConsole: (build, text) => send(`console/${build}`, text as unknown as JsonObject, false),
  });
  const { lack } = local.pool;
  if (lack !== undefined) hub.waiting(lack.reason, lack.advice);
  const tend = () => local.tend();
  hub.every(TEND_SECONDS, tend);
  const wake = () => void tend().catch((error: unknown) => log.warn(`nodes: ${errorText(error)}`));
  return { ...local, wake, tellNode };
}
