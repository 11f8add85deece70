import { Readable } from 'node:stream';
import { errorText } from '../support/errors.ts';
import type { GroupCommit } from '../support/group-commit.ts';
import type { StoredState } from '../support/store-schema.ts';
import { BrokerPacket, type Packet, type Release, type Subscription, type Will } from './aedes.ts';
import { IncomingIds } from './incoming.ts';
import { granted } from './outbox.ts';
import { completed, decodeOne, decodePackets, encodePackets } from './packets.ts';
import { RetainedMessages } from './retained.ts';
import { type Orphan, type QueueLimits, SessionQueue } from './session-queue.ts';
import { SessionSubscriptions, type Subscriber } from './session-subscriptions.ts';

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

export interface PersistenceOptions {
  readonly queue: QueueLimits;
  /** Called when a session's queue has no room for a message. */
  readonly onFull?: (clientId: string) => void;
  /** Called when a session is over, with what it was subscribed to and what others of its shares may have. */
  readonly onEnded?: (clientId: string, filters: readonly string[], orphans: readonly Orphan[]) => void;
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
  readonly incoming: IncomingIds;
  readonly #subscriptions: SessionSubscriptions;
  readonly #sessions = new Map<string, Session>();
  readonly #queues = new Map<string, SessionQueue>();
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
    this.incoming = new IncomingIds(store);
    this.#subscriptions = new SessionSubscriptions(store);
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
    each(state.subscriptions, (row) =>
      this.#subscriptions.restore(row.client, JSON.parse(row.options) as Subscription),
    );
    each(state.outgoing, (row) => this.#queue(row.client).restore(row, decodeOne(row.packet)));
    each(state.incoming, (row) => this.incoming.restore(row.client, row.messageId));
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

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Forgets everything about a session: subscriptions, messages of both directions, its owner. */
  async cleanSubscriptions({ id }: ClientRef): Promise<void> {
    const filters = this.#subscriptions.of(id).map(({ topic }) => topic);
    const orphans = this.#queues.get(id)?.takeShared() ?? [];
    if (this.#sessions.delete(id)) this.store.write('deleteSession', [id], `session:${id}`);
    this.#subscriptions.clear(id);
    if (this.#queues.delete(id)) this.store.write('clearQueue', [id]);
    this.incoming.clear(id);
    if (filters.length > 0) this.options.onEnded?.(id, filters, orphans);
  }

  // Subscriptions of sessions

  async addSubscriptions({ id }: ClientRef, subscriptions: readonly Subscription[]): Promise<void> {
    for (const subscription of subscriptions) this.#subscriptions.keep(id, subscription);
    await this.store.durable();
  }

  async removeSubscriptions({ id }: ClientRef, filters: readonly string[]): Promise<void> {
    for (const filter of filters) this.#subscriptions.remove(id, filter);
    await this.store.durable();
  }

  subscriptionsOf(clientId: string): readonly Subscription[] {
    return this.#subscriptions.of(clientId);
  }

  async subscriptionsByClient({ id }: ClientRef): Promise<readonly Subscription[]> {
    return this.#subscriptions.of(id);
  }

  async subscriptionsByTopic(topic: string): Promise<Omit<Subscriber, 'subscriptionIdentifier'>[]> {
    return this.#subscriptions.match(topic).map(({ clientId, topic: filter, qos, rh, rap, nl }) => {
      return { clientId, topic: filter, qos, rh, rap, nl } as Subscriber;
    });
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    const { filters, clients } = this.#subscriptions.counts;
    return { subsCount: filters, clientsCount: clients };
  }

  getClientList(filter: string): Readable {
    return Readable.from(this.#subscriptions.clients().filter((client) => this.#subscriptions.has(client, filter)));
  }

  // Messages to sessions

  get queuedMessages(): number {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.size, 0);
  }

  /** The session's queue; created when first asked for. */
  queueOf(clientId: string): SessionQueue {
    return this.#queue(clientId);
  }

  /** Queues a message of QoS 1 or 2 for every session subscribed to its topic. */
  enqueueForSessions(packet: Packet): void {
    const grants = this.#subscriptions.grants(packet);
    if (grants.length === 0) return;
    const kept = { ...packet, payload: Buffer.from(packet.payload) };
    for (const [clientId, grant] of grants) {
      if (!this.#queue(clientId).add(granted(kept, grant))) this.options.onFull?.(clientId);
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

  async incomingStorePacket({ id }: ClientRef, packet: Packet): Promise<void> {
    const copy = new BrokerPacket(packet);
    copy.messageId = packet.messageId;
    this.incoming.keep(id, packet.messageId ?? 0, copy);
    await this.store.durable();
  }

  async incomingGetPacket({ id }: ClientRef, { messageId = 0 }: { messageId?: number }): Promise<Packet | object> {
    if (!this.incoming.has(id, messageId)) throw new Error('no such packet');
    return this.incoming.packet(id, messageId) ?? { messageId };
  }

  async incomingDelPacket({ id }: ClientRef, { messageId = 0 }: { messageId?: number }): Promise<void> {
    if (!this.incoming.delete(id, messageId)) throw new Error('no such packet');
    await this.store.durable();
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
