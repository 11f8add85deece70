import type { Packet } from 'mqtt-packet';
import { expect } from 'vitest';
import type { QoS, Row } from './stage.ts';

export const publishing: readonly Row[] = [
  ...([0, 1, 2] as const).map(
    (qos: QoS): Row => ({
      statement: `MQTT-4.3.${qos + 1}-1`,
      what: `QoS ${qos} from publisher to subscriber`,
      run: async (stage) => {
        const reader = (await stage.client('reader')).acknowledge();
        await reader.subscribe('a');
        await (await stage.client('writer')).publish('a', 'x', qos);
        await reader.hears(1);
        expect(reader.heard).toEqual([`x@${qos}`]);
      },
    }),
  ),
  {
    statement: 'MQTT-4.3.3-10 / MQTT-4.3.3-2',
    what: 'a message of QoS 2 that is repeated before its release is delivered once',
    run: async (stage) => {
      const reader = (await stage.client('reader')).acknowledge();
      await reader.subscribe('a');
      const writer = await stage.client('writer');
      await writer.next('pubrec', () => writer.raw.publish('a', 'x', 2, 7));
      await writer.next('pubrec', () => writer.raw.publish('a', 'x', 2, 7, { dup: true }));
      await writer.next('pubcomp', () => writer.raw.send({ cmd: 'pubrel', messageId: 7 } as Packet));
      await writer.publish('a', 'end', 2);
      await reader.hears(2);
      expect(reader.heard).toEqual(['x@2', 'end@2']);
    },
  },
  {
    statement: 'MQTT-4.3.3-11',
    what: 'a PUBREL without its PUBLISH is answered, in MQTT 5 with 0x92',
    run: async (stage) => {
      const client = await stage.client('confused');
      const answer = await client.next('pubcomp', () => client.raw.send({ cmd: 'pubrel', messageId: 9 } as Packet));
      expect((answer as { reasonCode?: number }).reasonCode ?? 0).toBe(client.isModern ? 0x92 : 0);
    },
  },
  {
    statement: 'MQTT-4.3.3-5 (3.5.2.1)',
    what: 'a PUBREC without its PUBLISH is answered with PUBREL 0x92',
    versions: [5],
    run: async (stage) => {
      const client = await stage.client('confused');
      const answer = await client.next('pubrel', () => client.raw.send({ cmd: 'pubrec', messageId: 9 } as Packet));
      expect((answer as { reasonCode?: number }).reasonCode).toBe(0x92);
    },
  },
  {
    statement: 'MQTT-4.3.3-4 (reason >= 0x80)',
    what: 'a PUBREC with an error ends the delivery: no PUBREL, and the id is free',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader', { properties: { receiveMaximum: 1 } });
      await reader.subscribe('a');
      const writer = await stage.client('writer');
      await writer.publish('a', 'first', 2);
      await writer.publish('a', 'second', 2);
      const [first] = await reader.hears(1);
      reader.raw.send({ cmd: 'pubrec', messageId: first?.messageId ?? 0, reasonCode: 0x80 } as Packet);
      await reader.hears(2);
      expect(reader.raw.packets.filter(({ cmd }) => cmd === 'pubrel')).toEqual([]);
    },
  },
  {
    statement: 'MQTT-4.6.0-2',
    what: 'acknowledgements come in the order of the messages',
    run: async (stage) => {
      const client = await stage.client('writer');
      for (let id = 1; id <= 20; id += 1) client.raw.publish('a', 'x', 1, id);
      await client.publish('a', 'end', 2);
      const ids = client.raw.packets.flatMap((packet) => (packet.cmd === 'puback' ? [packet.messageId] : []));
      expect(ids).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    },
  },
  {
    statement: 'MQTT-4.6.0-6 / MQTT-4.6.0-5',
    what: 'messages of one publisher, topic and QoS keep their order',
    run: async (stage) => {
      const reader = (await stage.client('reader')).acknowledge();
      await reader.subscribe('a', { qos: 1 });
      const writer = await stage.client('writer');
      for (let id = 1; id <= 50; id += 1) writer.raw.publish('a', String(id), 1, id);
      await reader.hears(50);
      expect(reader.heard).toEqual(Array.from({ length: 50 }, (_, index) => `${index + 1}@1`));
    },
  },
  {
    statement: 'MQTT-3.3.1-3',
    what: 'DUP of a publisher is not passed on',
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('a');
      await (await stage.client('writer')).publish('a', 'x', 1, { dup: true });
      expect((await reader.hears(1))[0]?.dup).toBe(false);
    },
  },
  {
    statement: 'MQTT-3.3.1-2',
    what: 'DUP with QoS 0 is malformed',
    run: async (stage) => {
      const client = await stage.client('writer');
      client.bytes(0x38, client.isModern ? 5 : 4, 0, 1, 0x61, ...(client.isModern ? [0] : []), 0x78);
      expect(await client.closed()).toBe(client.isModern ? 0x81 : undefined);
    },
  },
  {
    statement: 'MQTT-3.3.1-4',
    what: 'QoS 3 is malformed',
    run: async (stage) => {
      const client = await stage.client('writer');
      client.bytes(0x36, client.isModern ? 7 : 6, 0, 1, 0x61, 0, 1, ...(client.isModern ? [0] : []), 0x78);
      expect(await client.closed()).toBe(client.isModern ? 0x81 : undefined);
    },
  },
  {
    statement: 'MQTT-2.2.1-3 / MQTT-2.3.1-1',
    what: 'message id 0 is not one',
    run: async (stage) => {
      const client = await stage.client('writer');
      client.bytes(0x32, client.isModern ? 7 : 6, 0, 1, 0x61, 0, 0, ...(client.isModern ? [0] : []), 0x78);
      await client.closed();
      expect(client.raw.packets.filter(({ cmd }) => cmd === 'puback')).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.3.2-2',
    what: 'a topic has no wildcards',
    run: async (stage) => {
      for (const topic of ['a/+', 'a/#']) {
        const client = await stage.client('writer');
        client.raw.publish(topic, 'x', 1, 1);
        await client.closed();
        expect(client.raw.packets.filter(({ cmd }) => cmd === 'puback')).toEqual([]);
      }
    },
  },
  {
    statement: 'MQTT-4.7.3-1',
    what: 'an empty topic without an alias is refused',
    run: async (stage) => {
      const client = await stage.client('writer');
      client.bytes(0x30, client.isModern ? 4 : 3, 0, 0, ...(client.isModern ? [0] : []), 0x78);
      await client.closed();
    },
  },
  {
    statement: 'MQTT-1.5.4-1 / MQTT-1.5.3-1',
    what: 'a topic that is not UTF-8 ends the connection',
    run: async (stage) => {
      const client = await stage.client('writer');
      client.bytes(0x30, client.isModern ? 7 : 6, 0, 3, 0x61, 0xc0, 0x80, ...(client.isModern ? [0] : []), 0x78);
      await client.closed();
    },
  },
  {
    statement: 'MQTT-1.5.4-2 / MQTT-1.5.3-2',
    what: 'a topic with a NUL ends the connection',
    run: async (stage) => {
      const client = await stage.client('writer');
      client.bytes(0x30, client.isModern ? 6 : 5, 0, 2, 0x61, 0, ...(client.isModern ? [0] : []), 0x78);
      await client.closed();
    },
  },
  {
    statement: 'MQTT-3.3.1-5',
    what: 'a retained message is kept and its successor replaces it',
    run: async (stage) => {
      const writer = await stage.client('writer');
      await writer.publish('r', 'old', 1, { retain: true });
      await writer.publish('r', 'new', 0, { retain: true });
      const reader = await stage.client('reader');
      await reader.subscribe('r');
      const [message] = await reader.hears(1);
      expect([message?.payload.toString(), message?.retain]).toEqual(['new', true]);
      await reader.ping();
      expect(reader.messages).toHaveLength(1);
    },
  },
  {
    statement: 'MQTT-3.3.1-6 / MQTT-3.3.1-7',
    what: 'an empty retained message clears its topic and is not kept',
    run: async (stage) => {
      const writer = await stage.client('writer');
      await writer.publish('r', 'old', 1, { retain: true });
      await writer.publish('r', '', 1, { retain: true });
      const reader = await stage.client('reader');
      await reader.subscribe('r');
      await reader.ping();
      expect(reader.messages).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.3.1-8 / MQTT-3.3.1-12',
    what: 'without the retain flag nothing is kept',
    run: async (stage) => {
      const writer = await stage.client('writer');
      await writer.publish('r', 'kept', 1, { retain: true });
      await writer.publish('r', 'passing', 1);
      const reader = await stage.client('reader');
      await reader.subscribe('r');
      await reader.hears(1);
      expect(reader.heard).toEqual(['kept@1']);
    },
  },
  {
    statement: 'MQTT-3.3.2-4 .. 3.3.2-20',
    what: 'payload format, content type, response topic, correlation data and user properties pass unchanged',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('a');
      const properties = {
        payloadFormatIndicator: true,
        contentType: 'application/json',
        responseTopic: 'answers/me',
        correlationData: Buffer.from([0, 1, 2]),
        userProperties: { a: ['1', '2'], b: '3' },
      };
      await (await stage.client('writer')).publish('a', 'x', 1, { properties });
      expect((await reader.hears(1))[0]?.properties).toEqual(properties);
    },
  },
  {
    statement: 'MQTT-3.3.2-14',
    what: 'a response topic has no wildcards',
    versions: [5],
    run: async (stage) => {
      const client = await stage.client('writer');
      client.raw.publish('a', 'x', 1, 1, { properties: { responseTopic: 'a/+' } });
      expect(await client.closed()).toBeGreaterThanOrEqual(0x80);
    },
  },
  {
    statement: 'MQTT-3.3.2-6',
    what: 'what is left of the life of a message is told to its reader',
    versions: [5],
    run: async (stage) => {
      const writer = await stage.client('writer');
      await writer.publish('r', 'x', 1, { retain: true, properties: { messageExpiryInterval: 100 } });
      const reader = await stage.client('reader');
      await reader.subscribe('r');
      const left = (await reader.hears(1))[0]?.properties?.messageExpiryInterval ?? 0;
      expect(left).toBeGreaterThan(90);
      expect(left).toBeLessThanOrEqual(100);
    },
  },
  {
    statement: 'MQTT-3.3.2-5',
    what: 'a message whose life is over is neither retained nor delivered to a session',
    versions: [5],
    run: async (stage) => {
      const [away] = await stage.lasting('away');
      await away.subscribe('r');
      await away.vanish();
      const writer = await stage.client('writer');
      const begin = performance.now();
      await writer.publish('r', 'short', 1, { retain: true, properties: { messageExpiryInterval: 1 } });
      while (performance.now() - begin < 1600) await writer.ping();
      const reader = await stage.client('reader');
      await reader.subscribe('r');
      const [back] = await stage.lasting('away');
      await writer.publish('r', 'end');
      await Promise.all([reader.hears(1), back.hears(1)]);
      expect([reader.heard, back.heard]).toEqual([['end@1'], ['end@1']]);
    },
  },
  {
    statement: 'MQTT-3.3.2-12 (alias in)',
    what: 'a topic alias stands for its topic, and is not passed on',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('#');
      const writer = await stage.client('writer');
      await writer.publish('a', '1', 1, { properties: { topicAlias: 5 } });
      await writer.publish('', '2', 1, { properties: { topicAlias: 5 } });
      await writer.publish('b', '3', 1, { properties: { topicAlias: 5 } });
      await writer.publish('', '4', 0, { properties: { topicAlias: 5 } });
      const messages = await reader.hears(4);
      expect(messages.map(({ topic }) => topic)).toEqual(['a', 'a', 'b', 'b']);
      expect(messages.some(({ properties }) => properties?.topicAlias)).toBe(false);
    },
  },
  {
    statement: 'MQTT-3.3.2-8',
    what: 'an alias of 0, above the maximum, or never given a topic is answered with 0x94',
    versions: [5],
    run: async (stage) => {
      const [, connack] = await stage.meet('asker');
      const above = (connack.properties?.topicAliasMaximum ?? 0) + 1;
      for (const [topic, topicAlias] of [
        ['a', 0],
        ['a', above],
        ['', 1],
      ] as const) {
        const client = await stage.client('writer');
        client.raw.publish(topic, 'x', 0, 1, { properties: { topicAlias } });
        expect([0x94, 0x82]).toContain(await client.closed());
      }
    },
  },
  {
    statement: 'MQTT-3.3.2-9 (alias out)',
    what: 'a client that takes aliases gets its topics short after the first time',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader', { properties: { topicAliasMaximum: 1 } });
      await reader.subscribe('#');
      const writer = await stage.client('writer');
      for (const topic of ['a', 'a', 'b', 'a']) await writer.publish(topic, 'x');
      const messages = await reader.hears(4);
      expect(messages.map(({ topic, properties }) => [topic, properties?.topicAlias])).toEqual([
        ['a', 1],
        ['', 1],
        ['b', undefined],
        ['', 1],
      ]);
    },
  },
  {
    statement: 'MQTT-3.3.4-9',
    what: "no more messages are under way than the client's Receive Maximum",
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader', { properties: { receiveMaximum: 2 } });
      await reader.subscribe('a');
      const writer = await stage.client('writer');
      for (let index = 0; index < 5; index += 1) await writer.publish('a', String(index), index % 2 ? 1 : 2);
      await reader.ping();
      expect(reader.messages).toHaveLength(2);
      reader.acknowledge();
      await reader.hears(5);
      expect(reader.heard).toEqual(['0@2', '1@1', '2@2', '3@1', '4@2']);
    },
  },
  {
    statement: 'MQTT-3.3.4-7',
    what: 'who leaves more messages unreleased than the Receive Maximum is told 0x93',
    versions: [5],
    run: async (stage) => {
      const [client, connack] = await stage.meet('hoarder');
      const most = connack.properties?.receiveMaximum ?? 65_535;
      for (let id = 1; id <= most + 1; id += 1) client.raw.publish('a', 'x', 2, id);
      expect(await client.closed()).toBe(0x93);
    },
  },
  {
    statement: 'MQTT-3.1.2-24 (maximum packet size)',
    what: 'a message larger than its reader takes is left out for it alone',
    versions: [5],
    run: async (stage) => {
      const small = await stage.client('small', { properties: { maximumPacketSize: 100 } });
      const large = await stage.client('large');
      await Promise.all([small.subscribe('a'), large.subscribe('a')]);
      const writer = await stage.client('writer');
      await writer.publish('a', 'x'.repeat(200));
      await writer.publish('a', 'end');
      await Promise.all([small.hears(1), large.hears(2)]);
      expect(small.heard).toEqual(['end@1']);
    },
  },
  {
    statement: 'MQTT-3.3.4-6',
    what: 'a client does not send subscription identifiers',
    versions: [5],
    run: async (stage) => {
      const client = await stage.client('writer');
      client.raw.publish('a', 'x', 1, 1, { properties: { subscriptionIdentifier: 3 } });
      expect(await client.closed()).toBe(0x82);
    },
  },
  {
    statement: 'MQTT-4.8.1 / 3.3.2.3.3',
    what: 'a payload that is said to be UTF-8 and is not is refused with 0x99',
    versions: [5],
    run: async (stage) => {
      const client = await stage.client('writer');
      const properties = { payloadFormatIndicator: true };
      expect(await client.publish('a', Buffer.from([0xff, 0xfe]), 1, { properties })).toBe(0x99);
    },
  },
  {
    statement: 'MQTT-4.10 (request/response)',
    what: 'a request carries its response topic and correlation data there and back',
    versions: [5],
    run: async (stage) => {
      const asker = await stage.client('asker');
      await asker.subscribe('answers/asker');
      const answerer = await stage.client('answerer');
      await answerer.subscribe('questions');
      const properties = { responseTopic: 'answers/asker', correlationData: Buffer.from('42') };
      await asker.publish('questions', '?', 1, { properties });
      const [question] = await answerer.hears(1);
      const { responseTopic = '', correlationData } = question?.properties ?? {};
      await answerer.publish(responseTopic, '!', 1, { properties: { correlationData } });
      expect((await asker.hears(1))[0]?.properties?.correlationData?.toString()).toBe('42');
    },
  },
];
