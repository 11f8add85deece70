import fc from 'fast-check';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { expect, test } from 'vitest';
import type { InboundPacket } from '../../../core/broker/aedes.ts';
import { InboundPackets } from '../../../core/broker/inbound.ts';

type Version = 4 | 5;

/** What the hub makes of these bytes, in the pieces given. */
function read(bytes: Buffer, version: Version, cuts: readonly number[]) {
  const packets: InboundPacket[] = [];
  const errors: string[] = [];
  const parser = mqttPacket.parser({ protocolVersion: version });
  parser.on('error', (error: Error) => errors.push(error.message));
  const inbound = new InboundPackets(parser, (piece) => parser.parse(piece), {
    version: () => version,
    packetBytes: 1024 * 1024,
    onPacket: (packet) => packets.push(packet),
    onTooLarge: (size) => errors.push(`${size} bytes`),
  });
  const edges = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [index, edge] of edges.slice(1).entries()) inbound.parse(bytes.subarray(edges[index], edge));
  return { packets, errors };
}

/** What mqtt-packet makes of them. */
function readByTheBook(bytes: Buffer, version: Version): Packet[] {
  const packets: Packet[] = [];
  const parser = mqttPacket.parser({ protocolVersion: version });
  parser.on('packet', (packet) => packets.push(packet));
  parser.on('error', () => undefined);
  parser.parse(bytes);
  return packets;
}

const looks = (packets: readonly object[]) =>
  packets.map((packet) => {
    const { cmd, topic, payload, qos, retain, dup, messageId, properties } = packet as Record<string, unknown>;
    const isPublish = cmd === 'publish';
    return [cmd, messageId ?? 0, properties ?? {}, ...(isPublish ? [topic, String(payload), qos, retain, dup] : [])];
  });

const messageId = fc.integer({ min: 1, max: 65_535 });
const publish = fc.record({
  cmd: fc.constant('publish' as const),
  topic: fc.constantFrom('a/b', 'ä', 'weather/outdoor/temperature', 'x'.repeat(200)),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  retain: fc.boolean(),
  dup: fc.constant(false),
  messageId,
  properties: fc.constantFrom(undefined, { contentType: 'text/plain' }),
});
const acknowledgement = fc.record({
  cmd: fc.constantFrom('puback' as const, 'pubrec' as const, 'pubrel' as const, 'pubcomp' as const),
  messageId,
});
const other = fc.constantFrom<Packet>(
  { cmd: 'pingreq' },
  { cmd: 'subscribe', messageId: 7, subscriptions: [{ topic: 'a/#', qos: 1 }] },
);
const stream = fc.array(fc.oneof(publish, acknowledgement, other), { maxLength: 12 });
const version = fc.constantFrom<Version>(4, 5);
const cuts = fc.array(fc.nat(), { maxLength: 6 });

test('reads every stream of packets as mqtt-packet does, however it is cut', () => {
  fc.assert(
    fc.property(stream, version, cuts, (packets, protocolVersion, at) => {
      const bytes = Buffer.concat(packets.map((packet) => mqttPacket.generate(packet as Packet, { protocolVersion })));
      const { packets: got, errors } = read(bytes, protocolVersion, at);
      expect(errors).toEqual([]);
      expect(looks(got)).toEqual(looks(readByTheBook(bytes, protocolVersion)));
    }),
  );
});

test('garbage ends in an error or in nothing, never in an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), version, cuts, (bytes, protocolVersion, at) => {
      read(Buffer.from(bytes), protocolVersion, at);
    }),
    { numRuns: 1000 },
  );
});

test('a packet that is announced too large is known before its body is there', () => {
  const { errors } = read(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x01, 0]), 4, []);
  expect(errors).toEqual(['2097157 bytes']);
});
