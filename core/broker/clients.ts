import type { Duplex } from 'node:stream';
import type { BrokerConfig } from '../config/contract.ts';
import { errorText } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import type { HubStore } from '../support/store.ts';
import type { Access } from './access.ts';
import { type AdmissionOptions, admit, ownerOf, Refused } from './admission.ts';
import type { Client, Done, InboundPacket, Packet } from './aedes.ts';
import type { Identity } from './contract.ts';
import { Guard, type Origin } from './guard.ts';
import { InboundPackets } from './inbound.ts';
import { Outbox, type OutboxOptions } from './outbox.ts';
import { LivePersistence, Protocol, type ProtocolHooks } from './protocol.ts';
import { Publishing } from './publishing.ts';
import type { Refusals } from './refusals.ts';
import { Routing } from './routing.ts';
import type { QueueLimits } from './session-queue.ts';
import { filterProblem, isReservedName } from './topics.ts';

const FROZEN_MS = 5000;
/** Bytes waiting for one reader; at least some of the largest packets must fit. */
const WAITING_BYTES = 8 * 1024 * 1024;
const NEVER_EXPIRES = 0xffff_ffff;
const SWEEP_MS = 60_000;

export interface ClientsOptions {
  readonly config: BrokerConfig;
  readonly store: HubStore;
  readonly log: Logger;
  readonly access: Access;
  readonly refusals: Refusals;
  readonly authenticate: (user: string, password: string) => Promise<Identity | undefined>;
}

/** Everyone who is connected: who may come in, what they may do, what is delivered to them and kept for them. */
export class Clients implements ProtocolHooks {
  readonly persistence: LivePersistence;
  readonly routing: Routing;
  readonly #options: ClientsOptions;
  readonly #access: Access;
  readonly #refusals: Refusals;
  readonly #log: Logger;
  readonly #publishing: Publishing;
  readonly #protocol: Protocol;
  readonly #outboxes = new WeakMap<Client, Outbox>();
  readonly #startedAt = Date.now();
  #sweep: NodeJS.Timeout | undefined;
  #received = 0;
  #sent = 0;

  constructor(options: ClientsOptions) {
    const { store, log, access, refusals } = options;
    this.#options = options;
    this.#access = access;
    this.#refusals = refusals;
    this.#log = log;
    this.persistence = new LivePersistence(store.commit, store.state, {
      queue: this.#queueLimits,
      admits: (clientId, filter) => this.#mayKeep(clientId, filter),
      onFull: (clientId) => this.#queueFull(clientId),
      onUnreadable: (reason) => log.error(`hub.db: a row cannot be read and is left out: ${reason}`),
    });
    this.routing = new Routing(store.commit, this.persistence);
    this.#publishing = new Publishing(access, () => this.#limits, this.persistence.retained);
    this.#protocol = new Protocol(this.#limits, this.persistence, this.routing, this);
  }

  /** Packets that came and messages that went. */
  get traffic(): { clients: number; received: number; sent: number } {
    return { clients: this.#protocol.connectedClients, received: this.#received, sent: this.#sent };
  }

  async start(): Promise<void> {
    await this.#protocol.listen();
    this.#sweep = setInterval(() => this.#endExpiredSessions(), SWEEP_MS).unref();
  }

  /** Says goodbye to everyone; their wills are published. */
  stop(): Promise<void> {
    clearInterval(this.#sweep);
    return new Promise((resolve) => this.#protocol.close(() => resolve()));
  }

  find(clientId: string): Client | undefined {
    return this.#protocol.clients[clientId];
  }

  /** Takes over a connection. */
  add(stream: Duplex, origin: Origin): void {
    const guard: Guard = new Guard(stream, origin, {
      connectBytes: this.#limits.connect_bytes,
      frozenMs: FROZEN_MS,
      waitingBytes: Math.max(WAITING_BYTES, 4 * this.#limits.packet_bytes),
      onRefused: (reason) => this.#refusals.report(clientName(guard), 'guard', `disconnected: ${reason}`),
    });
    const client = this.#protocol.handle(guard) as unknown as Client;
    client.subscriptions = Object.create(null);
    client.duplicates = Object.create(null);
    this.#inspectPackets(client);
    this.#outboxes.set(client, new Outbox(client, this.#outboxOptions));
  }

  get #limits(): BrokerConfig['limits'] {
    return this.#options.config.limits;
  }

  get #queueLimits(): QueueLimits {
    return { messages: this.#limits.queue_messages, bytes: this.#limits.queue_bytes };
  }

  get #outboxOptions(): OutboxOptions {
    const { commit } = this.#options.store;
    return {
      queue: this.#queueLimits,
      inflight: this.#limits.inflight,
      mayRead: ({ conn: { identity } }, topic) => identity !== undefined && this.#access.mayRead(identity, topic),
      sessionQueue: (clientId) => this.persistence.queueOf(clientId),
      whenDurable: (send) => commit.whenDurable(send),
      onSent: () => {
        this.#sent += 1;
      },
      onFull: (clientId) => this.#queueFull(clientId),
    };
  }

  // Packets

  /** Looks at packets before aedes does. */
  #inspectPackets(client: Client): void {
    const parser = client._parser;
    const [handle] = parser.listeners('packet');
    parser.removeAllListeners('packet');
    const inbound = new InboundPackets(parser, parser.parse.bind(parser), {
      version: () => client.version ?? 0,
      packetBytes: this.#limits.packet_bytes,
      onPacket: (packet) => {
        if (client.closed) return;
        this.#received += 1;
        const problem = this.#packetProblem(client, packet);
        if (problem) client.conn.cut(problem);
        else if (!this.#handleQuickly(client, packet)) handle?.call(parser, packet);
      },
    });
    parser.parse = (bytes) => inbound.parse(bytes);
  }

  #packetProblem(client: Client, packet: InboundPacket): string | undefined {
    switch (packet.cmd) {
      case 'subscribe':
        return packet.subscriptions?.some(({ topic }) => isReservedName(topic))
          ? 'it asks for a reserved filter'
          : undefined;
      case 'unsubscribe':
        return packet.unsubscriptions?.some(isReservedName) ? 'it names a reserved filter' : undefined;
      case 'publish':
        return this.#windowProblem(client, packet);
      default:
        return undefined;
    }
  }

  /**
   * The packets that come by the hundred thousand are dealt with here, without aedes' chain of callbacks: publishes
   * to a topic that was found in order before, and acknowledgements. False: aedes has to do it.
   */
  #handleQuickly(client: Client, packet: InboundPacket): boolean {
    if (!client.connected) return false;
    switch (packet.cmd) {
      case 'publish':
        if (!this.#publishQuickly(client, packet as unknown as Packet)) return false;
        break;
      case 'puback':
      case 'pubcomp':
        this.#outboxes.get(client)?.acknowledged(packet.messageId ?? 0);
        break;
      case 'pubrec':
        if ((packet.reasonCode ?? 0) < 0x80) return false;
        this.#outboxes.get(client)?.acknowledged(packet.messageId ?? 0);
        break;
      default:
        return false;
    }
    client._keepaliveTimer?.refresh();
    return true;
  }

  #publishQuickly(client: Client, packet: Packet): boolean {
    const { conn } = client;
    const { qos, messageId = 0 } = packet;
    if (qos === 2 || packet.retain || packet.properties || !conn.identity) return false;
    if (!this.#publishing.isPlain(conn.identity, packet.topic)) return false;
    packet.clientId = client.id;
    // aedes reads on when every packet it counted has called back.
    client._parsingBatch += 1;
    const next = client._nextBatch;
    if (qos === 1) {
      const acknowledge = () => conn.send(Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff]));
      this.routing.store(conn, packet, () => this.routing.pass(packet, next), acknowledge);
    } else {
      this.routing.inTurn(conn, () => this.routing.route(packet, next));
    }
    return true;
  }

  #windowProblem(client: Client, { qos, messageId = 0 }: InboundPacket): string | undefined {
    if (qos !== 2 || this.persistence.receivedCount(client.id) < this.#limits.inflight) return undefined;
    if (this.persistence.hasReceived(client.id, messageId)) return undefined;
    return `it has ${this.#limits.inflight} messages of QoS 2 unreleased (broker.limits.inflight)`;
  }

  // Coming and going

  async authenticate(client: Client, password: Buffer | undefined): Promise<void> {
    const { conn, id: clientId } = client;
    try {
      if (!conn.connect) throw new Refused(5, 'it sent no CONNECT');
      const applicant = { clientId, origin: conn.origin, connect: conn.connect, ...(password && { password }) };
      const identity = await admit(applicant, this.#admission);
      const owner = this.persistence.session(clientId)?.owner;
      if (owner !== undefined && owner !== ownerOf(identity)) await this.persistence.cleanSubscriptions(client);
      conn.identity = identity;
    } catch (error) {
      if (error instanceof Refused) this.#refusals.report(clientName(conn), error.message, `refused: ${error.message}`);
      throw error;
    }
  }

  get #admission(): AdmissionOptions {
    return {
      access: this.#access,
      anonymous: () => this.#options.config.anonymous,
      authenticate: this.#options.authenticate,
      connected: (clientId) => this.find(clientId)?.conn.identity,
      session: (clientId) => this.persistence.session(clientId),
    };
  }

  registered(client: Client): void {
    if (!client.clean) this.#keepSession(client);
    else if (this.persistence.session(client.id)) this.#endSession(client);
  }

  ready(client: Client): void {
    client.conn.open();
    this.#outboxes.get(client)?.resume();
    this.#tellPlugin(client, true);
  }

  disconnected(client: Client): void {
    if (client.clean) this.#endSession(client);
    else this.#keepSession(client);
    this.#tellPlugin(client, false);
  }

  broken(error: Error): void {
    this.#log.error(`the broker: ${error.message}`);
  }

  failed(client: Client, error: Error): void {
    // Told where it was refused; and of a connection that is gone, every packet under way says so once more.
    if (error instanceof Refused || client.closed) return;
    const name = clientName(client.conn);
    if (/too large|queue limit|did not arrive/.test(error.message)) {
      this.#refusals.report(name, error.message, `disconnected: ${error.message}`);
    } else {
      this.#log.debug(`${name}: ${error.message}`);
    }
  }

  #tellPlugin({ conn: { identity } }: Client, isConnected: boolean): void {
    if (identity?.kind === 'plugin') this.#access.grantOf(identity.id)?.onConnection?.(isConnected);
  }

  #keepSession({ id, conn, sessionExpiryInterval }: Client): void {
    const expiry = sessionExpiryInterval >= NEVER_EXPIRES ? null : sessionExpiryInterval;
    if (conn.identity) this.persistence.openSession(id, ownerOf(conn.identity), expiry);
  }

  #endSession({ id }: { id: string }): void {
    this.persistence.cleanSubscriptions({ id }).catch((error: unknown) => this.#log.error(errorText(error)));
  }

  #endExpiredSessions(): void {
    for (const [id, { expiry, seen }] of [...this.persistence.sessions()]) {
      if (expiry === null || this.find(id)) continue;
      if (Math.max(seen, this.#startedAt) + expiry * 1000 > Date.now()) continue;
      this.#endSession({ id });
    }
  }

  // Messages and subscriptions

  authorizePublish(client: Client | null, packet: Packet, done: Done): void {
    const identity = client?.conn.identity;
    if (!client || !identity) {
      done(new Refused(5, 'nobody published this'));
      return;
    }
    const problem = this.#publishing.check(identity, packet);
    if (problem) {
      this.#refusals.report(client.id, packet.topic, `publish to ${packet.topic} refused: ${problem}`);
      done(new Refused(5, problem));
      return;
    }
    packet.clientId = client.id;
    if (packet.qos === 0 || this.#isKnown(client, packet)) {
      this.routing.inTurn(client.conn, done);
      return;
    }
    // aedes takes a message it has a note of for a repetition: it answers PUBREC and leaves the routing to us. The
    // note and the message reach the disk in one transaction.
    if (packet.qos === 2 && packet.messageId !== undefined) this.persistence.receive(client.id, packet.messageId);
    this.routing.store(client.conn, packet, done);
  }

  /** A message of QoS 2 that came before and is only repeated. Wills have no message id. */
  #isKnown(client: Client, { qos, messageId }: Packet): boolean {
    return qos === 2 && messageId !== undefined && this.persistence.hasReceived(client.id, messageId);
  }

  maySubscribe(client: Client, filter: string): boolean {
    const problem = this.#subscribeProblem(client, filter);
    if (problem)
      this.#refusals.report(client.id, `subscribe ${filter}`, `subscription to ${filter} refused: ${problem}`);
    return problem === undefined;
  }

  subscriptionsChanged(client: Client): void {
    this.#outboxes.get(client)?.forgetGrants();
  }

  /** aedes stores whole SUBSCRIBE packets, with the filters that were refused. */
  #mayKeep(clientId: string, filter: string): boolean {
    const client = this.find(clientId);
    return client !== undefined && this.#subscribeProblem(client, filter) === undefined;
  }

  #subscribeProblem(client: Client, filter: string): string | undefined {
    if (filter.startsWith('$share/')) return 'shared subscriptions are not supported';
    const { identity } = client.conn;
    if (!identity || !this.#access.mayRead(identity, filter)) return 'it may not read there';
    return filterProblem(filter);
  }

  #queueFull(clientId: string): void {
    this.#refusals.report(
      clientId,
      'queue',
      'messages for it are dropped: broker.limits.queue_messages or queue_bytes is reached',
    );
  }
}

/** How a client is called in the log. */
function clientName({ connect, origin }: Guard): string {
  return connect?.clientId || (origin.address ?? `a client of the ${origin.listener} listener`);
}
