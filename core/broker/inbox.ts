import type { Client, Done, InboundPacket, Packet } from './aedes.ts';
import { InboundAliases } from './aliases.ts';
import type { Outbox } from './outbox.ts';
import { Ack, encodeAck } from './packets.ts';
import type { HubPersistence } from './persistence.ts';
import type { Publishing } from './publishing.ts';
import { Breach, Reason, type Refusal } from './reasons.ts';
import type { Routing } from './routing.ts';
import type { Subscriptions } from './subscriptions.ts';
import { packetProblem } from './validity.ts';

/** Topics one client may give numbers to. */
export const TOPIC_ALIASES = 100;

export interface InboxOptions {
  readonly routing: Routing;
  readonly persistence: HubPersistence;
  readonly publishing: Publishing;
  readonly subscriptions: Subscriptions;
  /** Most messages of QoS 2 a client may leave unreleased. */
  readonly inflight: () => number;
  readonly onRefused: (client: Client, topic: string, reason: string) => void;
}

/** What one connected client sends: everything but what is about the connection itself. */
export class Inbox {
  readonly #aliases = new InboundAliases(TOPIC_ALIASES);
  /** SUBSCRIBE and UNSUBSCRIBE that wait for messages before them or for the disk. */
  #unanswered = 0;
  /** What came behind them and must not overtake them. */
  #held: { readonly packet: InboundPacket; readonly next: Done }[] = [];

  constructor(
    private readonly outbox: Outbox,
    private readonly options: InboxOptions,
  ) {}

  private get client(): Client {
    return this.outbox.client;
  }

  /** False: aedes deals with it. */
  take(packet: InboundPacket): boolean {
    const { client, outbox, options } = this;
    if (this.#unanswered > 0 && this.#isBehind(packet)) {
      this.#held.push({ packet, next: this.#later() });
      return this.#isAlive();
    }
    if (this.#publishQuickly(packet)) return this.#isAlive();
    const problem = packetProblem(packet);
    if (problem) {
      client.conn.refuse(problem);
      return true;
    }
    const { messageId = 0, reasonCode = 0 } = packet;
    switch (packet.cmd) {
      case 'publish':
        this.#publish(packet as unknown as Packet);
        break;
      case 'puback':
      case 'pubcomp':
        outbox.acknowledged(messageId);
        break;
      case 'pubrec':
        if (reasonCode < Reason.unspecified) outbox.received(messageId);
        else outbox.acknowledged(messageId);
        break;
      case 'pubrel':
        this.#release(messageId);
        break;
      case 'subscribe':
        options.subscriptions.subscribe(outbox, packet, this.#answering());
        break;
      case 'unsubscribe':
        options.subscriptions.unsubscribe(outbox, packet, this.#answering());
        break;
      case 'pingreq':
        return false;
      case 'disconnect':
        return this.#checkFarewell(packet);
      default:
        client.conn.refuse(new Breach(Reason.protocolError, `it sent ${packet.cmd.toUpperCase()} while connected`));
    }
    return this.#isAlive();
  }

  #isAlive(): true {
    this.client._keepaliveTimer?.refresh();
    return true;
  }

  /** aedes reads on when every packet it counted has called back. */
  #later(): Done {
    this.client._parsingBatch += 1;
    return this.client._nextBatch;
  }

  /** SUBSCRIBE and UNSUBSCRIBE keep their order themselves, and many of them share one commit. */
  #isBehind({ cmd }: InboundPacket): boolean {
    if (cmd === 'publish' || cmd === 'pubrel') return true;
    return this.#held.length > 0 && (cmd === 'subscribe' || cmd === 'unsubscribe');
  }

  /** Lets through what was held once the last of them is answered. */
  #answering(): Done {
    const next = this.#later();
    this.#unanswered += 1;
    return () => {
      this.#unanswered -= 1;
      const held = this.#unanswered === 0 ? this.#held.splice(0) : [];
      for (const { packet } of held) this.take(packet);
      for (const each of held) each.next();
      next();
    };
  }

  /** What comes by the hundred thousand: messages without properties on a topic that was found in order before. */
  #publishQuickly(packet: InboundPacket): boolean {
    if (packet.cmd !== 'publish' || packet.qos === 2 || packet.retain || packet.properties || packet.dup) return false;
    const { identity } = this.client.conn;
    const message = packet as unknown as Packet;
    if (!identity || (message.qos > 0 && !message.messageId)) return false;
    if (!this.options.publishing.isPlain(identity, message.topic)) return false;
    this.#accept(message);
    return true;
  }

  #publish(packet: Packet): void {
    const { client, options } = this;
    const { identity } = client.conn;
    const alias = packet.properties?.topicAlias;
    if (alias !== undefined) {
      const topic = this.#aliases.resolve(alias, packet.topic);
      if (topic === undefined) {
        client.conn.refuse(new Breach(Reason.topicAliasInvalid, `its topic alias ${alias} is not known`));
        return;
      }
      const { topicAlias: _alias, ...properties } = packet.properties ?? {};
      packet.topic = topic;
      packet.properties = properties;
    }
    // Of a repetition it was decided when it came first.
    const isKnown = packet.qos === 2 && options.persistence.incoming.has(client.id, packet.messageId ?? 0);
    const refusal = isKnown || !identity ? undefined : options.publishing.check(identity, packet, client.id);
    if (refusal) this.#refuse(packet, refusal);
    else this.#accept(packet, isKnown);
  }

  #accept(packet: Packet, isKnown = false): void {
    const { client, options } = this;
    const { conn } = client;
    const { routing, persistence } = options;
    const { qos, messageId = 0 } = packet;
    if (qos === 2 && !isKnown && persistence.incoming.count(client.id) >= options.inflight()) {
      const reason = `it has ${options.inflight()} messages of QoS 2 unreleased (broker.limits.inflight)`;
      conn.refuse(new Breach(Reason.receiveMaximumExceeded, reason));
      return;
    }
    packet.clientId = client.id;
    const next = this.#later();
    switch (qos) {
      case 0:
        routing.inTurn(conn, () => routing.route(packet, next));
        break;
      case 1:
        routing.store(conn, packet, next, () => conn.send(encodeAck(Ack.puback, messageId)));
        break;
      default: {
        const received = () => conn.send(encodeAck(Ack.pubrec, messageId));
        if (isKnown) {
          routing.inTurn(conn, () => {
            received();
            next();
          });
          break;
        }
        // The note that it came and the message itself reach the disk in one transaction.
        persistence.incoming.keep(client.id, messageId);
        routing.store(conn, packet, next, received);
      }
    }
  }

  #refuse({ topic, qos, messageId = 0 }: Packet, { code, reason }: Refusal): void {
    const { client, options } = this;
    options.onRefused(client, topic, reason);
    // MQTT 3.1.1 has no word for it, and a topic that is none is an error in every version.
    if (client.version < 5 || code === Reason.topicNameInvalid) {
      client.conn.destroy(new Breach(code, reason));
      return;
    }
    if (qos === 0) return;
    const type = qos === 1 ? Ack.puback : Ack.pubrec;
    options.routing.inTurn(client.conn, () => client.conn.send(encodeAck(type, messageId, code)));
  }

  /** PUBREL: the id is free again when that is on disk, else a new message under it would count as a repetition. */
  #release(messageId: number): void {
    const { client, options } = this;
    const isKnown = options.persistence.incoming.delete(client.id, messageId);
    const code = isKnown || client.version < 5 ? Reason.success : Reason.packetIdentifierNotFound;
    const complete = () => client.conn.send(encodeAck(Ack.pubcomp, messageId, code));
    if (isKnown) options.routing.whenDurable(complete);
    else options.routing.inTurn(client.conn, complete);
  }

  #checkFarewell(packet: InboundPacket): boolean {
    const { client } = this;
    const expiry = packet.properties?.sessionExpiryInterval ?? 0;
    if (client.version === 5 && expiry > 0 && client._connectSessionExpiryInterval === 0) {
      client.conn.refuse(new Breach(Reason.protocolError, 'it wants a session of what began without one'));
      return true;
    }
    // Only a normal goodbye discards the will (MQTT-3.1.2-10); aedes publishes it for this code alone.
    if ((packet.reasonCode ?? 0) !== 0) packet.reasonCode = DISCONNECT_WITH_WILL;
    return false;
  }
}

const DISCONNECT_WITH_WILL = 0x04;
