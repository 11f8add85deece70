import type { Packet } from 'mqtt-packet';
import { expect } from 'vitest';
import type { Player, QoS, Row, Stage } from './stage.ts';

const TOPIC = 'order/a';

const subscribe = (messageId: number): Packet =>
  ({ cmd: 'subscribe', messageId, subscriptions: [{ topic: TOPIC, qos: 1, nl: false, rap: false, rh: 0 }] }) as Packet;

const unsubscribe = (messageId: number): Packet => ({ cmd: 'unsubscribe', messageId, unsubscriptions: [TOPIC] });

const publish = (payload: string, qos: QoS, retain = false): Packet => {
  return { cmd: 'publish', topic: TOPIC, payload, qos, messageId: 100, retain, dup: false };
};

/** What came back, in order: answers about subscriptions, and messages with `!` when they come as retained. */
function story({ raw }: Player): string[] {
  return raw.packets.flatMap((packet) => {
    if (packet.cmd === 'publish') return `${packet.payload}${packet.retain ? '!' : ''}`;
    return packet.cmd === 'suback' || packet.cmd === 'unsuback' ? packet.cmd : [];
  });
}

let sessions = 0;

/** Sends the packets in one piece, from a client without and one with a session to keep; both must get this story. */
async function expectStory(stage: Stage, packets: readonly Packet[], expected: readonly string[]): Promise<void> {
  const [lasting] = await stage.lasting(`lasting-${++sessions}`);
  for (const client of [await stage.client('brief'), lasting]) {
    client.raw.sendTogether(...packets);
    await client.raw.until('all answers', () => story(client).length >= expected.length);
    // When the broker has this one it has routed those before.
    await client.publish('order/end', '');
    await client.ping();
    expect(story(client)).toEqual(expected);
    await client.vanish();
  }
}

/** Packets sent without waiting for answers take effect one after the other. */
export const ordering: readonly Row[] = [
  {
    statement: 'MQTT-4.6.0 (UNSUBSCRIBE, SUBSCRIBE)',
    what: 'who unsubscribes and subscribes again in one go is subscribed',
    run: async (stage) => {
      const packets = [subscribe(1), unsubscribe(2), subscribe(3), publish('x', 1)];
      await expectStory(stage, packets, ['suback', 'unsuback', 'suback', 'x']);
    },
  },
  {
    statement: 'MQTT-4.6.0 (SUBSCRIBE, UNSUBSCRIBE)',
    what: 'who subscribes and unsubscribes in one go gets what is retained, and nothing that is published later',
    run: async (stage) => {
      const writer = await stage.client('writer');
      await writer.publish(TOPIC, 'kept', 1, { retain: true });
      const packets = [subscribe(1), unsubscribe(2), publish('late', 1), publish('later', 0)];
      await expectStory(stage, packets, ['suback', 'kept!', 'unsuback']);
    },
  },
  {
    statement: 'MQTT-4.6.0 (SUBSCRIBE, PUBLISH)',
    what: 'a message sent behind a SUBSCRIBE reaches it, after its answer and what was retained before',
    run: async (stage) => {
      for (const qos of [0, 1] as const) {
        const writer = await stage.client('writer');
        await writer.publish(TOPIC, 'kept', 1, { retain: true });
        await expectStory(stage, [subscribe(1), publish('x', qos)], ['suback', 'kept!', 'x']);
      }
    },
  },
  {
    statement: 'MQTT-4.6.0 (SUBSCRIBE, PUBLISH, UNSUBSCRIBE)',
    what: 'a message sent before an UNSUBSCRIBE is still delivered',
    run: async (stage) => {
      for (const qos of [0, 1] as const) {
        const packets = [subscribe(1), publish('x', qos), unsubscribe(2), publish('late', qos)];
        await expectStory(stage, packets, ['suback', 'x', 'unsuback']);
      }
    },
  },
  {
    statement: 'MQTT-4.6.0 (PUBLISH, SUBSCRIBE)',
    what: 'a message sent before a SUBSCRIBE does not reach it, unless it was retained',
    run: async (stage) => {
      await expectStory(stage, [publish('early', 1), subscribe(1), publish('x', 0)], ['suback', 'x']);
      await expectStory(stage, [publish('kept', 1, true), subscribe(1)], ['suback', 'kept!']);
    },
  },
];
