import { expect } from 'vitest';
import { type Row, will } from './stage.ts';

/** A CONNECT of MQTT 3.1.1 by hand: flags, keepalive 60, then the payload. */
function connectBytes(level: number, flags: number, ...payload: number[]): number[] {
  return [0x10, 10 + payload.length, 0, 4, 0x4d, 0x51, 0x54, 0x54, level, flags, 0, 60, ...payload];
}

export const connection: readonly Row[] = [
  {
    statement: 'MQTT-3.1.0-2',
    what: 'a second CONNECT is a protocol error',
    run: async (stage) => {
      const client = await stage.client('twice');
      client.raw.hello('twice');
      expect(await client.closed()).toBe(client.isModern ? 0x82 : undefined);
    },
  },
  {
    statement: 'MQTT-3.1.2-2',
    what: 'an unknown protocol level is answered with CONNACK 0x01 and the end',
    versions: [4],
    run: async (stage) => {
      const client = await stage.stranger();
      const connack = await client.next('connack', () => client.bytes(...connectBytes(9, 2, 0, 1, 0x61)));
      expect(connack.returnCode).toBe(1);
      await client.closed();
    },
  },
  {
    statement: 'MQTT-3.1.2-3',
    what: 'the reserved flag of CONNECT must be 0',
    versions: [4],
    run: async (stage) => {
      const client = await stage.stranger();
      client.bytes(...connectBytes(4, 3, 0, 1, 0x61));
      await client.closed();
      expect(client.raw.packets.filter((packet) => packet.cmd === 'connack' && packet.returnCode === 0)).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.1.2-12 / MQTT-3.1.2-14',
    what: 'a will of QoS 3 is malformed',
    versions: [4],
    run: async (stage) => {
      const client = await stage.stranger();
      client.bytes(...connectBytes(4, 0x1e, 0, 1, 0x61, 0, 1, 0x74, 0, 1, 0x6d));
      await client.closed();
      expect(client.raw.packets.filter((packet) => packet.cmd === 'connack' && packet.returnCode === 0)).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.1.2-22',
    what: 'no password without a user name in 3.1.1',
    versions: [4],
    run: async (stage) => {
      const client = await stage.stranger();
      client.bytes(...connectBytes(4, 0x42, 0, 1, 0x61, 0, 1, 0x70));
      await client.closed();
      expect(client.raw.packets.filter((packet) => packet.cmd === 'connack' && packet.returnCode === 0)).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.1.3-6',
    what: 'an empty client id gets one; MQTT 5 is told which',
    run: async (stage) => {
      const [client, connack] = await stage.meet('');
      expect(connack.reasonCode ?? connack.returnCode).toBe(0);
      if (client.isModern) expect(connack.properties?.assignedClientIdentifier).toMatch(/.+/);
    },
  },
  {
    statement: 'MQTT-3.1.3-8',
    what: 'an empty client id with a session is refused with 0x02 in 3.1.1',
    versions: [4],
    run: async (stage) => {
      const client = await stage.stranger();
      const connack = await client.next('connack', () => client.bytes(...connectBytes(4, 0, 0, 0)));
      expect(connack.returnCode).toBe(2);
      await client.closed();
    },
  },
  {
    statement: 'MQTT-3.1.4-3',
    what: 'a client id that comes again takes the place of the first, which is told 0x8E',
    run: async (stage) => {
      const first = await stage.client('one');
      const second = await stage.client('one');
      expect(await first.closed()).toBe(first.isModern ? 0x8e : undefined);
      await second.ping();
    },
  },
  {
    statement: 'MQTT-3.1.2-22 / MQTT-3.1.2-24',
    what: 'a client that is silent for one and a half keepalives is dropped, MQTT 5 with 0x8D',
    run: async (stage) => {
      const client = await stage.client('silent', { keepalive: 1 });
      expect(await client.closed()).toBe(client.isModern ? 0x8d : undefined);
    },
  },
  {
    statement: 'MQTT-3.2.2-21',
    what: 'a keepalive the broker does not take is set by Server Keep Alive',
    versions: [5],
    run: async (stage) => {
      const [, connack] = await stage.meet('sleepy', { keepalive: 65_000 });
      expect(connack.properties?.serverKeepAlive).toBeLessThan(65_000);
    },
  },
  {
    statement: 'MQTT-2.2.2-2',
    what: 'reserved flags of a packet must be as they are',
    run: async (stage) => {
      const client = await stage.client('flags');
      client.bytes(0xc1, 0);
      expect(await client.closed()).toBe(client.isModern ? 0x81 : undefined);
    },
  },
  {
    statement: 'MQTT-1.5.5-1',
    what: 'a length of five bytes is malformed',
    run: async (stage) => {
      const client = await stage.client('long');
      client.bytes(0x30, 0xff, 0xff, 0xff, 0xff, 0x01);
      expect(await client.closed()).toBe(client.isModern ? 0x81 : undefined);
    },
  },
  {
    statement: 'MQTT-3.1.2-26',
    what: 'a property that may come once comes once',
    versions: [5],
    run: async (stage) => {
      const client = await stage.stranger();
      // Receive Maximum twice.
      client.bytes(0x10, 20, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 60, 6, 0x21, 0, 9, 0x21, 0, 9, 0, 1, 0x61);
      await client.closed();
      expect(client.raw.packets.filter((packet) => packet.cmd === 'connack' && packet.reasonCode === 0)).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.1.2-22 (3.1.2.11.3)',
    what: 'a Receive Maximum of 0 is a protocol error',
    versions: [5],
    run: async (stage) => {
      const client = await stage.stranger();
      client.raw.hello('none', { properties: { receiveMaximum: 0 } });
      await client.closed();
      expect(client.raw.packets.filter((packet) => packet.cmd === 'connack' && packet.reasonCode === 0)).toEqual([]);
    },
  },
  {
    statement: 'MQTT-4.12.0-1',
    what: 'an authentication method that is not known is refused with 0x8C',
    versions: [5],
    run: async (stage) => {
      const [client, connack] = await stage.meet('method', { properties: { authenticationMethod: 'NONE' } });
      expect(connack.reasonCode).toBe(0x8c);
      await client.closed();
    },
  },
  {
    statement: 'MQTT-3.2.2-15',
    what: 'the largest packet is announced, and a larger one answered with 0x95',
    versions: [5],
    run: async (stage) => {
      const [client, connack] = await stage.meet('large');
      expect(connack.properties?.maximumPacketSize).toBe(1024 * 1024);
      client.raw.publish('a', Buffer.alloc(1024 * 1024), 0);
      expect(await client.closed()).toBe(0x95);
    },
  },
  {
    statement: 'MQTT-3.12.4-1',
    what: 'PINGREQ is answered',
    run: async (stage) => (await stage.client('ping')).ping(),
  },
  {
    statement: 'MQTT-3.14.0-1 / MQTT-3.14.4-2',
    what: 'after DISCONNECT the connection ends and nothing more is processed',
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('late');
      const client = await stage.client('leaver');
      client.raw.send({ cmd: 'disconnect', reasonCode: 0 } as never);
      client.raw.publish('late', 'x');
      await client.closed();
      await reader.ping();
      expect(reader.messages).toEqual([]);
    },
  },
  {
    statement: 'MQTT-3.1.2-7 / MQTT-3.1.2-8',
    what: 'a will is published when its client vanishes, with its QoS, retained as asked',
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('w', { rap: true });
      const client = await stage.client('mortal', { will: will('w', 'gone', { retain: true }) });
      await client.vanish();
      const [message] = await reader.hears(1);
      expect(message).toMatchObject({ qos: 1, retain: reader.isModern });
      const later = await stage.client('later');
      await later.subscribe('w');
      expect((await later.hears(1))[0]?.retain).toBe(true);
    },
  },
  {
    statement: 'MQTT-3.1.2-10 / MQTT-3.14.4-3',
    what: 'a normal DISCONNECT discards the will',
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('w/#');
      const client = await stage.client('polite', { will: will('w/polite', 'gone') });
      await client.disconnect();
      await (await stage.client('other')).publish('w/end', 'x');
      expect((await reader.hears(1)).map(({ topic }) => topic)).toEqual(['w/end']);
    },
  },
  {
    statement: 'MQTT-3.1.2-10 (3.14.2.1)',
    what: 'DISCONNECT with another code than 0 publishes the will',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('w');
      for (const reasonCode of [0x04, 0x80]) {
        const client = await stage.client('leaver', { will: will('w', String(reasonCode)) });
        await client.disconnect({ reasonCode });
      }
      await reader.hears(2);
      expect(reader.heard).toEqual(['4@1', '128@1']);
    },
  },
  {
    statement: 'MQTT-3.1.2-8 (takeover)',
    what: 'who is taken over did not say goodbye: its will is published',
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('w');
      await stage.client('twin', { will: will('w', 'first gone') });
      await stage.client('twin');
      await reader.hears(1);
    },
  },
  {
    statement: 'MQTT-3.1.3-9',
    what: 'a delayed will is not published when its client is back in time',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('w/#');
      const delayed = will('w/late', 'gone', { properties: { willDelayInterval: 1 } });
      const [first] = await stage.lasting('mortal', { will: delayed });
      await first.vanish();
      await stage.lasting('mortal');
      // A will with the same delay that begins later: when it comes, the first one's time is over.
      const [second] = await stage.lasting('second', { will: { ...delayed, topic: 'w/second' } });
      await second.vanish();
      expect((await reader.hears(1)).map(({ topic }) => topic)).toEqual(['w/second']);
    },
  },
  {
    statement: 'MQTT-3.1.2-8 (session end)',
    what: 'a delayed will is published when its session ends, also by a clean start',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('w');
      const delayed = will('w', 'gone', { properties: { willDelayInterval: 600 } });
      const [first] = await stage.lasting('mortal', { will: delayed });
      await first.vanish();
      await stage.client('mortal', { clean: true });
      await reader.hears(1);
    },
  },
  {
    statement: 'MQTT-3.1.3-11 (3.1.3.2)',
    what: 'properties of a will reach its readers, its delay does not',
    versions: [5],
    run: async (stage) => {
      const reader = await stage.client('reader');
      await reader.subscribe('w');
      const properties = { willDelayInterval: 0, contentType: 'text/plain', userProperties: { a: 'b' } };
      await (await stage.client('mortal', { will: will('w', 'gone', { properties }) })).vanish();
      const [message] = await reader.hears(1);
      expect(message?.properties).toMatchObject({ contentType: 'text/plain', userProperties: { a: 'b' } });
      expect(Object.keys(message?.properties ?? {}).sort()).toEqual(['contentType', 'userProperties']);
    },
  },
];
