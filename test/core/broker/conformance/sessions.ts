import type { Packet } from 'mqtt-packet';
import { expect } from 'vitest';
import type { Row } from './stage.ts';

export const sessions: readonly Row[] = [
  {
    statement: 'MQTT-3.1.2-5 / MQTT-3.1.2-4',
    what: 'a session keeps subscriptions and messages of QoS 1 and 2 while its client is away',
    run: async (stage) => {
      const [first, welcome] = await stage.lasting('away');
      expect(welcome.sessionPresent).toBe(false);
      await first.subscribe('news');
      await first.vanish();
      const writer = await stage.client('writer');
      for (const qos of [1, 2, 1] as const) await writer.publish('news', `at ${qos}`, qos);
      const [back, again] = await stage.lasting('away');
      expect(again.sessionPresent).toBe(true);
      await back.acknowledge().hears(3);
      expect(back.heard).toEqual(['at 1@1', 'at 2@2', 'at 1@1']);
      await writer.publish('news', 'live');
      await back.hears(4);
    },
  },
  {
    statement: 'MQTT-3.2.2-3 / MQTT-3.2.2-2',
    what: 'a session without subscriptions is present too',
    run: async (stage) => {
      await (await stage.lasting('bare'))[0].disconnect();
      const [, again] = await stage.lasting('bare');
      expect(again.sessionPresent).toBe(true);
    },
  },
  {
    statement: 'MQTT-3.1.2-4 / MQTT-3.1.2-6',
    what: 'a clean start forgets the session',
    run: async (stage) => {
      const [first] = await stage.lasting('fresh');
      await first.subscribe('news');
      await first.disconnect();
      const writer = await stage.client('writer');
      await writer.publish('news', 'missed');
      const [clean, welcome] = await stage.lasting('fresh', { clean: true });
      expect(welcome.sessionPresent).toBe(false);
      await writer.publish('news', 'unheard');
      await clean.ping();
      expect(clean.messages).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.1.2-23',
    what: 'without Session Expiry Interval the session ends with its connection',
    versions: [5],
    run: async (stage) => {
      const first = await stage.client('brief', { clean: false });
      await first.subscribe('news');
      await first.disconnect();
      const [, again] = await stage.meet('brief', { clean: false });
      expect(again.sessionPresent).toBe(false);
    },
  },
  {
    statement: 'MQTT-3.1.2-23 (resumed)',
    what: 'a session may be taken up by a connection it then ends with',
    versions: [5],
    run: async (stage) => {
      const [first] = await stage.lasting('last');
      await first.subscribe('news');
      await first.vanish();
      await (await stage.client('writer')).publish('news', 'kept');
      const [second, welcome] = await stage.meet('last', { clean: false });
      expect(welcome.sessionPresent).toBe(true);
      await second.hears(1);
      await second.disconnect();
      const [, third] = await stage.meet('last', { clean: false });
      expect(third.sessionPresent).toBe(false);
    },
  },
  {
    statement: 'MQTT-3.1.2-23 (expiry)',
    what: 'a session ends when its time is over',
    versions: [5],
    run: async (stage) => {
      const [first] = await stage.lasting('hour', { properties: { sessionExpiryInterval: 1 } });
      await first.subscribe('news');
      await first.vanish();
      const other = await stage.client('clock');
      const begin = performance.now();
      while (performance.now() - begin < 2200) await other.ping();
      const [, again] = await stage.meet('hour', { clean: false });
      expect(again.sessionPresent).toBe(false);
    },
  },
  {
    statement: 'MQTT-3.14.2.2.2',
    what: 'DISCONNECT may shorten the life of the session',
    versions: [5],
    run: async (stage) => {
      const [first] = await stage.lasting('short');
      await first.disconnect({ properties: { sessionExpiryInterval: 0 } });
      const [, again] = await stage.meet('short', { clean: false });
      expect(again.sessionPresent).toBe(false);
    },
  },
  {
    statement: 'MQTT-3.1.2-23 (DISCONNECT)',
    what: 'but not begin one where there was none: 0x82',
    versions: [5],
    run: async (stage) => {
      const client = await stage.client('sly');
      client.raw.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 60 } } as Packet);
      expect(await client.closed()).toBe(0x82);
    },
  },
  {
    statement: 'MQTT-4.4.0-1',
    what: 'what was sent and not acknowledged is sent again with DUP and its id',
    run: async (stage) => {
      const [first] = await stage.lasting('lamp');
      await first.subscribe('set', { qos: 1 });
      await (await stage.client('writer')).publish('set', 'on');
      const [sent] = await first.hears(1);
      await first.vanish();
      const [second] = await stage.lasting('lamp');
      const [again] = await second.hears(1);
      expect(again).toMatchObject({ dup: true, messageId: sent?.messageId ?? 0 });
    },
  },
  {
    statement: 'MQTT-4.4.0-1 (PUBREL)',
    what: 'after PUBREC only the release is sent again, never the message',
    run: async (stage) => {
      const [first] = await stage.lasting('lamp');
      await first.subscribe('set');
      await (await stage.client('writer')).publish('set', 'on', 2);
      const [sent] = await first.hears(1);
      await first.next('pubrel', () => first.raw.send({ cmd: 'pubrec', messageId: sent?.messageId ?? 0 } as Packet));
      await first.vanish();
      const [second] = await stage.lasting('lamp');
      expect((await second.raw.answer('pubrel')).messageId).toBe(sent?.messageId);
      expect(second.messages).toEqual([]);
    },
  },
  {
    statement: 'MQTT-4.6.0-1',
    what: 'messages of a session are sent again in their order',
    run: async (stage) => {
      const [first] = await stage.lasting('ordered');
      await first.subscribe('news', { qos: 1 });
      const writer = await stage.client('writer');
      for (let index = 0; index < 10; index += 1) await writer.publish('news', String(index));
      await first.hears(10);
      await first.vanish();
      const [second] = await stage.lasting('ordered');
      await second.acknowledge().hears(10);
      expect(second.heard).toEqual(Array.from({ length: 10 }, (_, index) => `${index}@1`));
    },
  },
  {
    statement: 'MQTT-3.1.3-2 / 3.8.4 (identifier kept)',
    what: 'options and identifiers of subscriptions belong to the session',
    versions: [5],
    run: async (stage) => {
      const [first] = await stage.lasting('options');
      await first.subscribe('news', { identifier: 7, rap: true });
      await first.vanish();
      const writer = await stage.client('writer');
      await writer.publish('news', 'missed', 1, { retain: true });
      const [second] = await stage.lasting('options');
      await second.hears(1);
      await writer.publish('news', 'live', 1, { retain: true });
      const messages = await second.hears(2);
      expect(messages.map(({ retain, properties }) => [retain, properties?.subscriptionIdentifier])).toEqual([
        [true, 7],
        [true, 7],
      ]);
    },
  },
  {
    statement: 'MQTT-4.1.0-1',
    what: 'a session outlives a takeover',
    run: async (stage) => {
      const [first] = await stage.lasting('moved');
      await first.subscribe('news');
      const [second, welcome] = await stage.lasting('moved');
      expect(welcome.sessionPresent).toBe(true);
      await first.closed();
      await (await stage.client('writer')).publish('news', 'x');
      await second.hears(1);
    },
  },
];
