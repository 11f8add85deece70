import fc from 'fast-check';
import mqttPacket, { type Packet as JudgePacket } from 'mqtt-packet';
import { expect, test } from 'vitest';
import {
  encodeConnect,
  encodeDisconnect,
  encodePing,
  encodePuback,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
  type Packet,
  PacketReader,
} from '../../../web/mqtt/packets.ts';

const MQTT5 = { protocolVersion: 5 } as const;
const topics = fc.string({ minLength: 1, unit: 'grapheme' }).filter((topic) => !/[+#\0]/.test(topic));
const payloads = fc.uint8Array({ maxLength: 300 });
const ids = fc.integer({ min: 1, max: 0xffff });

/** What mqtt-packet, the codec of the usual clients, makes of our bytes. */
function judge(bytes: Uint8Array): JudgePacket {
  const packets: JudgePacket[] = [];
  const parser = mqttPacket.parser(MQTT5);
  parser.on('packet', (packet) => packets.push(packet));
  parser.on('error', (error) => {
    throw error;
  });
  parser.parse(Buffer.from(bytes));
  expect(packets).toHaveLength(1);
  return packets[0]!;
}

function read(...chunks: Uint8Array[]): Packet[] {
  const reader = new PacketReader();
  return chunks.flatMap((chunk) => [...reader.read(chunk)]);
}

const generated = (packet: JudgePacket) => new Uint8Array(mqttPacket.generate(packet, MQTT5));

test('connects as MQTT 5 with a clean start', () => {
  expect(judge(encodeConnect('page-1', 30))).toMatchObject({
    cmd: 'connect',
    protocolVersion: 5,
    clean: true,
    clientId: 'page-1',
    keepalive: 30,
  });
});

test('publishes what another codec reads', () => {
  fc.assert(
    fc.property(topics, payloads, fc.boolean(), fc.option(ids, { nil: undefined }), (topic, payload, retain, id) => {
      const packet = judge(encodePublish(topic, payload, retain, id));
      expect(packet).toMatchObject({ cmd: 'publish', topic, retain, qos: id === undefined ? 0 : 1 });
      expect(packet.messageId).toBe(id);
      expect(new Uint8Array((packet as { payload: Buffer }).payload)).toEqual(payload);
    }),
  );
});

test('subscribes, unsubscribes, acknowledges, pings and says goodbye', () => {
  expect(judge(encodeSubscribe(7, 'a/+/#'))).toMatchObject({
    cmd: 'subscribe',
    messageId: 7,
    subscriptions: [{ topic: 'a/+/#', qos: 0, rh: 0 }],
  });
  expect(judge(encodeUnsubscribe(8, 'a/#'))).toMatchObject({ cmd: 'unsubscribe', unsubscriptions: ['a/#'] });
  expect(judge(encodePuback(9))).toMatchObject({ cmd: 'puback', messageId: 9 });
  expect(judge(encodePing()).cmd).toBe('pingreq');
  expect(judge(encodeDisconnect()).cmd).toBe('disconnect');
});

test('reads messages however the bytes are cut', () => {
  const message = fc.record({
    topic: topics,
    payload: payloads,
    retain: fc.boolean(),
    id: fc.option(ids, { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (messages, cuts) => {
        const packets = messages.map(({ topic, payload, retain, id }) =>
          generated({
            cmd: 'publish',
            topic,
            payload: Buffer.from(payload),
            retain,
            dup: false,
            qos: id === undefined ? 0 : 1,
            ...(id === undefined ? {} : { messageId: id }),
            properties: { userProperties: { from: 'test' }, contentType: 'text/plain', messageExpiryInterval: 60 },
          }),
        );
        const bytes = new Uint8Array(Buffer.concat(packets));
        const marks = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
        const chunks = marks.slice(1).map((end, index) => bytes.subarray(marks[index], end));
        expect(read(...chunks)).toEqual(
          messages.map(({ topic, payload, retain, id }) => ({
            type: 'publish',
            topic,
            payload,
            retain,
            id,
            qos: id === undefined ? 0 : 1,
          })),
        );
      },
    ),
  );
});

test('reads acknowledgements with their reasons', () => {
  const properties = { reasonString: 'not yours', userProperties: { a: 'b' } };
  expect(read(generated({ cmd: 'puback', messageId: 3, reasonCode: 0x87, properties }))).toEqual([
    { type: 'puback', id: 3, reason: 0x87, text: 'not yours' },
  ]);
  expect(read(generated({ cmd: 'suback', messageId: 4, granted: [0x87], properties }))).toEqual([
    { type: 'suback', id: 4, reason: 0x87, text: 'not yours' },
  ]);
  const connack = {
    serverKeepAlive: 20,
    assignedClientIdentifier: 'x',
    receiveMaximum: 10,
    maximumPacketSize: 1_048_576,
  };
  expect(read(generated({ cmd: 'connack', reasonCode: 0, sessionPresent: false, properties: connack }))).toEqual([
    { type: 'connack', reason: 0, text: '', keepAlive: 20 },
  ]);
  expect(read(new Uint8Array([0x40, 2, 0, 5]))).toEqual([{ type: 'puback', id: 5, reason: 0, text: '' }]);
});

test('refuses noise instead of waiting for ever', () => {
  expect(() => read(new Uint8Array([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]))).toThrow(RangeError);
  expect(() => read(new Uint8Array([0x30, 2, 0, 200]))).toThrow(RangeError);
});
