import { Readable } from 'node:stream';
import { errorText } from '../support/errors.ts';
import type { GroupCommit } from '../support/group-commit.ts';
import type { StoredState } from '../support/store-schema.ts';
import { BrokerPacket, type Packet, type QoS, type Release, type Subscription } from './aedes.ts';
import { decodeOne, decodePackets, encodePackets } from './packets.ts';
import { RetainedMessages } from './retained.ts';
import { type QueueLimits, SessionQueue } from './session-queue.ts';
import { TopicTree } from './topics.ts';

interface Subscriber extends Subscription {
  readonly clientId: string;
}

interface ClientRef {
  readonly id: string;
}

/** Who a session belongs to and how long it outlives its connection. */
export interface Session {
  readonly owner: string;
  /** Seconds; null = for ever. */
  readonly expiry: number | null;
  /** Epoch ms at which it was last connected. */
  readonly seen: number;
}

export type Will = Partial<Packet>;

export interface PersistenceOptions {
  readonly queue: QueueLimits;
  /** May this client keep this subscription? aedes stores whole SUBSCRIBE packets, refused filters included. */
  readonly admits?: (clientId: string, filter: string) => boolean;
  /** Called when a session's queue has no room for a message. */
  readonly onFull?: (clientId: string) => void;
  /** Called for each row of the store that makes no sense. */
  readonly onUnreadable?: (reason: string) => void;
  readonly now?: () => number;
}

/**
 * aedes' persistence over hub.db: everything is answered from memory, every change is also posted to the store. What
 * must be on disk before the protocol goes on (QoS 2 states, subscriptions) resolves when it is.
 */
export class HubPersistence {
  readonly retained: RetainedMessages;
  readonly #sessions = new Map<string, Session>();
  readonly #subscriptions = new Map<string, Map<string, Subscription>>();
  readonly #subscribers = new TopicTree<Subscriber>();
  readonly #indexed = new Map<string, Subscriber>();
  readonly #queues = new Map<string, SessionQueue>();
  readonly #incoming = new Map<string, Map<number, Packet | undefined>>();
  readonly #wills = new Map<string, Will>();
  readonly #journal: { id: number; packets: Packet[] }[] = [];
  readonly #now: () => number;
  #destroyed = false;
  broker: { id: string; counter: number } | undefined;

  constructor(
    private readonly store: GroupCommit,
    state: StoredState,
    private readonly options: PersistenceOptions,
  ) {
    this.#now = options.now ?? Date.now;
    this.retained = new RetainedMessages(store, this.#now);
    this.#restore(state);
  }

  /** A row that cannot be read is one message or one subscription lost; it must not cost the hub. */
  #restore(state: StoredState): void {
    const each = <Row>(rows: readonly Row[], restore: (row: Row) => void) => {
      for (const row of rows) {
        try {
          restore(row);
        } catch (error) {
          this.options.onUnreadable?.(errorText(error));
        }
      }
    };
    each(state.sessions, (row) => this.#sessions.set(row.client, row));
    each(state.retained, (row) => this.retained.restore(row));
    each(state.subscriptions, (row) => this.#keepSubscription(row.client, JSON.parse(row.options) as Subscription));
    each(state.outgoing, (row) => this.#queue(row.client).restore(row, decodeOne(row.packet)));
    each(state.incoming, (row) => this.#received(row.client).set(row.messageId, undefined));
    each(state.wills, (row) => this.#wills.set(row.client, { ...decodeOne(row.packet), clientId: row.client }));
    each(state.journal, ({ id, packets }) => this.#journal.push({ id, packets: decodePackets(packets) }));
  }

  /** What the last run accepted and did not route; handed out once. */
  takeJournal(): { id: number; packets: Packet[] }[] {
    return this.#journal.splice(0);
  }

  async setup(broker: { id: string; counter: number }): Promise<void> {
    this.broker = broker;
  }

  async destroy(): Promise<void> {
    if (this.#destroyed) throw new Error('destroyed twice');
    this.#destroyed = true;
  }

  // Retained messages

  async storeRetained(packet: Packet): Promise<void> {
    this.retained.keep(packet);
  }

  createRetainedStream(filter: string): Readable {
    return this.createRetainedStreamCombi([filter]);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(filters.flatMap((filter) => this.retained.match(filter)).map(({ packet }) => packet));
  }

  // Sessions

  session(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  sessions(): IterableIterator<[string, Session]> {
    return this.#sessions.entries();
  }

  openSession(clientId: string, owner: string, expiry: number | null): void {
    const session = { owner, expiry, seen: this.#now() };
    this.#sessions.set(clientId, session);
    this.store.write('putSession', [clientId, owner, expiry, session.seen], `session:${clientId}`);
  }

  /** Forgets everything about a session: subscriptions, messages of both directions, its owner. */
  async cleanSubscriptions({ id }: ClientRef): Promise<void> {
    if (this.#sessions.delete(id)) this.store.write('deleteSession', [id], `session:${id}`);
    for (const filter of this.#subscriptions.get(id)?.keys() ?? []) this.#index(id, filter, undefined);
    if (this.#subscriptions.delete(id)) this.store.write('deleteSubscriptions', [id]);
    if (this.#queues.delete(id)) this.store.write('clearQueue', [id]);
    if (this.#incoming.delete(id)) this.store.write('clearIncoming', [id]);
  }

  // Subscriptions of sessions

  async addSubscriptions({ id }: ClientRef, subscriptions: readonly Subscription[]): Promise<void> {
    const admitted = subscriptions.filter(({ topic }) => this.options.admits?.(id, topic) ?? true);
    for (const subscription of admitted) {
      const kept = this.#keepSubscription(id, subscription);
      this.store.write('putSubscription', [id, kept.topic, JSON.stringify(kept)]);
    }
    if (admitted.length > 0) await this.store.durable();
  }

  async removeSubscriptions({ id }: ClientRef, filters: readonly string[]): Promise<void> {
    const kept = this.#subscriptions.get(id);
    for (const filter of filters) {
      if (!kept?.delete(filter)) continue;
      this.#index(id, filter, undefined);
      this.store.write('deleteSubscription', [id, filter]);
    }
    if (kept?.size === 0) this.#subscriptions.delete(id);
    await this.store.durable();
  }

  async subscriptionsByClient({ id }: ClientRef): Promise<Subscription[]> {
    return [...(this.#subscriptions.get(id)?.values() ?? [])].map((subscription) => ({ ...subscription }));
  }

  async subscriptionsByTopic(topic: string): Promise<Omit<Subscriber, 'subscriptionIdentifier'>[]> {
    return this.#subscribers.match(topic).map(({ clientId, topic: filter, qos, rh, rap, nl }) => {
      return { clientId, topic: filter, qos, rh, rap, nl } as Subscriber;
    });
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    return { subsCount: this.#subscribers.size, clientsCount: this.#subscriptions.size };
  }

  getClientList(filter: string): Readable {
    return Readable.from([...this.#subscriptions].flatMap(([client, kept]) => (kept.has(filter) ? [client] : [])));
  }

  #keepSubscription(clientId: string, subscription: Subscription): Subscription {
    const { topic, qos, rh, rap, nl, subscriptionIdentifier } = subscription;
    const kept = { topic, qos, rh, rap, nl } as Subscription;
    if (subscriptionIdentifier !== undefined) kept.subscriptionIdentifier = subscriptionIdentifier;
    const known = this.#subscriptions.get(clientId) ?? new Map<string, Subscription>();
    this.#subscriptions.set(clientId, known.set(topic, kept));
    this.#index(clientId, topic, qos > 0 ? { clientId, ...kept } : undefined);
    return kept;
  }

  /** Only what may have to be queued is looked up by topic: QoS 1 and 2. */
  #index(clientId: string, filter: string, subscriber: Subscriber | undefined): void {
    const key = `${clientId}\0${filter}`;
    const previous = this.#indexed.get(key);
    if (previous) this.#subscribers.remove(filter, previous);
    this.#indexed.delete(key);
    if (!subscriber) return;
    this.#indexed.set(key, subscriber);
    this.#subscribers.add(filter, subscriber);
  }

  // Messages to sessions

  get queuedMessages(): number {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.size, 0);
  }

  /** The session's queue; created when first asked for. */
  queueOf(clientId: string): SessionQueue {
    return this.#queue(clientId);
  }

  /**
   * Queues a message for every session subscribed to its topic: once per session, whatever its filters, with the
   * best QoS they were granted.
   */
  enqueueForSessions(packet: Packet): void {
    const subscribers = this.#subscribers.match(packet.topic);
    if (subscribers.length === 0) return;
    const best = new Map<string, Subscriber>();
    for (const subscriber of subscribers) {
      if (subscriber.nl && subscriber.clientId === packet.clientId) continue;
      if ((best.get(subscriber.clientId)?.qos ?? 0) < subscriber.qos) best.set(subscriber.clientId, subscriber);
    }
    const payload = Buffer.from(packet.payload);
    for (const { clientId, qos, rap, subscriptionIdentifier } of best.values()) {
      const copy: Packet = {
        ...packet,
        payload,
        qos: Math.min(packet.qos, qos) as QoS,
        retain: packet.retain && rap === true,
      };
      if (subscriptionIdentifier !== undefined) copy.properties = { ...packet.properties, subscriptionIdentifier };
      if (!this.#queue(clientId).add(copy)) this.options.onFull?.(clientId);
    }
  }

  async outgoingEnqueue(subscriber: { clientId: string }, packet: Packet): Promise<void> {
    await this.outgoingEnqueueCombi([subscriber], packet);
  }

  async outgoingEnqueueCombi(subscribers: readonly { clientId: string }[], packet: Packet): Promise<void> {
    for (const { clientId } of subscribers) this.#queue(clientId).add(new BrokerPacket(packet));
  }

  async outgoingUpdate({ id }: ClientRef, packet: Packet | Release): Promise<void> {
    const queue = this.#queue(id);
    if (packet.cmd === 'pubrel') {
      if (queue.release(packet.messageId)) await this.store.durable();
      return;
    }
    const entry = queue.find(
      (known) => known.brokerId === packet.brokerId && known.brokerCounter === packet.brokerCounter,
    );
    if (!entry || packet.messageId === undefined) throw new Error('no such packet');
    queue.markSent(entry, packet.messageId);
  }

  async outgoingClearMessageId({ id }: ClientRef, packet: { messageId?: number }): Promise<Packet | undefined> {
    return this.#queues.get(id)?.acknowledge(packet.messageId ?? -1)?.packet;
  }

  outgoingStream({ id }: ClientRef): Readable {
    return Readable.from(this.#queues.get(id)?.contents() ?? []);
  }

  #queue(clientId: string): SessionQueue {
    const known = this.#queues.get(clientId);
    if (known) return known;
    const created = new SessionQueue(clientId, this.options.queue, this.store);
    this.#queues.set(clientId, created);
    return created;
  }

  // Messages of QoS 2 from clients

  /** How many messages of QoS 2 the client has not yet released. */
  receivedCount(clientId: string): number {
    return this.#incoming.get(clientId)?.size ?? 0;
  }

  hasReceived(clientId: string, messageId: number): boolean {
    return this.#incoming.get(clientId)?.has(messageId) ?? false;
  }

  /** Notes that this message came; the note is part of the same transaction as what else is written in this turn. */
  receive(clientId: string, messageId: number, packet?: Packet): void {
    this.#received(clientId).set(messageId, packet);
    this.store.write('putIncoming', [clientId, messageId]);
  }

  async incomingStorePacket({ id }: ClientRef, packet: Packet): Promise<void> {
    const copy = new BrokerPacket(packet);
    copy.messageId = packet.messageId;
    this.receive(id, packet.messageId ?? 0, copy);
    await this.store.durable();
  }

  async incomingGetPacket({ id }: ClientRef, { messageId = 0 }: { messageId?: number }): Promise<Packet | object> {
    if (!this.hasReceived(id, messageId)) throw new Error('no such packet');
    return this.#incoming.get(id)?.get(messageId) ?? { messageId };
  }

  /** The id is free again only when that is on disk: else a new message under it would count as a repetition. */
  async incomingDelPacket({ id }: ClientRef, { messageId = 0 }: { messageId?: number }): Promise<void> {
    if (!this.#incoming.get(id)?.delete(messageId)) throw new Error('no such packet');
    this.store.write('deleteIncoming', [id, messageId]);
    await this.store.durable();
  }

  #received(clientId: string): Map<number, Packet | undefined> {
    const known = this.#incoming.get(clientId) ?? new Map<number, Packet | undefined>();
    this.#incoming.set(clientId, known);
    return known;
  }

  // Wills

  async putWill({ id }: ClientRef, will: Will): Promise<void> {
    will.clientId = id;
    if (this.broker) will.brokerId = this.broker.id;
    this.#wills.set(id, will);
    this.store.write('putWill', [id, encodePackets([completed(will)])], `will:${id}`);
    await this.store.durable();
  }

  async getWill({ id }: ClientRef): Promise<Will | undefined> {
    return this.#wills.get(id);
  }

  async delWill({ id }: ClientRef): Promise<Will | undefined> {
    const will = this.#wills.get(id);
    if (this.#wills.delete(id)) this.store.write('deleteWill', [id], `will:${id}`);
    return will;
  }

  streamWill(brokers: Record<string, unknown> = {}): Readable {
    return Readable.from([...this.#wills.values()].filter((will) => !brokers[will.brokerId ?? '']));
  }

  /** The wills that are still there; from now on they are not. */
  takeWills(): Packet[] {
    const wills = [...this.#wills.values()].map(completed);
    for (const id of this.#wills.keys()) this.store.write('deleteWill', [id], `will:${id}`);
    this.#wills.clear();
    return wills;
  }
}

function completed(will: Will): Packet {
  const { topic = '', payload = Buffer.alloc(0), qos = 0, retain = false, ...rest } = will;
  return { ...rest, cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain, dup: false } as Packet;
}
