import mqttPacket from 'mqtt-packet';
import type { InboundPacket, Subscription } from './aedes.ts';
import type { Outbox } from './outbox.ts';
import type { HubPersistence } from './persistence.ts';
import { Reason, type Refusal } from './reasons.ts';
import type { Routing } from './routing.ts';
import type { Shares } from './shares.ts';
import { subscriptionProblem } from './topics.ts';

/** What MQTT 3.1.1 has for every refusal. */
const FAILURE = 0x80;

export interface SubscriptionsOptions {
  readonly routing: Routing;
  readonly shares: Shares;
  readonly persistence: HubPersistence;
  /** Most filters of one client. */
  readonly most: () => number;
  readonly mayRead: (outbox: Outbox, filter: string) => boolean;
  /** Is somebody connected under this client id? */
  readonly isConnected: (clientId: string) => boolean;
  readonly onRefused: (outbox: Outbox, filter: string, reason: string) => void;
}

/**
 * SUBSCRIBE and UNSUBSCRIBE, and the subscriptions of sessions that come and go. Both take their turn among what the
 * client publishes: a message it sent before is routed before, one it sent behind is routed behind.
 */
export class Subscriptions {
  constructor(private readonly options: SubscriptionsOptions) {}

  subscribe(outbox: Outbox, packet: InboundPacket, done: () => void): void {
    this.#inTurn(outbox, done, () => this.#subscribe(outbox, packet, done));
  }

  unsubscribe(outbox: Outbox, packet: InboundPacket, done: () => void): void {
    this.#inTurn(outbox, done, () => this.#unsubscribe(outbox, packet, done));
  }

  #inTurn({ client }: Outbox, done: () => void, go: () => void): void {
    const { routing, persistence, isConnected } = this.options;
    routing.inTurn(client.conn, () => {
      // Who left meanwhile is owed it only where a session waits for it, and nobody has taken that up.
      const isMoot = client.closed && (client.clean || !persistence.session(client.id) || isConnected(client.id));
      if (isMoot) done();
      else go();
    });
  }

  #subscribe(outbox: Outbox, packet: InboundPacket, done: () => void): void {
    const { messageId = 0, subscriptions = [], properties } = packet;
    const { client } = outbox;
    const accepted: { subscription: Subscription; isNew: boolean }[] = [];
    const codes = subscriptions.map((asked) => {
      const refusal = this.#refusal(outbox, asked.topic);
      if (refusal) {
        this.options.onRefused(outbox, asked.topic, refusal.reason);
        return client.version === 5 ? refusal.code : FAILURE;
      }
      const subscription = withIdentifier(asked, properties?.subscriptionIdentifier);
      accepted.push({ subscription, isNew: !outbox.subscriptions.has(asked.topic) });
      this.#add(outbox, subscription);
      return asked.qos;
    });
    const answer = () => {
      client.conn.send(encodeAnswer('suback', messageId, codes, client.version));
      const wanted = accepted.filter(({ subscription, isNew }) => wantsRetained(subscription, isNew));
      this.#sendRetained(
        outbox,
        wanted.map(({ subscription }) => subscription),
      );
      done();
    };
    const { persistence, routing } = this.options;
    if (client.clean || accepted.length === 0) {
      answer();
      return;
    }
    const kept = accepted.map(({ subscription }) => subscription);
    void persistence.addSubscriptions(client, kept);
    routing.whenStored(client.conn, answer);
  }

  #unsubscribe(outbox: Outbox, { messageId = 0, unsubscriptions = [] }: InboundPacket, done: () => void): void {
    const { client } = outbox;
    const codes = unsubscriptions.map((filter) => {
      return this.#remove(outbox, filter) ? Reason.success : Reason.noSubscriptionExisted;
    });
    const answer = () => {
      client.conn.send(encodeAnswer('unsuback', messageId, codes, client.version));
      done();
    };
    if (client.clean) {
      answer();
      return;
    }
    void this.options.persistence.removeSubscriptions(client, unsubscriptions);
    this.options.routing.whenStored(client.conn, answer);
  }

  /** Brings back what a session had subscribed to. Whether it may still read there is asked for every topic. */
  restore(outbox: Outbox): void {
    for (const subscription of this.options.persistence.subscriptionsOf(outbox.client.id)) {
      this.#add(outbox, subscription);
    }
  }

  /** The connection is gone; unless the session `isOver`, its shares wait for it to come back. */
  drop(outbox: Outbox, isOver: boolean): void {
    const { client } = outbox;
    for (const filter of [...outbox.subscriptions.keys()]) {
      this.options.routing.router.removeListener(filter, outbox.receive);
      if (isOver) this.options.shares.leave(client.id, filter);
    }
    outbox.subscriptions.clear();
  }

  #refusal(outbox: Outbox, filter: string): Refusal | undefined {
    const reason = subscriptionProblem(filter);
    if (reason) return { code: Reason.topicFilterInvalid, reason };
    if (!this.options.mayRead(outbox, filter)) return { code: Reason.notAuthorized, reason: 'it may not read there' };
    const most = this.options.most();
    if (outbox.subscriptions.size < most || outbox.subscriptions.has(filter)) return undefined;
    return { code: Reason.quotaExceeded, reason: `broker.limits.subscriptions is reached (${most})` };
  }

  #add(outbox: Outbox, subscription: Subscription): void {
    const { topic } = subscription;
    outbox.subscriptions.set(topic, subscription);
    outbox.forgetGrants();
    if (topic.startsWith('$share/')) this.options.shares.join(outbox.client.id, subscription);
    else if (!outbox.client.closed) this.options.routing.router.on(topic, outbox.receive);
  }

  #remove(outbox: Outbox, filter: string): boolean {
    if (!outbox.subscriptions.delete(filter)) return false;
    outbox.forgetGrants();
    if (filter.startsWith('$share/')) this.options.shares.leave(outbox.client.id, filter);
    else this.options.routing.router.removeListener(filter, outbox.receive);
    return true;
  }

  /** As fast as the client takes them. */
  #sendRetained(outbox: Outbox, subscriptions: readonly Subscription[]): void {
    const { client } = outbox;
    const waiting = subscriptions.flatMap((subscription) => {
      return this.options.persistence.retained
        .match(subscription.topic)
        .map(({ packet }) => ({ packet, subscription }));
    });
    let next = 0;
    const send = () => {
      while (next < waiting.length && !client.closed) {
        const { packet, subscription } = waiting[next++] as (typeof waiting)[number];
        outbox.receiveRetained(packet, subscription);
        if (client.conn.isCongested) {
          client.conn.whenRelieved(send);
          return;
        }
      }
    };
    send();
  }
}

function withIdentifier(asked: Subscription, identifier: number | number[] | undefined): Subscription {
  return typeof identifier !== 'number' ? asked : { ...asked, subscriptionIdentifier: identifier };
}

/** Retain handling (MQTT 5, section 3.8.3.1); a shared subscription gets none. */
function wantsRetained({ topic, rh = 0 }: Subscription, isNew: boolean): boolean {
  if (topic.startsWith('$share/') || rh === 2) return false;
  return rh === 0 || isNew;
}

function encodeAnswer(cmd: 'suback' | 'unsuback', messageId: number, granted: number[], version: number): Buffer {
  return mqttPacket.generate({ cmd, messageId, granted } as mqttPacket.Packet, { protocolVersion: version });
}
