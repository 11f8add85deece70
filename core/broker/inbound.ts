import type { EventEmitter } from 'node:events';
import type { InboundPacket, Packet, QoS } from './aedes.ts';

/** mqtt-packet's parser, as far as it is used here. */
export interface PacketParser extends EventEmitter {
  parse(bytes: Buffer): void;
}

const ACKNOWLEDGEMENTS: readonly (string | undefined)[] = [
  undefined,
  undefined,
  undefined,
  undefined,
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
];
const PUBLISH = 3;
const PUBREL = 6;

/**
 * Cuts the stream of a client into packets. The two kinds that come by the hundred thousand, plain PUBLISH and short
 * acknowledgements, are decoded here, three times as fast as mqtt-packet does; all else, and all that is odd, is left
 * to mqtt-packet.
 */
export class InboundPackets {
  #rest: Buffer | undefined;
  #topicBytes: Buffer = Buffer.alloc(0);
  #topic = '';

  constructor(
    parser: EventEmitter,
    /** mqtt-packet's own `parse`. */
    private readonly parseSlowly: (bytes: Buffer) => void,
    private readonly options: {
      /** MQTT version in force, 0 before CONNECT. */
      readonly version: () => number;
      readonly packetBytes: number;
      readonly onPacket: (packet: InboundPacket) => void;
      /** Called as soon as a packet announces more bytes than it may have. */
      readonly onTooLarge: (bytes: number) => void;
    },
  ) {
    parser.on('packet', options.onPacket);
  }

  parse(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    let at = 0;
    while (at < bytes.length) {
      const body = bodyStart(bytes, at);
      const end = body && body.at + body.length;
      if (end && end - at > this.options.packetBytes) {
        this.options.onTooLarge(end - at);
        return;
      }
      if (end === undefined || end > bytes.length) {
        this.#rest = bytes.subarray(at);
        return;
      }
      this.#packet(bytes, at, body?.at ?? at, end);
      at = end;
    }
  }

  #packet(bytes: Buffer, start: number, body: number, end: number): void {
    const packet = this.options.version() > 0 ? this.#quickly(bytes, bytes[start] as number, body, end) : undefined;
    if (packet) this.options.onPacket(packet);
    else this.parseSlowly(bytes.subarray(start, end));
  }

  #quickly(bytes: Buffer, first: number, body: number, end: number): InboundPacket | undefined {
    const type = first >> 4;
    if (type === PUBLISH) return this.#publish(bytes, first, body, end);
    const cmd = ACKNOWLEDGEMENTS[type];
    if (!cmd || end - body !== 2 || (first & 15) !== (type === PUBREL ? 2 : 0)) return undefined;
    return { cmd, messageId: word(bytes, body), reasonCode: 0, length: 2 };
  }

  #publish(bytes: Buffer, first: number, body: number, end: number): (Packet & InboundPacket) | undefined {
    const qos = ((first >> 1) & 3) as QoS;
    const topicEnd = body + 2 + word(bytes, body);
    const propertiesAt = topicEnd + (qos > 0 ? 2 : 0);
    const isModern = this.options.version() === 5;
    const payloadAt = propertiesAt + (isModern ? 1 : 0);
    // mqtt-packet finds the words for what is wrong, and reads properties.
    if ((qos as number) === 3 || payloadAt > end || (isModern && bytes[propertiesAt] !== 0)) return undefined;
    return {
      cmd: 'publish',
      topic: this.#topicOf(bytes, body + 2, topicEnd),
      payload: bytes.subarray(payloadAt, end),
      qos,
      retain: (first & 1) === 1,
      dup: (first & 8) === 8,
      messageId: qos > 0 ? word(bytes, topicEnd) : undefined,
      length: end - body,
    };
  }

  /** A publisher mostly repeats its topic: the same string again saves decoding and hashing it. */
  #topicOf(bytes: Buffer, start: number, end: number): string {
    const known = this.#topicBytes;
    if (end - start !== known.length || bytes.compare(known, 0, known.length, start, end) !== 0) {
      this.#topicBytes = Buffer.from(bytes.subarray(start, end));
      this.#topic = bytes.toString('utf8', start, end);
    }
    return this.#topic;
  }
}

function word(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Where the packet's body begins and how long it is, once its fixed header is there. */
function bodyStart(bytes: Buffer, start: number): { at: number; length: number } | undefined {
  let length = 0;
  for (let index = 1; index <= 4; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << (7 * (index - 1));
    if (byte < 0x80) return { at: start + index + 1, length };
  }
  // Malformed: mqtt-packet says so.
  return { at: bytes.length, length: 0 };
}
