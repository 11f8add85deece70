import type { Client, Packet, QoS, Subscription } from './aedes.ts';
import { TopicAliases } from './aliases.ts';
import { type Grant, grantOf, withoutNoLocal } from './grants.ts';
import { Ack, addressed, encodeAck, encodePublish, type Frame, frameOf } from './packets.ts';
import { Reason } from './reasons.ts';
import type { Receiver } from './router.ts';
import { type Entry, type Orphan, type QueueLimits, SessionQueue } from './session-queue.ts';
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

/** What a client gets on one topic. */
interface TopicGrant {
  readonly mayRead: boolean;
  readonly others: Grant | undefined;
  /** Of its own messages: "no local" subscriptions do not count. */
  readonly own: Grant | undefined;
}

const REMEMBERED_GRANTS = 10_000;

/**
 * Delivers to one client: one message for all its matching subscriptions, its window and packet size respected, and
 * sessions resumed in order with DUP where it belongs.
 */
export class Outbox {
  /** By filter; shared ones are not among them. */
  readonly subscriptions = new Map<string, Subscription>();
  readonly #grants = new Map<string, TopicGrant>();
  #aliases: TopicAliases | undefined;
  #connectionQueue: SessionQueue | undefined;
  #isSending = false;
  #isResumed = false;

  constructor(
    readonly client: Client,
    private readonly options: OutboxOptions,
  ) {}

  /** To be called when subscriptions or permissions change. */
  forgetGrants(): void {
    this.#grants.clear();
  }

  /** The session is back: first what it was sent and did not acknowledge, then what waited for it. */
  resume(): void {
    this.#isResumed = true;
    const aliases = this.client.conn.connect?.properties?.topicAliasMaximum ?? 0;
    if (aliases > 0) this.#aliases = new TopicAliases(aliases);
    for (const entry of this.#queue.unacknowledged()) this.#transmit(entry);
    this.#sendQueued();
  }

  /** The client has this message, or refuses it for good; there may be room for more. */
  acknowledged(messageId: number): void {
    this.#queue.acknowledge(messageId);
    this.#sendQueued();
  }

  /** PUBREC: the second half of a QoS 2 delivery begins, and no crash may lead back to the first. */
  received(messageId: number): void {
    const { client } = this;
    if (!this.#queue.release(messageId)) {
      const code = client.version === 5 ? Reason.packetIdentifierNotFound : Reason.success;
      client.conn.send(encodeAck(Ack.pubrel, messageId, code));
      return;
    }
    const release = () => client.conn.send(encodeAck(Ack.pubrel, messageId));
    if (client.clean) release();
    else this.options.whenDurable(release);
  }

  /** Is it slow in taking what it was sent? */
  get isBusy(): boolean {
    return this.client.conn.isCongested || (!this.client.closed && this.#queue.isFull);
  }

  mayRead(topic: string): boolean {
    return this.#grant(topic).mayRead;
  }

  /** What other members of its shares may have, now that this client is gone. */
  takeShared(wanted?: (share: string) => boolean): Orphan[] {
    return this.#queue.takeShared(wanted);
  }

  get #queue(): SessionQueue {
    if (!this.client.clean) return this.options.sessionQueue(this.client.id);
    this.#connectionQueue ??= new SessionQueue(this.client.id, this.options.queue);
    return this.#connectionQueue;
  }

  /** A live message on a topic it subscribed to. */
  readonly receive: Receiver = (packet, done) => {
    const { client } = this;
    const { mayRead, own, others } = this.#grant(packet.topic);
    const grant = packet.clientId === client.id ? own : others;
    if (client.closed || !mayRead || !grant) {
      done();
      return;
    }
    if (packet.qos === 0 || grant.qos === 0) this.#sendNow(granted(packet, grant));
    else if (client.clean) this.#enqueue(granted(packet, grant));
    // Sessions have it in their queue since it was routed.
    else this.#sendQueued();
    this.#whenRoomy(done);
  };

  /** A message that this member of a share was chosen for. */
  receiveShared(packet: Packet, subscription: Subscription, share: string, done: () => void): void {
    const grant = grantOf([subscription]);
    const copy = granted(packet, grant as Grant);
    if (copy.qos === 0) this.#sendNow(copy);
    else this.#enqueue(copy, share);
    this.#whenRoomy(done);
  }

  /** A retained message, for a subscription that is new. */
  receiveRetained(packet: Packet, subscription: Subscription): void {
    if (!this.mayRead(packet.topic)) return;
    const copy = { ...granted(packet, grantOf([subscription]) as Grant), retain: true };
    if (copy.qos === 0) this.#sendNow(copy);
    else this.#enqueue(copy);
  }

  #whenRoomy(done: () => void): void {
    if (this.client.conn.isCongested) this.client.conn.whenRelieved(done);
    else done();
  }

  #grant(topic: string): TopicGrant {
    const known = this.#grants.get(topic);
    if (known) return known;
    const matching = [...this.subscriptions.values()].filter((subscription) => matches(subscription.topic, topic));
    const grant = {
      mayRead: this.options.mayRead(this.client, topic),
      others: grantOf(matching),
      own: grantOf(withoutNoLocal(matching)),
    };
    if (this.#grants.size >= REMEMBERED_GRANTS) this.#grants.clear();
    this.#grants.set(topic, grant);
    return grant;
  }

  #sendNow(packet: Packet): void {
    // Before its CONNACK a client must not get anything, and QoS 0 does not wait.
    if (!this.#isResumed) return;
    const frame = this.#frame(packet, 0);
    if (frame) this.#send(frame.bytes);
  }

  #enqueue(packet: Packet, share?: string): void {
    if (!this.#queue.add(packet, share)) this.options.onFull(this.client.id);
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
      this.client.conn.send(encodeAck(Ack.pubrel, messageId));
      return;
    }
    const frame = this.mayRead(packet.topic) ? this.#frame(packet, packet.qos) : undefined;
    if (frame) this.#send(addressed(frame, messageId, mayBeKnown));
    else this.#queue.acknowledge(messageId);
  }

  /** The message as this client gets it; undefined when its life is over or it is larger than the client takes. */
  #frame(packet: Packet, qos: QoS): Frame | undefined {
    const { client } = this;
    const current = withRemainingLife(packet);
    if (!current) return undefined;
    const alias = this.#aliases?.of(packet.topic);
    const frame = alias
      ? encodePublish(alias.applyTo(current), client.version, qos, current.retain)
      : frameOf(current, client.version, qos, current.retain);
    // MQTT 5 clients name the largest packet they take; larger ones must not be sent.
    if (frame.bytes.length > (client.maximumPacketSize ?? Number.POSITIVE_INFINITY)) return undefined;
    if (alias) alias.isKnown = true;
    return frame;
  }

  #send(bytes: Buffer): void {
    this.client.conn.send(bytes);
    this.options.onSent();
  }
}

/** The message as these subscriptions want it. What is left as it is stays the same object: a fan-out shares it. */
export function granted(packet: Packet, { qos, keepsRetain, identifiers }: Grant): Packet {
  const best = packet.qos < qos ? packet.qos : qos;
  const retain = packet.retain && keepsRetain;
  const { topic, payload, clientId, messageExpiry } = packet;
  if (best === 0 && packet.qos === 0 && retain === packet.retain && identifiers.length === 0) return packet;
  const properties =
    identifiers.length > 0 ? { ...packet.properties, subscriptionIdentifier: [...identifiers] } : packet.properties;
  // All of one shape, for the engine: these are made by the hundred thousand.
  return {
    cmd: 'publish',
    topic,
    payload,
    qos: best,
    retain,
    dup: false,
    messageId: undefined,
    clientId,
    properties,
    messageExpiry,
  };
}

/** The message with what is left of its life, or undefined when that is over. */
function withRemainingLife(packet: Packet): Packet | undefined {
  if (packet.messageExpiry === undefined) return packet;
  const left = packet.messageExpiry - Date.now();
  if (left < 0) return undefined;
  return { ...packet, properties: { ...packet.properties, messageExpiryInterval: Math.ceil(left / 1000) } };
}
