import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { expect, test } from 'vitest';
import type { Packet, QoS } from '../../../core/broker/aedes.ts';
import { addressed, decodePackets, encodePackets, encodePublish } from '../../../core/broker/packets.ts';

const packet: fc.Arbitrary<Packet> = fc
  .record({
    topic: fc.constantFrom('a', 'weather/outdoor', 'ä/ö', 'x'.repeat(40_000)),
    payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    qos: fc.constantFrom<QoS>(0, 1, 2),
    retain: fc.boolean(),
    clientId: fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined }),
    properties: fc.constantFrom(undefined, {
      userProperties: { user: 'ada', list: ['a', 'b'] },
      correlationData: Buffer.from([0, 1, 2]),
    }),
    messageExpiry: fc.option(fc.nat(), { nil: undefined }),
  })
  .map((fields) => {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    return { cmd: 'publish', dup: false, ...Object.fromEntries(given) } as unknown as Packet;
  });

test('messages come back from the store as they went in', () => {
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 5 }), (packets) => {
      expect(decodePackets(encodePackets(packets))).toEqual(packets);
    }),
  );
});

test('the frames sent are the ones mqtt-packet would send', () => {
  fc.assert(
    fc.property(packet, fc.constantFrom(4 as const, 5 as const), fc.boolean(), (message, protocolVersion, dup) => {
      const frame = encodePublish(message, protocolVersion, message.qos, message.retain);
      const sent = message.qos > 0 ? addressed(frame, 4711, dup) : frame.bytes;
      const expected = { ...message, messageId: 4711, dup: dup && message.qos > 0 };
      expect(sent.equals(mqttPacket.generate(expected as mqttPacket.Packet, { protocolVersion }))).toBe(true);
    }),
  );
});
