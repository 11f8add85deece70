/**
 * The part of MQTT 5 a page needs: connect without a will, subscribe, publish at QoS 0 and 1. Pure: bytes in, packets
 * out. Own code because the usual client costs 105 kB gzip, its codec alone with a Buffer for the browser 47 kB, and
 * this 2; the codec of those libraries judges it in the tests.
 */

export interface Publish {
  readonly type: 'publish';
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  readonly id: number | undefined;
}

export type Packet =
  | Publish
  | { readonly type: 'connack'; readonly reason: number; readonly text: string; readonly keepAlive: number | undefined }
  | {
      readonly type: 'puback' | 'suback' | 'unsuback';
      readonly id: number;
      readonly reason: number;
      readonly text: string;
    }
  | { readonly type: 'pingresp' }
  | { readonly type: 'disconnect'; readonly reason: number; readonly text: string };

/** Reason codes from here on are refusals (MQTT 5, 2.4). */
export const FIRST_ERROR = 0x80;
const SUCCESS = 0;
const LARGEST_PACKET = 16 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeConnect(clientId: string, keepAliveSeconds: number): Uint8Array {
  const cleanStart = 2;
  return frame(1, 0, [text('MQTT'), [5, cleanStart], u16(keepAliveSeconds), [0], text(clientId)]);
}

/** Asks for `filter` at QoS 0; retained messages come at every subscribe, so also again for one already held. */
export function encodeSubscribe(id: number, filter: string): Uint8Array {
  return frame(8, 2, [u16(id), [0], text(filter), [0]]);
}

export function encodeUnsubscribe(id: number, filter: string): Uint8Array {
  return frame(10, 2, [u16(id), [0], text(filter)]);
}

/** QoS 1 with an id, QoS 0 without. */
export function encodePublish(topic: string, payload: Uint8Array, retain: boolean, id?: number): Uint8Array {
  const flags = (id === undefined ? 0 : 2) | (retain ? 1 : 0);
  return frame(3, flags, [text(topic), id === undefined ? [] : u16(id), [0], payload]);
}

export const encodePuback = (id: number) => frame(4, 0, [u16(id)]);
export const encodePing = () => frame(12, 0, []);
export const encodeDisconnect = () => frame(14, 0, []);

type Bytes = Uint8Array | readonly number[];

function frame(type: number, flags: number, parts: readonly Bytes[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [(type << 4) | flags, ...variable(length)];
  const bytes = new Uint8Array(head.length + length);
  let at = 0;
  for (const part of [head, ...parts]) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const u16 = (value: number) => [value >> 8, value & 0xff];

function text(value: string): Uint8Array {
  const bytes = encoder.encode(value);
  const out = new Uint8Array(bytes.length + 2);
  out.set(u16(bytes.length));
  out.set(bytes, 2);
  return out;
}

function variable(value: number): number[] {
  const out: number[] = [];
  do {
    const rest = value >> 7;
    out.push((value & 0x7f) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return out;
}

/** Cuts the byte stream into packets; WebSocket frames need not end where packets do. */
export class PacketReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** @throws RangeError on bytes that are no MQTT; the connection is then of no use. */
  *read(chunk: Uint8Array): Generator<Packet> {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = 0;
    for (;;) {
      const head = readHead(bytes, at);
      if (head === undefined || head.end > bytes.length) break;
      const packet = decode(bytes[at] ?? 0, new Cursor(bytes.subarray(head.start, head.end)));
      at = head.end;
      if (packet) yield packet;
    }
    this.#rest = bytes.slice(at);
  }
}

/** Where the body of the packet at `at` starts and ends; undefined while its length is not all there. */
function readHead(bytes: Uint8Array, at: number): { start: number; end: number } | undefined {
  let length = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + 1 + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      if (length > LARGEST_PACKET) throw new RangeError(`a packet of ${length} bytes`);
      const start = at + 2 + index;
      return { start, end: start + length };
    }
  }
  throw new RangeError('a packet length of more than four bytes');
}

function decode(head: number, body: Cursor): Packet | undefined {
  switch (head >> 4) {
    case 2:
      return decodeConnack(body);
    case 3:
      return decodePublish(head & 0x0f, body);
    case 4:
      return { type: 'puback', id: body.u16(), ...body.reasonAndText() };
    case 9:
      return decodeSubscriptionAck('suback', body);
    case 11:
      return decodeSubscriptionAck('unsuback', body);
    case 13:
      return { type: 'pingresp' };
    case 14:
      return { type: 'disconnect', ...body.reasonAndText() };
    default:
      return undefined;
  }
}

function decodeConnack(body: Cursor): Packet {
  body.byte();
  const reason = body.byte();
  const properties = body.properties();
  return { type: 'connack', reason, text: properties.text, keepAlive: properties.keepAlive };
}

function decodePublish(flags: number, body: Cursor): Publish {
  const qos = (flags >> 1) & 3;
  const topic = body.text();
  const id = qos > 0 ? body.u16() : undefined;
  body.properties();
  return { type: 'publish', topic, id, qos, retain: (flags & 1) === 1, payload: body.rest() };
}

/** One filter is asked for at a time, so the first reason code is the answer. */
function decodeSubscriptionAck(type: 'suback' | 'unsuback', body: Cursor): Packet {
  const id = body.u16();
  const { text } = body.properties();
  return { type, id, reason: body.hasMore ? body.byte() : SUCCESS, text };
}

/** How each property is laid out (MQTT 5, table 2-4); those not listed are strings. */
const PROPERTY_LAYOUT = new Map<number, 'byte' | 'u16' | 'u32' | 'variable' | 'pair'>([
  ...([0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2a] as const).map((id) => [id, 'byte'] as const),
  ...([0x13, 0x21, 0x22, 0x23] as const).map((id) => [id, 'u16'] as const),
  ...([0x02, 0x11, 0x18, 0x27] as const).map((id) => [id, 'u32'] as const),
  [0x0b, 'variable'],
  [0x26, 'pair'],
]);
const SERVER_KEEP_ALIVE = 0x13;
const REASON_STRING = 0x1f;

class Cursor {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError('a packet shorter than its contents');
    this.#at += 1;
    return byte;
  }

  u16(): number {
    return (this.byte() << 8) | this.byte();
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('a packet shorter than its contents');
    const found = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return found;
  }

  text(): string {
    return decoder.decode(this.bytes(this.u16()));
  }

  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at);
  }

  variable(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number of more than four bytes');
  }

  /** A short acknowledgement ends early: no reason code is success, no properties is none. */
  reasonAndText(): { reason: number; text: string } {
    const reason = this.hasMore ? this.byte() : SUCCESS;
    return { reason, text: this.hasMore ? this.properties().text : '' };
  }

  /** Reads the property block, keeping the two that matter here. */
  properties(): { text: string; keepAlive: number | undefined } {
    const found: { text: string; keepAlive: number | undefined } = { text: '', keepAlive: undefined };
    const length = this.variable();
    const end = this.#at + length;
    while (this.#at < end) {
      const id = this.variable();
      if (id === REASON_STRING) found.text = this.text();
      else if (id === SERVER_KEEP_ALIVE) found.keepAlive = this.u16();
      else this.#skipProperty(id);
    }
    return found;
  }

  #skipProperty(id: number): void {
    switch (PROPERTY_LAYOUT.get(id)) {
      case 'byte':
        this.bytes(1);
        break;
      case 'u16':
        this.bytes(2);
        break;
      case 'u32':
        this.bytes(4);
        break;
      case 'variable':
        this.variable();
        break;
      case 'pair':
        this.text();
        this.text();
        break;
      default:
        this.bytes(this.u16());
    }
  }
}
