import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { type Duplex, Readable } from 'node:stream';
import { Aedes, type AedesOptions } from 'aedes';
import type { BrokerConfig } from '../config/contract.ts';
import { checkSocketPath } from '../support/data-dir.ts';
import { errorText, HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import { isLoopback, parseAddress } from '../support/ports.ts';
import type { HubStore } from '../support/store.ts';
import { Access } from './access.ts';
import { type AdmissionOptions, admit, ownerOf, Refused } from './admission.ts';
import {
  BrokerPacket,
  type Client,
  type ConnectPacket,
  type InboundPacket,
  type Packet,
  type Subscription,
} from './aedes.ts';
import type {
  Broker,
  BrokerStats,
  HubMessage,
  Identity,
  PluginGrant,
  PublishOptions,
  RetainedMessage,
} from './contract.ts';
import { Guard, type Origin, sendAll } from './guard.ts';
import { InboundPackets } from './inbound.ts';
import { Journal, type Publisher } from './journal.ts';
import { boundAddress, closed, isLocalAddress, listenTcp, listenUnix } from './listeners.ts';
import { Outbox, type OutboxOptions } from './outbox.ts';
import { decodePackets } from './packets.ts';
import { HubPersistence } from './persistence.ts';
import { Publishing } from './publishing.ts';
import { Refusals } from './refusals.ts';
import { Router } from './router.ts';
import type { QueueLimits } from './session-queue.ts';
import { filterProblem, isReservedName, topicProblem } from './topics.ts';

export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly store: HubStore;
  readonly dataDir: string;
  readonly log: Logger;
  readonly authenticate: (user: string, password: string) => Promise<Identity | undefined>;
  /** Are there users who could log in? Without any, the broker stays on loopback. */
  readonly hasUsers: () => boolean;
}

const CONNECT_MS = 10_000;
const FROZEN_MS = 5000;
/** Bytes waiting for one reader; at least some of the largest packets must fit. */
const WAITING_BYTES = 8 * 1024 * 1024;
const NEVER_EXPIRES = 0xffff_ffff;
const SWEEP_MS = 60_000;

export function createBroker(options: BrokerOptions): Broker {
  return new EmbeddedBroker(options);
}

type Done = (error?: Error | null) => void;
type RouteFromAedes = (packet: Packet, done: Done) => void;

/** aedes speaks the protocol; what becomes of a message is decided here. */
class ProtocolBroker extends Aedes {
  // Null prototypes: client ids are strangers' words.
  readonly clients: Record<string, Client> = Object.create(null);
  override readonly brokers = Object.create(null);

  constructor(
    options: AedesOptions,
    private readonly route: RouteFromAedes,
  ) {
    super(options);
  }

  override publish(packet: unknown, ...rest: unknown[]): void {
    const done = rest.at(-1);
    this.route(packet as Packet, typeof done === 'function' ? (done as Done) : () => undefined);
  }
}

/** The outbox resumes sessions, so there is nothing for aedes to send when one comes back. */
class LivePersistence extends HubPersistence {
  override outgoingStream(): Readable {
    return Readable.from([]);
  }
}

class EmbeddedBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #access = new Access();
  readonly #router = new Router();
  readonly #refusals: Refusals;
  readonly #persistence: LivePersistence;
  readonly #journal: Journal;
  readonly #publishing: Publishing;
  readonly #aedes: ProtocolBroker;
  /** The hub itself, as one of those who publish. */
  readonly #hub: Publisher = { unstored: 0 };
  readonly #outboxes = new WeakMap<Client, Outbox>();
  readonly #connections = new Map<string, number>();
  readonly #servers: Server[] = [];
  readonly #startedAt = Date.now();
  #sweep: NodeJS.Timeout | undefined;
  #received = 0;
  #sent = 0;
  address = '';
  pluginUrl = '';
  readonly pluginSocket: string;

  constructor(options: BrokerOptions) {
    const { store, dataDir, log } = options;
    this.#options = options;
    this.pluginSocket = join(dataDir, 'run', 'mqtt.sock');
    this.#refusals = new Refusals(log);
    this.#persistence = new LivePersistence(store.commit, store.state, {
      queue: this.#queueLimits,
      admits: (clientId, filter) => this.#maySubscribe(clientId, filter),
      onFull: (clientId) => this.#queueFull(clientId),
    });
    const persistence = this.#persistence;
    this.#journal = new Journal(store.commit, (packet) => this.#routeJournalled(packet), sendAll);
    this.#publishing = new Publishing(this.#access, () => this.#limits, {
      get count() {
        return persistence.retainedCount;
      },
      get bytes() {
        return persistence.retainedBytes;
      },
      sizeOf: (topic) => persistence.retainedSize(topic),
    });
    this.#aedes = new ProtocolBroker(this.#aedesOptions(), (packet, done) => {
      this.#pass(packet, done);
    });
    this.#listenToAedes();
  }

  get #limits(): BrokerConfig['limits'] {
    return this.#options.config.limits;
  }

  // Life

  async start(): Promise<void> {
    const { config, dataDir, hasUsers, store } = this.#options;
    const host = parseAddress(config.listen)?.host ?? '';
    if (!isLoopback(host) && !hasUsers()) {
      throw new HubError(
        'listen_without_users',
        `broker.listen: ${config.listen} can be reached from other machines, but there are no users yet. Create one with: cupboard users add NAME; or keep to 127.0.0.1`,
      );
    }
    checkSocketPath(dataDir);
    await this.#aedes.listen();
    this.#recover();
    await store.commit.durable();
    try {
      await this.#listen();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#sweep = setInterval(() => this.#endExpiredSessions(), SWEEP_MS).unref();
  }

  async #listen(): Promise<void> {
    const network = await listenTcp(this.#options.config.listen, (socket) => this.#connected(socket));
    this.#servers.push(network);
    const plugins = await listenTcp('127.0.0.1:0', (socket) => this.#pluginConnected(socket));
    this.#servers.push(plugins);
    this.#servers.push(await listenUnix(this.pluginSocket, (socket) => this.#pluginConnected(socket)));
    this.address = boundAddress(network);
    this.pluginUrl = `mqtt://${boundAddress(plugins)}`;
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    const open = this.#servers.splice(0).map(closed);
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    await Promise.all(open);
    if (!this.#options.store.problem) await this.#options.store.commit.durable();
  }

  /** What the last run left: accepted messages are routed, and nobody it said was online is. */
  #recover(): void {
    const { journal } = this.#options.store.state;
    this.#journal.replay(journal.map(({ id, packets }) => ({ id, packets: decodePackets(packets) })));
    for (const will of this.#persistence.wills()) {
      const { clientId: id = '' } = will;
      this.#route({ ...(will as Packet) }, () => undefined);
      this.#persistence.delWill({ id }).catch((error: unknown) => this.#options.log.error(errorText(error)));
    }
    for (const { topic, payload, qos } of this.#persistence.retainedMessages('+/status')) {
      if (payload.toString() === 'online')
        this.#route(message(topic, 'offline', { qos, retain: true }), () => undefined);
    }
  }

  #endExpiredSessions(): void {
    for (const [id, { expiry, seen }] of [...this.#persistence.sessions()]) {
      if (expiry === null || this.#aedes.clients[id]) continue;
      if (Math.max(seen, this.#startedAt) + expiry * 1000 > Date.now()) continue;
      this.#endSession({ id });
    }
  }

  // The hub's own clients

  async publish(topic: string, payload: string | Buffer, options: PublishOptions = {}): Promise<void> {
    const problem = topicProblem(topic);
    if (problem) throw new HubError('topic_invalid', `${topic}: ${problem}`);
    const packet = message(topic, payload, options);
    if (packet.qos > 0) {
      return new Promise((resolve) => this.#journal.enter(this.#hub, packet, resolve));
    }
    if (this.#hub.unstored > 0) {
      await new Promise<void>((resolve) => this.#journal.queueBehind(this.#hub, resolve));
    }
    this.#route(packet, () => undefined);
    if (packet.retain) await this.#options.store.commit.durable();
  }

  async subscribe(filter: string, handler: (message: HubMessage) => void): Promise<() => void> {
    const problem = filterProblem(filter);
    if (problem) throw new HubError('topic_invalid', `${filter}: ${problem}`);
    const hand = (received: HubMessage) => {
      try {
        handler(received);
      } catch (error) {
        this.#options.log.error(`a handler of ${filter} failed on ${received.topic}: ${errorText(error)}`);
      }
    };
    for (const { topic, payload, qos } of this.retained(filter)) {
      hand({ topic, payload, qos, retained: true, retain: true });
    }
    const receive = (packet: Packet, done: () => void) => {
      const { topic, payload, qos, retain, properties } = packet;
      hand({
        topic,
        payload,
        qos,
        retained: false,
        retain,
        ...(properties?.userProperties && { properties: properties.userProperties }),
      });
      done();
    };
    this.#router.on(filter, receive);
    return () => void this.#router.removeListener(filter, receive);
  }

  retained(filter: string): readonly RetainedMessage[] {
    return this.#persistence.retainedMessages(filter);
  }

  async clearTree(prefix: string): Promise<void> {
    const topics = this.retained(`${prefix}/#`).map(({ topic }) => topic);
    await Promise.all(topics.map((topic) => this.publish(topic, '', { qos: 1, retain: true })));
  }

  setPluginTrees(ids: readonly string[]): void {
    this.#access.setPluginTrees(ids);
  }

  admitPlugin(grant: PluginGrant): void {
    this.#access.grant(grant);
    const client = this.#aedes.clients[`plugin:${grant.id}`];
    if (client) this.#outboxes.get(client)?.forgetGrants();
  }

  expelPlugin(id: string): void {
    this.#access.revoke(id);
    this.#aedes.clients[`plugin:${id}`]?.close();
  }

  mayPublish(identity: Identity, topic: string): boolean {
    return topicProblem(topic) === undefined && this.#access.mayPublish(identity, topic);
  }

  mayRead(identity: Identity, topic: string): boolean {
    return this.#access.mayRead(identity, topic);
  }

  stats(): BrokerStats {
    const { problem } = this.#options.store;
    return {
      clients: this.#aedes.connectedClients,
      received: this.#received,
      sent: this.#sent,
      retained: this.#persistence.retainedCount,
      retainedBytes: this.#persistence.retainedBytes,
      queuedMessages: this.#persistence.queuedMessages,
      journalWaiting: this.#journal.waiting,
      ...(problem !== undefined && { problem }),
    };
  }

  // Connections

  accept(stream: Duplex, request: IncomingMessage, identity: Identity): void {
    const address = request.socket.remoteAddress;
    this.#guard(stream, { listener: 'web', local: isLocalAddress(address), identity, ...(address && { address }) });
  }

  #connected(socket: Socket): void {
    const address = socket.remoteAddress ?? 'unknown';
    const present = this.#connections.get(address) ?? 0;
    const most = this.#limits.connections_per_address;
    if (present >= most) {
      this.#refusals.report(
        address,
        'connections',
        `refused: broker.limits.connections_per_address is reached (${most})`,
      );
      socket.destroy();
      return;
    }
    this.#connections.set(address, present + 1);
    socket.once('close', () => {
      const left = (this.#connections.get(address) ?? 1) - 1;
      if (left > 0) this.#connections.set(address, left);
      else this.#connections.delete(address);
    });
    this.#guard(socket, { listener: 'network', address, local: isLocalAddress(socket.remoteAddress) });
  }

  #pluginConnected(socket: Socket): void {
    this.#guard(socket, { listener: 'plugin', local: true });
  }

  #guard(stream: Duplex, origin: Origin): void {
    const guard: Guard = new Guard(stream, origin, {
      connectBytes: this.#limits.connect_bytes,
      frozenMs: FROZEN_MS,
      waitingBytes: Math.max(WAITING_BYTES, 4 * this.#limits.packet_bytes),
      onRefused: (reason) => this.#refusals.report(clientName(guard), 'guard', `disconnected: ${reason}`),
    });
    const client = this.#aedes.handle(guard) as unknown as Client;
    client.subscriptions = Object.create(null);
    client.duplicates = Object.create(null);
    this.#inspectPackets(client);
    this.#outboxes.set(client, new Outbox(client, this.#outboxOptions));
  }

  get #outboxOptions(): OutboxOptions {
    const { commit } = this.#options.store;
    return {
      queue: this.#queueLimits,
      inflight: this.#limits.inflight,
      mayRead: ({ conn: { identity } }, topic) => identity !== undefined && this.#access.mayRead(identity, topic),
      sessionQueue: (clientId) => this.#persistence.queueOf(clientId),
      whenDurable: (send) => commit.whenDurable(send),
      onSent: () => {
        this.#sent += 1;
      },
      onFull: (clientId) => this.#queueFull(clientId),
    };
  }

  get #queueLimits(): QueueLimits {
    return { messages: this.#limits.queue_messages, bytes: this.#limits.queue_bytes };
  }

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
      this.#journal.enter(conn, packet, () => this.#pass(packet, next), acknowledge);
    } else if (conn.unstored > 0) this.#journal.queueBehind(conn, () => this.#route(packet, next));
    else this.#route(packet, next);
    return true;
  }

  #windowProblem(client: Client, { qos, messageId = 0 }: InboundPacket): string | undefined {
    if (qos !== 2 || this.#persistence.receivedCount(client.id) < this.#limits.inflight) return undefined;
    if (this.#persistence.hasReceived(client.id, messageId)) return undefined;
    return `it has ${this.#limits.inflight} messages of QoS 2 unreleased (broker.limits.inflight)`;
  }

  // aedes

  #aedesOptions(): AedesOptions {
    return {
      mq: this.#router,
      persistence: this.#persistence,
      connectTimeout: CONNECT_MS,
      // The guard does this, and does it for one reader at a time.
      drainTimeout: 0,
      maximumPacketSize: this.#limits.packet_bytes,
      receiveMaximum: Math.min(this.#limits.inflight, 65_535),
      pendingSessionsLimit: 10_000,
      preConnect: (client, packet, done) => {
        (client as unknown as Client).conn.connect = packet as unknown as ConnectPacket;
        done(null, true);
      },
      authenticate: (client, _username, password, done) => {
        this.#authenticate(client as unknown as Client, password).then(
          () => done(null, true),
          (error: unknown) => done(error as Parameters<typeof done>[0], false),
        );
      },
      authorizePublish: (client, packet, done) => {
        this.#authorizePublish(client as unknown as Client | null, packet as unknown as Packet, done);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const isAllowed = this.#authorizeSubscribe(
          client as unknown as Client,
          subscription as unknown as Subscription,
        );
        done(null, isAllowed ? subscription : null);
      },
    };
  }

  #listenToAedes(): void {
    const on = (event: string, listener: (...values: never[]) => void) => {
      (this.#aedes as NodeJS.EventEmitter).on(event, listener as (...values: unknown[]) => void);
    };
    on('client', (client: Client) => this.#registered(client));
    on('clientReady', (client: Client) => {
      client.conn.open();
      this.#outboxes.get(client)?.resume();
      this.#tellPlugin(client, true);
    });
    on('clientDisconnect', (client: Client) => {
      this.#disconnected(client);
      this.#tellPlugin(client, false);
    });
    for (const event of ['subscribe', 'unsubscribe']) {
      on(event, (_: unknown, client: Client) => this.#outboxes.get(client)?.forgetGrants());
    }
    on('clientError', (client: Client, error: Error) => this.#failed(client, error));
    on('connectionError', (client: Client, error: Error) => this.#failed(client, error));
    on('error', (error: Error) => this.#options.log.error(`the broker: ${error.message}`));
  }

  async #authenticate(client: Client, password: Buffer | undefined): Promise<void> {
    const { conn, id: clientId } = client;
    try {
      if (!conn.connect) throw new Refused(5, 'it sent no CONNECT');
      const applicant = { clientId, origin: conn.origin, connect: conn.connect, ...(password && { password }) };
      const identity = await admit(applicant, this.#admission);
      const owner = this.#persistence.session(clientId)?.owner;
      if (owner !== undefined && owner !== ownerOf(identity))
        await this.#persistence.cleanSubscriptions({ id: clientId });
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
      connected: (clientId) => this.#aedes.clients[clientId]?.conn.identity,
      session: (clientId) => this.#persistence.session(clientId),
    };
  }

  #registered(client: Client): void {
    if (!client.clean) this.#keepSession(client);
    else if (this.#persistence.session(client.id)) this.#endSession(client);
  }

  #disconnected(client: Client): void {
    if (client.clean) this.#endSession(client);
    else this.#keepSession(client);
  }

  #tellPlugin({ conn: { identity } }: Client, isConnected: boolean): void {
    if (identity?.kind === 'plugin') this.#access.grantOf(identity.id)?.onConnection?.(isConnected);
  }

  #keepSession({ id, conn, sessionExpiryInterval }: Client): void {
    const expiry = sessionExpiryInterval >= NEVER_EXPIRES ? null : sessionExpiryInterval;
    if (conn.identity) this.#persistence.openSession(id, ownerOf(conn.identity), expiry);
  }

  #endSession({ id }: { id: string }): void {
    this.#persistence.cleanSubscriptions({ id }).catch((error: unknown) => this.#options.log.error(errorText(error)));
  }

  #failed(client: Client, error: Error): void {
    // Told where it was refused; and of a connection that is gone, every packet under way says so once more.
    if (error instanceof Refused || client.closed) return;
    const name = clientName(client.conn);
    if (/too large|queue limit|did not arrive/.test(error.message)) {
      this.#refusals.report(name, error.message, `disconnected: ${error.message}`);
    } else {
      this.#options.log.debug(`${name}: ${error.message}`);
    }
  }

  #queueFull(clientId: string): void {
    this.#refusals.report(
      clientId,
      'queue',
      'messages for it are dropped: broker.limits.queue_messages or queue_bytes is reached',
    );
  }

  // Messages

  #authorizePublish(client: Client | null, packet: Packet, done: Done): void {
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
      if (client.conn.unstored > 0) this.#journal.queueBehind(client.conn, done);
      else done();
      return;
    }
    // aedes takes a message it has a note of for a repetition: it answers PUBREC and leaves the routing to us. The
    // note and the message reach the disk in one transaction.
    if (packet.qos === 2 && packet.messageId !== undefined) this.#persistence.receive(client.id, packet.messageId);
    this.#journal.enter(client.conn, packet, done);
  }

  /** A message of QoS 2 that came before and is only repeated. Wills have no message id. */
  #isKnown(client: Client, { qos, messageId }: Packet): boolean {
    return qos === 2 && messageId !== undefined && this.#persistence.hasReceived(client.id, messageId);
  }

  #maySubscribe(clientId: string, filter: string): boolean {
    const identity = this.#aedes.clients[clientId]?.conn.identity;
    return identity !== undefined && !filter.startsWith('$share/') && this.#access.mayRead(identity, filter);
  }

  #authorizeSubscribe(client: Client, { topic }: Subscription): boolean {
    const problem = this.#subscribeProblem(client, topic);
    if (problem) this.#refusals.report(client.id, `subscribe ${topic}`, `subscription to ${topic} refused: ${problem}`);
    return problem === undefined;
  }

  #subscribeProblem(client: Client, filter: string): string | undefined {
    if (filter.startsWith('$share/')) return 'shared subscriptions are not supported';
    const { identity } = client.conn;
    if (!identity || !this.#access.mayRead(identity, filter)) return 'it may not read there';
    return filterProblem(filter);
  }

  /** Routes a message, unless it comes from the journal and was routed there, just acknowledged. */
  #pass(packet: Packet, done: Done): void {
    const { routing } = packet;
    if (!routing) this.#route(packet, done);
    else if (routing.isDone) done();
    else routing.release = done;
  }

  #routeJournalled(packet: Packet): void {
    const routing: Packet['routing'] = { isDone: false };
    packet.routing = routing;
    this.#route(packet, () => {
      routing.isDone = true;
      routing.release?.();
    });
  }

  /** Keeps what must be kept, in this turn of the event loop, and delivers. `done` when receivers can take more. */
  #route(original: Packet, done: Done): void {
    const packet = new BrokerPacket(original, this.#aedes as unknown as { id: string; counter: number });
    const seconds = packet.properties?.messageExpiryInterval ?? 0;
    if (seconds > 0 && packet.messageExpiry === undefined) packet.messageExpiry = Date.now() + seconds * 1000;
    if (packet.retain) this.#persistence.retain(packet);
    if (packet.qos > 0) this.#persistence.enqueueForSessions(packet);
    this.#router.emit(packet, done);
  }
}

/** How a client is called in the log. */
function clientName({ connect, origin }: Guard): string {
  return connect?.clientId || (origin.address ?? `a client of the ${origin.listener} listener`);
}

function message(topic: string, payload: string | Buffer, options: PublishOptions): Packet {
  return {
    cmd: 'publish',
    topic,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    qos: options.qos ?? 0,
    retain: options.retain ?? false,
    dup: false,
    ...(options.userProperties && { properties: { userProperties: { ...options.userProperties } } }),
  };
}
