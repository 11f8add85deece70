import type { Client, Packet, QoS } from './aedes.ts';
import { addressed, encodePublish, type Frame } from './packets.ts';
import { type Entry, type QueueLimits, SessionQueue } from './session-queue.ts';
import { matches } from './topics.ts';

export interface OutboxOptions {
  readonly queue: QueueLimits;
  /** Messages of QoS 1 and 2 under way to one client. */
  readonly inflight: number;
  /** Read permission, asked once per topic. */
  readonly mayRead: (client: Client, topic: string) => boolean;
  /** The queue of a session that outlives its connection. */
  readonly sessionQueue: (clientId: string) => SessionQueue;
  readonly whenDurable: (send: () => void) => void;
  readonly onSent: () => void;
  readonly onFull: (clientId: string) => void;
}

/** What a client is granted on one topic. */
interface Grant {
  readonly mayRead: boolean;
  readonly qos: QoS;
}

const REMEMBERED_GRANTS = 10_000;

interface SharedFrame {
  readonly packet: Packet;
  readonly retain: boolean;
  readonly frame: Frame;
}

/** The last message encoded, by MQTT version and QoS: of a fan-out every subscriber gets the same bytes. */
const shared: SharedFrame[] = [];

function frameOf(packet: Packet, version: number, qos: QoS, retain: boolean): Frame {
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

/**
 * Delivers to one client, in aedes' place: the best QoS of all its matching subscriptions, its window and packet size
 * respected, each message once, and sessions resumed in order with DUP where it belongs.
 */
export class Outbox {
  readonly #grants = new Map<string, Grant>();
  #connectionQueue: SessionQueue | undefined;
  #isSending = false;
  #isResumed = false;

  constructor(
    private readonly client: Client,
    private readonly options: OutboxOptions,
  ) {
    const deliver = (packet: Packet, done: () => void) => this.#deliver(packet, done);
    client.deliver0 = deliver;
    client.deliverQoS = deliver;
  }

  /** To be called when subscriptions or permissions change. */
  forgetGrants(): void {
    this.#grants.clear();
  }

  /** The session is back: first what it was sent and did not acknowledge, then what waited for it. */
  resume(): void {
    this.#isResumed = true;
    for (const entry of this.#queue.unacknowledged()) this.#transmit(entry);
    this.#sendQueued();
  }

  /** The client has this message, or refuses it for good; there may be room for more. */
  acknowledged(messageId: number): void {
    this.#queue.acknowledge(messageId);
    this.#sendQueued();
  }

  get #queue(): SessionQueue {
    if (!this.client.clean) return this.options.sessionQueue(this.client.id);
    this.#connectionQueue ??= new SessionQueue(this.client.id, this.options.queue);
    return this.#connectionQueue;
  }

  #deliver(packet: Packet, done: () => void): void {
    const { client } = this;
    if (client.closed || (packet.nl && packet.clientId === client.id) || this.#isRepetition(packet)) {
      done();
      return;
    }
    const grant = this.#grant(packet.topic);
    if (!grant.mayRead) {
      done();
      return;
    }
    if (packet.qos === 0 || grant.qos === 0) this.#sendNow(packet);
    else if (client.clean || !packet.brokerId) this.#enqueue(packet, Math.min(packet.qos, grant.qos) as QoS);
    // Sessions have it in their queue since it was routed.
    else this.#sendQueued();
    if (client.conn.isCongested) client.conn.whenRelieved(done);
    else done();
  }

  /** A message meets each of a client's overlapping subscriptions; it is delivered once. */
  #isRepetition({ brokerId, brokerCounter = 0 }: Packet): boolean {
    if (!brokerId) return false;
    const { duplicates } = this.client;
    if ((duplicates[brokerId] ?? 0) >= brokerCounter) return true;
    duplicates[brokerId] = brokerCounter;
    return false;
  }

  #grant(topic: string): Grant {
    const known = this.#grants.get(topic);
    if (known) return known;
    let qos: QoS = 0;
    for (const [filter, subscription] of Object.entries(this.client.subscriptions)) {
      if (subscription.qos > qos && matches(filter, topic)) qos = subscription.qos;
    }
    const grant = { mayRead: this.options.mayRead(this.client, topic), qos };
    if (this.#grants.size >= REMEMBERED_GRANTS) this.#grants.clear();
    this.#grants.set(topic, grant);
    return grant;
  }

  #sendNow(packet: Packet): void {
    // Before its CONNACK a client must not get anything, and QoS 0 does not wait.
    if (!this.client.connackSent) return;
    const current = withRemainingLife(packet);
    if (current) this.#send(frameOf(current, this.client.version, 0, current.retain).bytes);
  }

  #enqueue(packet: Packet, qos: QoS): void {
    // aedes made this packet for this subscriber alone.
    packet.qos = qos;
    if (!this.#queue.add(packet)) this.options.onFull(this.client.id);
    this.#sendQueued();
  }

  #sendQueued(): void {
    if (!this.#isResumed || this.#isSending || this.client.closed) return;
    const queue = this.#queue;
    if (!queue.hasUnsent) return;
    const window = Math.min(this.options.inflight, this.client.receiveMaximum || 65_535);
    const entries = queue.take(window);
    // The id of a QoS 2 message must be on disk before the client sees it: resent under another after a crash, the
    // message would be delivered twice.
    if (this.client.clean || entries.every(({ packet }) => packet.qos < 2)) {
      for (const entry of entries) this.#transmit(entry);
      return;
    }
    this.#isSending = true;
    this.options.whenDurable(() => {
      this.#isSending = false;
      for (const entry of entries) this.#transmit(entry);
      this.#sendQueued();
    });
  }

  #transmit({ packet, messageId = 0, released, mayBeKnown }: Entry): void {
    if (released) {
      this.client.conn.send(Buffer.from([0x62, 2, messageId >> 8, messageId & 0xff]));
      return;
    }
    const current = withRemainingLife(packet);
    const frame = current && frameOf(current, this.client.version, current.qos, current.retain);
    if (frame && this.#fits(frame.bytes) && this.#grant(packet.topic).mayRead) {
      this.#send(addressed(frame, messageId, mayBeKnown));
    } else {
      this.#queue.acknowledge(messageId);
    }
  }

  #send(bytes: Buffer): void {
    if (!this.#fits(bytes)) return;
    this.client.conn.send(bytes);
    this.options.onSent();
  }

  /** MQTT 5 clients name the largest packet they take; larger ones must not be sent. */
  #fits(bytes: Buffer): boolean {
    return bytes.length <= (this.client.maximumPacketSize ?? Number.POSITIVE_INFINITY);
  }
}

/** The message with what is left of its life, or undefined when that is over. */
function withRemainingLife(packet: Packet): Packet | undefined {
  if (packet.messageExpiry === undefined) return packet;
  const left = packet.messageExpiry - Date.now();
  if (left <= 0) return undefined;
  return { ...packet, properties: { ...packet.properties, messageExpiryInterval: Math.ceil(left / 1000) } };
}
