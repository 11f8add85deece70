import type { Hub, JsonObject } from 'cupboard/sdk';
import type { Config } from './config.ts';
import { adapterPaths, listAdapters } from './ports.ts';

/** Seconds between two looks at the adapters. */
const LOOK_SECONDS = 5;

/** `<id>/ports`, retained: every adapter, so that the page can offer those that no console uses. */
export function watchPorts(hub: Hub<Config>): void {
  const list = async () => ({ ports: (await listAdapters(hub.config.consoles)) as unknown as readonly JsonObject[] });
  hub.command('ports', async () => ({ ok: true, ...(await list()) }));
  let published: string | undefined;
  hub.every(LOOK_SECONDS, async () => {
    const paths = (await adapterPaths()).join(' ');
    if (paths === published) return;
    await hub.publish(`${hub.id}/ports`, { time: Date.now(), ...(await list()) }, { retain: true });
    published = paths;
  });
}
