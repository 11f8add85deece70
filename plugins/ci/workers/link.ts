import type { Hub, JsonObject } from 'cupboard/sdk';
import { type Envelope, Seal } from './seal.ts';

/** What crosses the broker between a scheduler and its worker, both ways. */
export type Send = (fields: JsonObject & { readonly type: string }, bytes?: Uint8Array) => void;

export interface LinkEnd {
  readonly topic: string;
  readonly direction: 'to worker' | 'to scheduler';
}

const NO_BYTES = new Uint8Array(0);

/**
 * Two topics, one each way, each in its sender's own tree: the broker lets nobody else write there, and either side
 * needs no more than to read the other's. QoS 0: everything is said again until it is answered, and chunks of files
 * would only wear the broker's disk.
 * @returns the function to send with
 * @throws HubError `subscribe_denied`
 */
export async function openLink(
  hub: Pick<Hub, 'publish' | 'subscribe' | 'log'>,
  token: string,
  outgoing: LinkEnd,
  incoming: LinkEnd,
  receive: (fields: JsonObject, bytes: Uint8Array) => void,
): Promise<Send> {
  const seal = new Seal(token);
  let isWarned = false;
  await hub.subscribe(incoming.topic, ({ text }) => {
    const envelope: Envelope | undefined = seal.open(incoming.direction, text);
    if (envelope) return receive(envelope.fields, envelope.bytes);
    // Once: whoever has the wrong token says so every few seconds.
    if (!isWarned) hub.log.warn(`${incoming.topic}: not sealed with our token; both sides need the same`);
    isWarned = true;
  });
  return (fields, bytes = NO_BYTES) => {
    hub.publish(outgoing.topic, seal.close(outgoing.direction, { fields, bytes }), { qos: 0 }).catch(() => undefined);
  };
}
