import type { Broker } from '../broker/contract.ts';
import { errorText } from './errors.ts';
import type { Logger } from './log.ts';

/** Tells the world what happened in the hub itself: `events('plugin_crashed', { plugin: 'acurite' })`. */
export type HubEvents = (name: string, data?: object) => void;

/** Publishes `hub/event/<name>`, not retained; the recorder keeps it. */
export function createHubEvents(broker: Broker, log: Logger, now: () => number = Date.now): HubEvents {
  return (name, data = {}) => {
    const payload = JSON.stringify({ time: now(), ...data });
    broker.publish(`hub/event/${name}`, payload, { qos: 1 }).catch((error: unknown) => {
      log.warn(`the event ${name} was not published: ${errorText(error)}`);
    });
  };
}
