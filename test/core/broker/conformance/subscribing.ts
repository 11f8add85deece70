import type { Packet } from 'mqtt-packet';
import { expect } from 'vitest';
import type { Row } from './stage.ts';

export const subscribing: readonly Row[] = [
  {
    statement: 'MQTT-3.8.4-1 / MQTT-3.9.3-1',
    what: 'each filter of a SUBSCRIBE is answered in its place with the QoS granted',
    run: async (stage) => {
      const client = await stage.client('reader');
      const subscriptions = [0, 2, 1, 2].map((qos, index) => ({
        topic: `f/${index % 3}`,
        qos,
        rh: 0,
        rap: false,
        nl: false,
      }));
      const answer = await client.next('suback', () => {
        client.raw.send({ cmd: 'subscribe', messageId: 3, subscriptions } as Packet);
      });
      expect([answer.messageId, answer.granted]).toEqual([3, [0, 2, 1, 2]]);
    },
  },
  {
    statement: 'MQTT-3.8.3-2 / MQTT-3.8.3-3',
    what: 'a SUBSCRIBE names at least one filter',
    run: async (stage) => {
      const client = await stage.client('reader');
      client.bytes(0x82, client.isModern ? 3 : 2, 0, 1, ...(client.isModern ? [0] : []));
      await client.closed();
      expect(client.raw.packets.filter(({ cmd }) => cmd === 'suback')).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.10.3-2',
    what: 'an UNSUBSCRIBE names at least one filter',
    run: async (stage) => {
      const client = await stage.client('reader');
      client.bytes(0xa2, client.isModern ? 3 : 2, 0, 1, ...(client.isModern ? [0] : []));
      await client.closed();
      expect(client.raw.packets.filter(({ cmd }) => cmd === 'unsuback')).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.8.3-5 / MQTT-3.8.3-4',
    what: 'reserved bits of the subscription options must be 0',
    run: async (stage) => {
      const client = await stage.client('reader');
      client.bytes(0x82, client.isModern ? 7 : 6, 0, 1, ...(client.isModern ? [0] : []), 0, 1, 0x61, 0xc0);
      expect(await client.closed()).toBe(client.isModern ? 0x81 : undefined);
    },
  },
  {
    statement: 'MQTT-4.7.1-1 / MQTT-4.7.1-2',
    what: 'a wildcard in the wrong place is refused, never subscribed',
    run: async (stage) => {
      for (const filter of ['a#', 'a/#/b', 'a+/b', '+a']) {
        const client = await stage.client('reader');
        client.raw.subscribe(filter);
        await Promise.race([client.closed(), client.raw.answer('suback')]);
        const answer = client.raw.packets.find((packet) => packet.cmd === 'suback');
        for (const code of (answer as { granted?: number[] } | undefined)?.granted ?? [0x80]) {
          expect(code).toBeGreaterThanOrEqual(0x80);
        }
      }
    },
  },
  {
    statement: 'MQTT-4.7.1-1 (matching)',
    what: 'wildcards match as the standard has them, parent and empty levels included',
    run: async (stage) => {
      const cases = [
        ['sport/tennis/#', 'sport/tennis', true],
        ['sport/tennis/#', 'sport/tennis/1/score', true],
        ['sport/+', 'sport', false],
        ['sport/+', 'sport/', true],
        ['+/+', '/finance', true],
        ['/+', '/finance', true],
        ['+', '/finance', false],
        ['+/tennis/#', 'sport/tennis', true],
        ['sport', 'Sport', false],
        ['a b', 'a b', true],
      ] as const;
      const writer = await stage.client('writer');
      for (const [index, [filter, topic, isMatch]] of cases.entries()) {
        const reader = await stage.client(`reader-${index}`);
        await reader.subscribe(filter);
        await writer.publish(topic, 'x');
        await reader.ping();
        expect([filter, topic, reader.messages.length]).toEqual([filter, topic, isMatch ? 1 : 0]);
        await reader.vanish();
      }
    },
  },
  {
    statement: 'MQTT-4.7.2-1',
    what: 'a filter that begins with a wildcard does not reach topics that begin with $',
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe(['#', '+/x', '+/+/+/+']);
      const writer = await stage.client('writer');
      writer.raw.publish('$data/x', 'hidden');
      const other = await stage.client('other');
      await other.publish('b/x', 'seen');
      await reader.hears(1);
      await reader.ping();
      expect(reader.heard).toEqual(['seen@1']);
    },
  },
  {
    statement: 'MQTT-3.8.4-8 / MQTT-3.8.4-6',
    what: 'the QoS granted limits what is delivered',
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('a', { qos: 1 });
      await (await stage.client('writer')).publish('a', 'x', 2);
      await reader.hears(1);
      expect(reader.heard).toEqual(['x@1']);
    },
  },
  {
    statement: 'MQTT-3.8.4-8 (wildcards)',
    what: 'so it does through a wildcard, live and retained',
    run: async (stage) => {
      const writer = await stage.client('writer');
      await writer.publish('w/kept', 'kept', 2, { retain: true });
      const reader = await stage.client('reader');
      await reader.subscribe('w/#', { qos: 0 });
      await writer.publish('w/live', 'live', 2);
      await reader.hears(2);
      expect(reader.heard).toEqual(['kept@0', 'live@0']);
    },
  },
  {
    statement: 'MQTT-3.3.4-2 / MQTT-3.3.5-1',
    what: 'overlapping subscriptions deliver with the best QoS of all of them',
    run: async (stage) => {
      const reader = (await stage.client('reader')).acknowledge();
      await reader.subscribe('o/#', { qos: 0 });
      await reader.subscribe('o/x', { qos: 2 });
      await reader.subscribe('o/+', { qos: 1 });
      await (await stage.client('writer')).publish('o/x', 'x', 2);
      await reader.hears(1);
      await reader.ping();
      expect(Math.max(...reader.messages.map(({ qos }) => qos))).toBe(2);
    },
  },
  {
    statement: 'MQTT-3.8.4-3',
    what: 'a filter subscribed to again replaces its subscription and sends retained messages again',
    run: async (stage) => {
      const writer = await stage.client('writer');
      await writer.publish('r', 'kept', 1, { retain: true });
      const reader = (await stage.client('reader')).acknowledge();
      await reader.subscribe('r', { qos: 0 });
      await reader.subscribe('r', { qos: 1 });
      await writer.publish('r', 'live', 1);
      await reader.hears(3);
      await reader.ping();
      expect(reader.heard).toEqual(['kept@0', 'kept@1', 'live@1']);
    },
  },
  {
    statement: 'MQTT-3.10.4-2 / MQTT-3.10.4-4',
    what: 'after UNSUBSCRIBE nothing new comes; MQTT 5 learns which filters there were',
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe(['a', 'b']);
      const codes = await reader.unsubscribe('a', 'never');
      if (reader.isModern) expect(codes).toEqual([0, 0x11]);
      const writer = await stage.client('writer');
      await writer.publish('a', 'x');
      await writer.publish('b', 'y');
      await reader.hears(1);
      expect(reader.heard).toEqual(['y@1']);
    },
  },
  {
    statement: 'MQTT-3.10.4-1',
    what: 'UNSUBSCRIBE compares filters letter by letter',
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('a/#');
      await reader.unsubscribe('a/b', 'a/+');
      await (await stage.client('writer')).publish('a/b', 'x');
      await reader.hears(1);
    },
  },
  {
    statement: 'MQTT-3.3.1-9 .. 3.3.1-11',
    what: 'retain handling 0 sends always, 1 for a new subscription only, 2 never',
    versions: [5],
    run: async (stage) => {
      await (await stage.client('writer')).publish('r', 'kept', 1, { retain: true });
      const counts: number[] = [];
      for (const rh of [0, 1, 2] as const) {
        const reader = await stage.client(`reader-${rh}`);
        await reader.subscribe('r', { qos: 0, rh });
        await reader.subscribe('r', { qos: 0, rh });
        await reader.ping();
        counts.push(reader.messages.length);
      }
      expect(counts).toEqual([2, 1, 0]);
    },
  },
  {
    statement: 'MQTT-3.3.1-12 / MQTT-3.3.1-13',
    what: 'retain as published keeps the flag on live messages, else it is cleared',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('kept/#', { rap: true });
      await reader.subscribe('cleared/#');
      const writer = await stage.client('writer');
      await writer.publish('kept/a', 'x', 1, { retain: true });
      await writer.publish('cleared/a', 'x', 1, { retain: true });
      expect((await reader.hears(2)).map(({ retain }) => retain)).toEqual([true, false]);
    },
  },
  {
    statement: 'MQTT-3.3.1-9 / MQTT-3.3.1-9 (3.1.1)',
    what: 'live messages carry no retain flag in 3.1.1',
    versions: [4],
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('a');
      await (await stage.client('writer')).publish('a', 'x', 1, { retain: true });
      expect((await reader.hears(1))[0]?.retain).toBe(false);
    },
  },
  {
    statement: 'MQTT-3.8.3-3',
    what: '"no local" keeps own messages away, and only those',
    versions: [5],
    run: async (stage) => {
      const both = await stage.client('both');
      await both.subscribe('a', { nl: true });
      await both.publish('a', 'own');
      await (await stage.client('other')).publish('a', 'foreign');
      await both.hears(1);
      expect(both.heard).toEqual(['foreign@1']);
      await both.subscribe('a');
      await both.publish('a', 'own again');
      expect((await both.hears(2))[1]?.payload.toString()).toBe('own again');
    },
  },
  {
    statement: 'MQTT-3.8.3-3 (overlap)',
    what: '"no local" counts for its subscription, not for others of the client',
    versions: [5],
    run: async (stage) => {
      const both = await stage.client('both');
      await both.subscribe('a/#', { nl: true });
      await both.subscribe('a/b', { qos: 0 });
      await both.publish('a/b', 'own', 1);
      await both.hears(1);
      expect(both.heard).toEqual(['own@0']);
    },
  },
  {
    statement: 'MQTT-3.3.4-3',
    what: 'a subscription identifier comes with each message, live and retained',
    versions: [5],
    run: async (stage) => {
      const writer = await stage.client('writer');
      await writer.publish('s/kept', 'x', 1, { retain: true });
      const reader = await stage.client('reader');
      await reader.subscribe('s/#', { identifier: 268_435_455 });
      await writer.publish('s/live', 'x', 0);
      const messages = await reader.hears(2);
      expect(messages.map(({ properties }) => properties?.subscriptionIdentifier)).toEqual([268_435_455, 268_435_455]);
    },
  },
  {
    statement: 'MQTT-3.3.4-4 / MQTT-3.3.4-5',
    what: 'overlapping subscriptions: all their identifiers reach the client',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('o/#', { identifier: 1 });
      await reader.subscribe('o/x', { identifier: 2 });
      await reader.subscribe('o/+');
      await (await stage.client('writer')).publish('o/x', 'x');
      await reader.hears(1);
      await reader.ping();
      const identifiers = reader.messages.flatMap(({ properties }) => properties?.subscriptionIdentifier ?? []);
      expect(identifiers.sort()).toEqual([1, 2]);
    },
  },
  {
    statement: 'MQTT-3.8.4-4 (identifier)',
    what: 'subscribing again takes the new identifier, or none',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader');
      const writer = await stage.client('writer');
      for (const identifier of [1, 2, undefined]) {
        await reader.subscribe('a', identifier === undefined ? {} : { identifier });
        await writer.publish('a', 'x');
      }
      const messages = await reader.hears(3);
      expect(messages.map(({ properties }) => properties?.subscriptionIdentifier)).toEqual([1, 2, undefined]);
    },
  },
  {
    statement: 'MQTT-3.8.2.1.2',
    what: 'a subscription identifier of 0 is a protocol error',
    versions: [5],
    run: async (stage) => {
      const client = await stage.client('reader');
      client.bytes(0x82, 9, 0, 1, 2, 0x0b, 0, 0, 1, 0x61, 0);
      expect([0x82, 0x81]).toContain(await client.closed());
    },
  },
];
