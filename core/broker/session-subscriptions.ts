import type { GroupCommit } from '../support/group-commit.ts';
import type { Packet, Subscription } from './aedes.ts';
import { type Grant, grantOf, withoutNoLocal } from './grants.ts';
import { TopicTree } from './topics.ts';

export interface Subscriber extends Subscription {
  readonly clientId: string;
}

/** What sessions that outlive their connections are subscribed to, in memory and in hub.db. */
export class SessionSubscriptions {
  readonly #byClient = new Map<string, Map<string, Subscriber>>();
  readonly #byTopic = new TopicTree<Subscriber>();

  constructor(private readonly store: GroupCommit) {}

  /** How many filters with QoS 1 or 2, and how many clients. */
  get counts(): { filters: number; clients: number } {
    const all = [...this.#byClient.values()].flatMap((filters) => [...filters.values()]);
    return { filters: all.filter(({ qos }) => qos > 0).length, clients: this.#byClient.size };
  }

  /** As it was read from the store. */
  restore(clientId: string, subscription: Subscription): void {
    const { topic, qos, rh, rap, nl, subscriptionIdentifier } = subscription;
    const kept = { clientId, topic, qos, rh, rap, nl } as Subscriber;
    if (subscriptionIdentifier !== undefined) kept.subscriptionIdentifier = subscriptionIdentifier;
    const filters = this.#byClient.get(clientId) ?? new Map<string, Subscriber>();
    this.#byClient.set(clientId, filters);
    const previous = filters.get(topic);
    if (previous) this.#byTopic.remove(topic, previous);
    filters.set(topic, kept);
    this.#byTopic.add(topic, kept);
  }

  keep(clientId: string, subscription: Subscription): void {
    this.restore(clientId, subscription);
    this.store.write('putSubscription', [clientId, subscription.topic, JSON.stringify(subscription)]);
  }

  remove(clientId: string, filter: string): void {
    const filters = this.#byClient.get(clientId);
    const subscriber = filters?.get(filter);
    if (!filters || !subscriber) return;
    filters.delete(filter);
    this.#byTopic.remove(filter, subscriber);
    if (filters.size === 0) this.#byClient.delete(clientId);
    this.store.write('deleteSubscription', [clientId, filter]);
  }

  clear(clientId: string): void {
    for (const [filter, subscriber] of this.#byClient.get(clientId) ?? []) this.#byTopic.remove(filter, subscriber);
    if (this.#byClient.delete(clientId)) this.store.write('deleteSubscriptions', [clientId]);
  }

  of(clientId: string): readonly Subscription[] {
    return [...(this.#byClient.get(clientId)?.values() ?? [])].map(({ clientId: _client, ...rest }) => rest);
  }

  has(clientId: string, filter: string): boolean {
    return this.#byClient.get(clientId)?.has(filter) ?? false;
  }

  clients(): readonly string[] {
    return [...this.#byClient.keys()];
  }

  /** Subscriptions with QoS 1 or 2 that meet a topic. */
  match(topic: string): readonly Subscriber[] {
    return this.#byTopic.match(topic).filter(({ qos }) => qos > 0);
  }

  /** What each session is owed of a message of QoS 1 or 2: once, whatever its filters. */
  grants({ topic, clientId: publisher }: Packet): readonly (readonly [clientId: string, grant: Grant])[] {
    const subscribers = this.#byTopic.match(topic);
    if (subscribers.length === 0) return [];
    const bySession = new Map<string, Subscriber[]>();
    for (const subscriber of subscribers) {
      const known = bySession.get(subscriber.clientId);
      if (known) known.push(subscriber);
      else bySession.set(subscriber.clientId, [subscriber]);
    }
    return [...bySession].flatMap(([clientId, all]) => {
      const grant = grantOf(clientId === publisher ? withoutNoLocal(all) : all);
      return grant && grant.qos > 0 ? [[clientId, grant] as const] : [];
    });
  }
}
