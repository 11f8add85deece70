import type { BrokerConfig } from '../config/contract.ts';
import type { GroupCommit } from '../support/group-commit.ts';
import type { Access } from './access.ts';
import type { Client, Packet } from './aedes.ts';
import type { Identity } from './contract.ts';
import { type Grant, grantOf } from './grants.ts';
import { Inbox } from './inbox.ts';
import { granted, Outbox } from './outbox.ts';
import type { HubPersistence } from './persistence.ts';
import { Publishing } from './publishing.ts';
import type { Refusal } from './reasons.ts';
import type { Refusals } from './refusals.ts';
import { Routing } from './routing.ts';
import type { Orphan } from './session-queue.ts';
import { type Member, type Readiness, Shares } from './shares.ts';
import { Subscriptions } from './subscriptions.ts';
import { plainFilter } from './topics.ts';

export interface DeliveryOptions {
  readonly limits: () => BrokerConfig['limits'];
  readonly commit: GroupCommit;
  readonly access: Access;
  readonly refusals: Refusals;
  readonly persistence: HubPersistence;
  /** Of a client that is connected. */
  readonly outboxOf: (clientId: string) => Outbox | undefined;
}

/** The parts between a message that comes in and the clients it goes to, put together. */
export class Delivery {
  readonly routing: Routing;
  sent = 0;
  readonly #options: DeliveryOptions;
  readonly #shares: Shares;
  readonly #subscriptions: Subscriptions;
  readonly #publishing: Publishing;

  constructor(options: DeliveryOptions) {
    const { commit, persistence, access, limits, refusals } = options;
    this.#options = options;
    this.routing = new Routing(commit, persistence);
    this.#shares = new Shares({
      router: this.routing.router,
      readiness: (clientId, topic) => this.#readiness(clientId, topic),
      deliver: (member, share, packet, done) => this.#deliverShared(member, share, packet, done),
    });
    this.#subscriptions = new Subscriptions({
      routing: this.routing,
      shares: this.#shares,
      persistence,
      most: () => limits().subscriptions,
      mayRead: ({ client }, filter) => this.#mayRead(client, plainFilter(filter)),
      isConnected: (clientId) => options.outboxOf(clientId) !== undefined,
      onRefused: ({ client: { id } }, filter, reason) => {
        refusals.report(id, `subscribe ${filter}`, `subscription to ${filter} refused: ${reason}`);
      },
    });
    this.#publishing = new Publishing(access, limits, persistence.retained);
  }

  /** A new connection's way out. */
  open(client: Client): Outbox {
    const { commit, limits, persistence } = this.#options;
    const { inflight, queue_messages, queue_bytes } = limits();
    return new Outbox(client, {
      queue: { messages: queue_messages, bytes: queue_bytes },
      inflight,
      mayRead: (reader, topic) => this.#mayRead(reader, topic),
      sessionQueue: (clientId) => persistence.queueOf(clientId),
      whenDurable: (send) => commit.whenDurable(send),
      onSent: () => {
        this.sent += 1;
      },
      onFull: (clientId) => this.queueFull(clientId),
    });
  }

  /** Its way in. */
  inbox(outbox: Outbox): Inbox {
    const { limits, persistence, refusals } = this.#options;
    return new Inbox(outbox, {
      routing: this.routing,
      persistence,
      publishing: this.#publishing,
      subscriptions: this.#subscriptions,
      inflight: () => limits().inflight,
      onRefused: ({ id }, topic, reason) => refusals.report(id, topic, `publish to ${topic} refused: ${reason}`),
    });
  }

  /** Its session is open: what it is owed goes out. */
  resume(outbox: Outbox): void {
    this.#subscriptions.restore(outbox);
    outbox.resume();
  }

  /** It is gone; `isOver`: and will not take up its session again. */
  leave(outbox: Outbox, isOver: boolean): void {
    const { id } = outbox.client;
    const orphans = outbox.takeShared((share) => isOver || this.#shares.hasOthers(id, share));
    this.#subscriptions.drop(outbox, isOver);
    this.#shares.adopt(orphans);
  }

  sessionEnded(clientId: string, filters: readonly string[], orphans: readonly Orphan[]): void {
    for (const filter of filters) this.#shares.leave(clientId, filter);
    this.#shares.adopt(orphans);
  }

  /** Sessions of the last run are members of their shares, connected or not. */
  restoreShares(): void {
    const { persistence } = this.#options;
    for (const [clientId] of persistence.sessions()) {
      for (const subscription of persistence.subscriptionsOf(clientId)) {
        if (plainFilter(subscription.topic) !== subscription.topic) this.#shares.join(clientId, subscription);
      }
    }
  }

  checkWill({ id }: Client, identity: Identity, will: Packet): Refusal | undefined {
    const refusal = this.#publishing.check(identity, will, id);
    if (refusal) this.#options.refusals.report(id, 'will', `its will to ${will.topic} was refused: ${refusal.reason}`);
    return refusal;
  }

  queueFull(clientId: string): void {
    this.#options.refusals.report(
      clientId,
      'queue',
      'messages for it are dropped: broker.limits.queue_messages or queue_bytes is reached',
    );
  }

  #mayRead({ id, conn: { identity } }: Client, filter: string): boolean {
    return identity !== undefined && this.#options.access.mayRead(identity, filter, id);
  }

  #readiness(clientId: string, topic: string | undefined): Readiness {
    const outbox = this.#options.outboxOf(clientId);
    if (!outbox) return this.#options.persistence.session(clientId) ? 'away' : 'forbidden';
    if (topic !== undefined && !outbox.mayRead(topic)) return 'forbidden';
    return outbox.isBusy ? 'busy' : 'ready';
  }

  #deliverShared({ clientId, subscription }: Member, share: string, packet: Packet, done: () => void): void {
    const outbox = this.#options.outboxOf(clientId);
    if (outbox) {
      outbox.receiveShared(packet, subscription, share, done);
      return;
    }
    const copy = granted(packet, grantOf([subscription]) as Grant);
    if (!this.#options.persistence.queueOf(clientId).add(copy, share)) this.queueFull(clientId);
    done();
  }
}
