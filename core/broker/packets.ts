import { deserialize, serialize } from 'node:v8';
import mqttPacket from 'mqtt-packet';
import type { Packet, Properties, QoS } from './aedes.ts';

/**
 * How messages lie in hub.db, several in one blob. Own layout, because the journal takes one for every acknowledged
 * publish and v8's serializer costs five times as much:
 * flags (qos 2 bits, retain, properties, expiry, client), lengths of client, topic, properties, payload; then those.
 */
const FLAG = { retain: 4, properties: 8, expiry: 16 } as const;
const HEAD_BYTES = 1 + 2 + 2 + 4 + 4 + 8;

export function encodePackets(packets: readonly Packet[]): Buffer {
  const properties = packets.map((packet) => (packet.properties ? serialize(packet.properties) : undefined));
  const total = packets.reduce((sum, packet, index) => sum + storedBytes(packet, properties[index]), 0);
  // Not from the shared pool: the blob goes to the worker, and with it would go all of its pool.
  const blob = Buffer.allocUnsafeSlow(total);
  let at = 0;
  for (const [index, packet] of packets.entries()) at = writePacket(blob, at, packet, properties[index]);
  return blob;
}

function storedBytes(packet: Packet, properties: Buffer | undefined): number {
  return (
    HEAD_BYTES +
    Buffer.byteLength(packet.clientId ?? '') +
    Buffer.byteLength(packet.topic) +
    (properties?.length ?? 0) +
    Buffer.byteLength(packet.payload)
  );
}

function writePacket(blob: Buffer, start: number, packet: Packet, properties: Buffer | undefined): number {
  let flags: number = packet.qos;
  if (packet.retain) flags |= FLAG.retain;
  if (properties) flags |= FLAG.properties;
  if (packet.messageExpiry !== undefined) flags |= FLAG.expiry;
  let at = start + HEAD_BYTES;
  const clientBytes = blob.write(packet.clientId ?? '', at);
  at += clientBytes;
  const topicBytes = blob.write(packet.topic, at);
  at += topicBytes;
  if (properties) at += properties.copy(blob, at);
  // aedes' interface allows text for a payload.
  at += typeof packet.payload === 'string' ? blob.write(packet.payload, at) : packet.payload.copy(blob, at);
  blob.writeUInt8(flags, start);
  blob.writeUInt16BE(clientBytes, start + 1);
  blob.writeUInt16BE(topicBytes, start + 3);
  blob.writeUInt32BE(properties?.length ?? 0, start + 5);
  blob.writeUInt32BE(Buffer.byteLength(packet.payload), start + 9);
  blob.writeDoubleBE(packet.messageExpiry ?? 0, start + 13);
  return at;
}

export function decodePackets(stored: Uint8Array): Packet[] {
  const blob = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const packets: Packet[] = [];
  for (let at = 0; at < blob.length; ) {
    const flags = blob.readUInt8(at);
    const client = at + HEAD_BYTES;
    const topic = client + blob.readUInt16BE(at + 1);
    const properties = topic + blob.readUInt16BE(at + 3);
    const payload = properties + blob.readUInt32BE(at + 5);
    const end = payload + blob.readUInt32BE(at + 9);
    packets.push({
      cmd: 'publish',
      topic: blob.toString('utf8', topic, properties),
      payload: blob.subarray(payload, end),
      qos: (flags & 3) as QoS,
      retain: (flags & FLAG.retain) !== 0,
      dup: false,
      ...(topic > client && { clientId: blob.toString('utf8', client, topic) }),
      ...(flags & FLAG.properties && { properties: deserialize(blob.subarray(properties, payload)) as Properties }),
      ...(flags & FLAG.expiry && { messageExpiry: blob.readDoubleBE(at + 13) }),
    });
    at = end;
  }
  return packets;
}

/** For rows that hold one message each. */
export function decodeOne(stored: Uint8Array): Packet {
  const [packet] = decodePackets(stored);
  if (!packet) throw new Error('hub.db: a row without its message');
  return packet;
}

/** A will, or what else aedes publishes with half of its fields, as a message. */
export function completed(packet: Partial<Packet>): Packet {
  const { topic = '', payload = Buffer.alloc(0), qos = 0, retain = false, properties, ...rest } = packet;
  const message = { ...rest, cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain, dup: false } as Packet;
  if (!properties) return message;
  // It belongs to the will and not to its message.
  const { willDelayInterval: _delay, ...ofMessage } = properties;
  return { ...message, properties: ofMessage };
}

/** What a message costs to keep, in bytes: nobody gets past a limit with long topics or properties. */
export function weightOf({ topic, payload, properties }: Packet): number {
  return payload.length + topic.length + (properties ? propertiesWeight(properties) : 0);
}

function propertiesWeight(properties: object): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'string' || Buffer.isBuffer(value)) bytes += value.length;
    else if (typeof value === 'object' && value !== null) bytes += propertiesWeight(value);
    bytes += name.length;
  }
  return bytes;
}

/** A PUBLISH as it goes over the wire, to be sent as is (QoS 0) or with its message id filled in. */
export interface Frame {
  readonly bytes: Buffer;
  /** Where the message id stands. */
  readonly idAt: number;
}

/** Encodes a PUBLISH for one version and QoS; `messageId` 0 leaves room for one. */
export function encodePublish(packet: Packet, version: number, qos: QoS, retain: boolean): Frame {
  const topicBytes = Buffer.byteLength(packet.topic);
  const properties = version === 5 ? encodeProperties(packet.properties) : NONE;
  const length = 2 + topicBytes + (qos > 0 ? 2 : 0) + properties.length + packet.payload.length;
  const head = 1 + lengthBytes(length);
  const bytes = Buffer.allocUnsafe(head + length);
  bytes[0] = 0x30 | (qos << 1) | (retain ? 1 : 0);
  let at = writeLength(bytes, 1, length);
  at = bytes.writeUInt16BE(topicBytes, at);
  at += bytes.write(packet.topic, at);
  const idAt = at;
  if (qos > 0) at = bytes.writeUInt16BE(0, at);
  at += properties.copy(bytes, at);
  packet.payload.copy(bytes, at);
  return { bytes, idAt };
}

interface SharedFrame {
  readonly packet: Packet;
  readonly retain: boolean;
  readonly frame: Frame;
}

/** The last message encoded, by MQTT version and QoS: of a fan-out every subscriber gets the same bytes. */
const shared: SharedFrame[] = [];

/** As `encodePublish`, which it calls only when the message before was another one. */
export function frameOf(packet: Packet, version: number, qos: QoS, retain: boolean): Frame {
  const slot = version === 5 ? qos + 3 : qos;
  const known = shared[slot];
  if (
    known?.packet.payload === packet.payload &&
    known.packet.topic === packet.topic &&
    known.packet.properties === packet.properties &&
    known.retain === retain
  ) {
    return known.frame;
  }
  const frame = encodePublish(packet, version, qos, retain);
  shared[slot] = { packet, retain, frame };
  return frame;
}

/** The frame for one receiver: its message id, and DUP when it may have had the message before. */
export function addressed(frame: Frame, messageId: number, dup: boolean): Buffer {
  const bytes = Buffer.from(frame.bytes);
  bytes.writeUInt16BE(messageId, frame.idAt);
  if (dup) bytes[0] = (bytes[0] as number) | 0x08;
  return bytes;
}

/** Packet types, as their first byte, of the acknowledgements the hub sends. */
export const Ack = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 } as const;

/** An acknowledgement; the reason code is for MQTT 5 and left out when it is success. */
export function encodeAck(type: (typeof Ack)[keyof typeof Ack], messageId: number, code = 0): Buffer {
  const id = [messageId >> 8, messageId & 0xff];
  return Buffer.from(code === 0 ? [type, 2, ...id] : [type, 3, ...id, code]);
}

const NONE = Buffer.alloc(0);
const NO_PROPERTIES = Buffer.from([0]);

/** The property block of a PUBLISH, cut out of what mqtt-packet makes of an otherwise empty one. */
function encodeProperties(properties: Properties | undefined): Buffer {
  if (!properties || Object.values(properties).every((value) => value === undefined)) return NO_PROPERTIES;
  const whole = mqttPacket.generate(
    { cmd: 'publish', topic: 'x', payload: '', qos: 0, dup: false, retain: false, properties } as mqttPacket.Packet,
    { protocolVersion: 5 },
  );
  let at = 1;
  while ((whole[at++] as number) & 0x80);
  return whole.subarray(at + 'x'.length + 2);
}

function lengthBytes(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x4000) return 2;
  return length < 0x200000 ? 3 : 4;
}

function writeLength(bytes: Buffer, start: number, length: number): number {
  let at = start;
  let rest = length;
  do {
    const more = rest >> 7;
    bytes[at++] = (rest & 0x7f) | (more > 0 ? 0x80 : 0);
    rest = more;
  } while (rest > 0);
  return at;
}
