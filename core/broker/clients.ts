import type { Duplex } from 'node:stream';
import type { BrokerConfig } from '../config/contract.ts';
import { errorText } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import type { HubStore } from '../support/store.ts';
import type { Access } from './access.ts';
import { type AdmissionOptions, admit, ownerOf, Refused } from './admission.ts';
import type { Client, ConnectPacket, Done, Packet } from './aedes.ts';
import { correctConnack, farewell } from './connack.ts';
import type { Identity } from './contract.ts';
import { Delivery } from './delivery.ts';
import { Guard, type Origin } from './guard.ts';
import { InboundPackets } from './inbound.ts';
import type { Inbox } from './inbox.ts';
import type { Outbox } from './outbox.ts';
import { LivePersistence, Protocol, type ProtocolHooks } from './protocol.ts';
import { Breach, Reason } from './reasons.ts';
import type { Refusals } from './refusals.ts';
import type { Routing } from './routing.ts';
import { connectProblem } from './validity.ts';

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
  readonly authenticate: (user: string, password: string, address: string) => Promise<Identity | undefined>;
}

/** Everyone who is connected: who may come in, and what becomes of their sessions. */
export class Clients implements ProtocolHooks {
  readonly persistence: LivePersistence;
  readonly #options: ClientsOptions;
  readonly #delivery: Delivery;
  readonly #protocol: Protocol;
  readonly #outboxes = new WeakMap<Client, Outbox>();
  /** Connections whose session was there before them. */
  readonly #resumed = new WeakSet<Client>();
  readonly #startedAt = Date.now();
  #sweep: NodeJS.Timeout | undefined;
  #received = 0;

  constructor(options: ClientsOptions) {
    const { store, log, access, refusals } = options;
    this.#options = options;
    const limits = () => options.config.limits;
    this.persistence = new LivePersistence(store.commit, store.state, {
      queue: { messages: limits().queue_messages, bytes: limits().queue_bytes },
      onFull: (clientId) => this.#delivery.queueFull(clientId),
      onEnded: (clientId, filters, orphans) => this.#delivery.sessionEnded(clientId, filters, orphans),
      onUnreadable: (reason) => log.error(`hub.db: a row cannot be read and is left out: ${reason}`),
    });
    this.#delivery = new Delivery({
      limits,
      commit: store.commit,
      access,
      refusals,
      persistence: this.persistence,
      outboxOf: (clientId) => this.#outboxOf(clientId),
    });
    this.#protocol = new Protocol(limits(), this.persistence, this.routing, this);
  }

  get routing(): Routing {
    return this.#delivery.routing;
  }

  /** Packets that came and messages that went. */
  get traffic(): { clients: number; received: number; sent: number } {
    return { clients: this.#protocol.connectedClients, received: this.#received, sent: this.#delivery.sent };
  }

  async start(): Promise<void> {
    this.#delivery.restoreShares();
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

  /** To be called when rules change: what is allowed is asked again. */
  rulesChanged(): void {
    for (const client of Object.values(this.#protocol.clients)) this.#outboxes.get(client)?.forgetGrants();
  }

  /** Ends the connections of some; what they left is not theirs to lose. */
  closeWhere(isMeant: (identity: Identity) => boolean): void {
    for (const client of Object.values(this.#protocol.clients)) {
      const { identity } = client.conn;
      if (identity && isMeant(identity)) client.conn.refuse(new Breach(Reason.administrativeAction, 'its login ended'));
    }
  }

  /** Takes over a connection. */
  add(stream: Duplex, origin: Origin): void {
    const { limits } = this.#options.config;
    const guard: Guard = new Guard(stream, origin, {
      connectBytes: limits.connect_bytes,
      bytesPerSecond: limits.bytes_per_second,
      frozenMs: FROZEN_MS,
      waitingBytes: Math.max(WAITING_BYTES, 4 * limits.packet_bytes),
      onRefused: (reason) => this.#options.refusals.report(clientName(guard), 'guard', `disconnected: ${reason}`),
      farewell: (error) => farewell(client, error),
    });
    const client = this.#protocol.handle(guard) as unknown as Client;
    const outbox = this.#delivery.open(client);
    this.#outboxes.set(client, outbox);
    this.#inspectPackets(client, this.#delivery.inbox(outbox));
  }

  #outboxOf(clientId: string): Outbox | undefined {
    const client = this.find(clientId);
    return client && !client.closed ? this.#outboxes.get(client) : undefined;
  }

  /** Looks at packets before aedes does, and leaves to it what is about the connection. */
  #inspectPackets(client: Client, inbox: Inbox): void {
    const parser = client._parser;
    const [handle] = parser.listeners('packet');
    parser.removeAllListeners('packet');
    const inbound = new InboundPackets(parser, parser.parse.bind(parser), {
      version: () => client.version ?? 0,
      packetBytes: this.#options.config.limits.packet_bytes,
      onPacket: (packet) => {
        if (client.closed) return;
        this.#received += 1;
        if (client.connected && inbox.take(packet)) return;
        handle?.call(parser, packet);
      },
      onTooLarge: (bytes) => client.conn.refuse(new Breach(Reason.packetTooLarge, `packet too large: ${bytes} bytes`)),
    });
    parser.parse = (bytes) => inbound.parse(bytes);
  }

  // Coming and going

  connecting({ conn }: Client, packet: ConnectPacket): void {
    conn.connect = packet;
    const most = this.#options.config.limits.keepalive_seconds;
    // Told to the client in its CONNACK; those of 3.1.1 cannot be told.
    if (packet.protocolVersion === 5 && packet.keepalive > most) {
      conn.keepalive = most;
      packet.keepalive = most;
    }
  }

  async authenticate(client: Client, password: Buffer | undefined): Promise<void> {
    const { conn, id: clientId } = client;
    try {
      if (!conn.connect) throw new Refused(5, 'it sent no CONNECT');
      const problem = connectProblem(conn.connect);
      if (problem) {
        conn.refuse(problem);
        throw problem;
      }
      const applicant = {
        clientId,
        origin: conn.origin,
        connect: conn.connect,
        keepsSession: !client.clean,
        ...(password && { password }),
      };
      const identity = await admit(applicant, this.#admission);
      const owner = this.persistence.session(clientId)?.owner;
      if (owner !== undefined && owner !== ownerOf(identity)) await this.persistence.cleanSubscriptions(client);
      if (client._cleanStart) await this.#protocol.endWillDelay(clientId);
      conn.identity = identity;
    } catch (error) {
      if (error instanceof Refused) {
        this.#options.refusals.report(clientName(conn), error.message, `refused: ${error.message}`);
      }
      throw error;
    }
  }

  get #admission(): AdmissionOptions {
    const { access, authenticate, config } = this.#options;
    const { sessions } = config.limits;
    return {
      access,
      anonymous: () => config.anonymous,
      authenticate,
      connected: (clientId) => this.find(clientId)?.conn.identity,
      session: (clientId) => this.persistence.session(clientId),
      sessionsProblem: () =>
        this.persistence.sessionCount < sessions ? undefined : `broker.limits.sessions is reached (${sessions})`,
    };
  }

  registered(client: Client): void {
    if (this.persistence.session(client.id)) {
      this.#resumed.add(client);
      // An MQTT 5 client may take up a session that then ends with this connection.
      client.clean = false;
    }
    if (!client.clean) this.#keepSession(client);
  }

  ready(client: Client): void {
    const { conn } = client;
    const welcome = {
      sessionPresent: this.#resumed.has(client),
      ...(conn.keepalive !== undefined && { keepalive: conn.keepalive }),
    };
    conn.open((connack) => correctConnack(connack, client.version, welcome));
    const outbox = this.#outboxes.get(client);
    if (outbox) this.#delivery.resume(outbox);
    this.#tellPlugin(client, true);
  }

  disconnected(client: Client): void {
    const isOver = client.clean || client.sessionExpiryInterval === 0;
    const outbox = this.#outboxes.get(client);
    if (outbox) this.#delivery.leave(outbox, isOver);
    if (isOver) this.#endSession(client);
    else this.#keepSession(client);
    this.#tellPlugin(client, false);
  }

  checkWill(client: Client | null, will: Packet, done: Done): void {
    const refusal = client?.conn.identity && this.#delivery.checkWill(client, client.conn.identity, will);
    done(client?.conn.identity && !refusal ? null : new Refused(5, refusal?.reason ?? 'nobody left this will'));
  }

  broken(error: Error): void {
    this.#options.log.error(`the broker: ${error.message}`);
  }

  failed(client: Client, error: Error): void {
    // Told where it was refused; and of a connection that is gone, every packet under way says so once more.
    if (error instanceof Refused || error instanceof Breach || client.closed) return;
    const name = clientName(client.conn);
    if (/too large|queue limit|did not arrive/.test(error.message)) {
      this.#options.refusals.report(name, error.message, `disconnected: ${error.message}`);
    } else {
      this.#options.log.debug(`${name}: ${error.message}`);
    }
  }

  #tellPlugin({ conn: { identity } }: Client, isConnected: boolean): void {
    if (identity?.kind === 'plugin') this.#options.access.grantOf(identity.id)?.onConnection?.(isConnected);
  }

  // Sessions

  #keepSession({ id, conn, sessionExpiryInterval }: Client): void {
    const expiry = sessionExpiryInterval >= NEVER_EXPIRES ? null : sessionExpiryInterval;
    if (conn.identity) this.persistence.openSession(id, ownerOf(conn.identity), expiry);
  }

  #endSession({ id }: { id: string }): void {
    this.persistence.cleanSubscriptions({ id }).catch((error: unknown) => this.broken(new Error(errorText(error))));
  }

  #endExpiredSessions(): void {
    for (const [id, { expiry, seen }] of [...this.persistence.sessions()]) {
      if (expiry === null || this.find(id)) continue;
      if (Math.max(seen, this.#startedAt) + expiry * 1000 > Date.now()) continue;
      this.#endSession({ id });
    }
  }
}

/** How a client is called in the log. */
function clientName({ connect, origin }: Guard): string {
  return connect?.clientId || (origin.address ?? `a client of the ${origin.listener} listener`);
}
