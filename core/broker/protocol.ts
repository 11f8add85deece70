import { Readable } from 'node:stream';
import type { AedesOptions } from 'aedes';
import type { BrokerConfig } from '../config/contract.ts';
import { AedesBroker, type Client, type ConnectPacket, type Done, type Packet, type Subscription } from './aedes.ts';
import { TOPIC_ALIASES } from './inbox.ts';
import { completed } from './packets.ts';
import { HubPersistence } from './persistence.ts';
import type { Routing } from './routing.ts';

const PENDING_SESSIONS = 10_000;

/** What the hub decides for aedes. */
export interface ProtocolHooks {
  /** Its CONNECT is here; nothing was decided. */
  connecting(client: Client, packet: ConnectPacket): void;
  /** Rejects with Refused. */
  authenticate(client: Client, password: Buffer | undefined): Promise<void>;
  /** May the will of this client be published? */
  checkWill(client: Client | null, will: Packet, done: Done): void;
  /** Its session begins or goes on; its CONNACK comes next. */
  registered(client: Client): void;
  /** It may send and receive. */
  ready(client: Client): void;
  disconnected(client: Client): void;
  failed(client: Client, error: Error): void;
  /** Something is wrong in the broker itself. */
  broken(error: Error): void;
}

/** Messages and subscriptions are not aedes' business: there is nothing for it to bring back to a session. */
export class LivePersistence extends HubPersistence {
  override outgoingStream(): Readable {
    return Readable.from([]);
  }

  override async subscriptionsByClient(): Promise<Subscription[]> {
    return [];
  }
}

/**
 * aedes leads connections: CONNECT, keepalive, takeover, wills and their delay, the end of sessions. What clients send
 * each other goes through Inbox, Routing and Outbox.
 */
export class Protocol extends AedesBroker {
  // Null prototypes: client ids are strangers' words.
  readonly clients: Record<string, Client> = Object.create(null);
  override readonly brokers = Object.create(null);
  /** Wills and aedes' own announcements, as those of one publisher. */
  readonly #publisher = { unstored: 0 };

  constructor(
    limits: BrokerConfig['limits'],
    private readonly state: LivePersistence,
    private readonly routing: Routing,
    hooks: ProtocolHooks,
  ) {
    super({ ...aedesOptions(limits, hooks), mq: routing.router, persistence: state });
    const on = (event: string, listener: (...values: never[]) => void) => {
      (this as NodeJS.EventEmitter).on(event, listener as (...values: unknown[]) => void);
    };
    on('client', (client: Client) => hooks.registered(client));
    on('clientReady', (client: Client) => hooks.ready(client));
    on('clientDisconnect', (client: Client) => hooks.disconnected(client));
    for (const event of ['clientError', 'connectionError']) {
      on(event, (client: Client, error: Error) => hooks.failed(client, error));
    }
    on('error', (error: Error) => hooks.broken(error));
  }

  publish(packet: unknown, ...rest: unknown[]): void {
    const last = rest.at(-1);
    const done = typeof last === 'function' ? (last as Done) : () => undefined;
    const message = completed(packet as Partial<Packet>);
    if (message.qos > 0) this.routing.store(this.#publisher, message, done);
    else this.routing.route(message, done);
  }

  /** A session that begins anew ends the one before, and with it the delay of its will (MQTT-3.1.2-8). */
  async endWillDelay(clientId: string): Promise<void> {
    const present = this.clients[clientId];
    if (present?.will?.properties) present.will.properties.willDelayInterval = 0;
    if (!this.delayedWills.has(clientId)) return;
    this.clearDelayedWill(clientId);
    const will = await this.state.delWill({ id: clientId });
    if (will) this.publish(will);
  }

  /** aedes would register what was closed while its CONNECT was being dealt with, and never let go of it. */
  override registerClient(client: Client): void {
    if (!client.closed) super.registerClient(client);
  }

  /** aedes goes by the id alone: a connection that was never registered would take another's place with it. */
  override unregisterClient(client: Client): void {
    if (this.clients[client.id] === client) super.unregisterClient(client);
  }
}

/** From the hub's types to those that aedes publishes, which leave out half of what is there. */
function aedesOptions(limits: BrokerConfig['limits'], hooks: ProtocolHooks): AedesOptions {
  return {
    connectTimeout: limits.connect_seconds * 1000,
    // The guard does this, and does it for one reader at a time.
    drainTimeout: 0,
    maximumPacketSize: limits.packet_bytes,
    receiveMaximum: Math.min(limits.inflight, 65_535),
    topicAliasMaximum: TOPIC_ALIASES,
    pendingSessionsLimit: PENDING_SESSIONS,
    preConnect: (client, packet, done) => {
      hooks.connecting(client as unknown as Client, packet as unknown as ConnectPacket);
      done(null, true);
    },
    authenticate: (client, _username, password, done) => {
      hooks.authenticate(client as unknown as Client, password).then(
        () => done(null, true),
        (error: unknown) => done(error as Parameters<typeof done>[0], false),
      );
    },
    authorizePublish: (client, packet, done) => {
      hooks.checkWill(client as unknown as Client | null, packet as unknown as Packet, done);
    },
  };
}
