import { Readable } from 'node:stream';
import { Aedes, type AedesOptions } from 'aedes';
import type { BrokerConfig } from '../config/contract.ts';
import type { Client, ConnectPacket, Done, Packet, Subscription } from './aedes.ts';
import { HubPersistence } from './persistence.ts';
import type { Routing } from './routing.ts';

const CONNECT_MS = 10_000;
const PENDING_SESSIONS = 10_000;

/** What the hub decides for aedes. */
export interface ProtocolHooks {
  /** Rejects with Refused. */
  authenticate(client: Client, password: Buffer | undefined): Promise<void>;
  authorizePublish(client: Client | null, packet: Packet, done: Done): void;
  maySubscribe(client: Client, filter: string): boolean;
  /** Its session begins or goes on; its CONNACK comes next. */
  registered(client: Client): void;
  /** It may send and receive. */
  ready(client: Client): void;
  subscriptionsChanged(client: Client): void;
  disconnected(client: Client): void;
  failed(client: Client, error: Error): void;
  /** Something is wrong in the broker itself. */
  broken(error: Error): void;
}

/** The outbox resumes sessions, so there is nothing for aedes to send when one comes back. */
export class LivePersistence extends HubPersistence {
  override outgoingStream(): Readable {
    return Readable.from([]);
  }
}

/** aedes speaks the protocol; what becomes of clients and messages is decided by the hooks and the routing. */
export class Protocol extends Aedes {
  // Null prototypes: client ids are strangers' words.
  readonly clients: Record<string, Client> = Object.create(null);
  override readonly brokers = Object.create(null);

  constructor(
    limits: BrokerConfig['limits'],
    persistence: LivePersistence,
    private readonly routing: Routing,
    hooks: ProtocolHooks,
  ) {
    super({ ...aedesOptions(limits, hooks), mq: routing.router, persistence });
    const on = (event: string, listener: (...values: never[]) => void) => {
      (this as NodeJS.EventEmitter).on(event, listener as (...values: unknown[]) => void);
    };
    on('client', (client: Client) => hooks.registered(client));
    on('clientReady', (client: Client) => hooks.ready(client));
    on('clientDisconnect', (client: Client) => hooks.disconnected(client));
    for (const event of ['subscribe', 'unsubscribe']) {
      on(event, (_: unknown, client: Client) => hooks.subscriptionsChanged(client));
    }
    for (const event of ['clientError', 'connectionError']) {
      on(event, (client: Client, error: Error) => hooks.failed(client, error));
    }
    on('error', (error: Error) => hooks.broken(error));
  }

  override publish(packet: unknown, ...rest: unknown[]): void {
    const done = rest.at(-1);
    this.routing.pass(packet as Packet, typeof done === 'function' ? (done as Done) : () => undefined);
  }
}

/** From the hub's types to those that aedes publishes, which leave out half of what is there. */
function aedesOptions(limits: BrokerConfig['limits'], hooks: ProtocolHooks): AedesOptions {
  return {
    connectTimeout: CONNECT_MS,
    // The guard does this, and does it for one reader at a time.
    drainTimeout: 0,
    maximumPacketSize: limits.packet_bytes,
    receiveMaximum: Math.min(limits.inflight, 65_535),
    pendingSessionsLimit: PENDING_SESSIONS,
    preConnect: (client, packet, done) => {
      (client as unknown as Client).conn.connect = packet as unknown as ConnectPacket;
      done(null, true);
    },
    authenticate: (client, _username, password, done) => {
      hooks.authenticate(client as unknown as Client, password).then(
        () => done(null, true),
        (error: unknown) => done(error as Parameters<typeof done>[0], false),
      );
    },
    authorizePublish: (client, packet, done) => {
      hooks.authorizePublish(client as unknown as Client | null, packet as unknown as Packet, done);
    },
    authorizeSubscribe: (client, subscription, done) => {
      const { topic } = subscription as unknown as Subscription;
      done(null, hooks.maySubscribe(client as unknown as Client, topic) ? subscription : null);
    },
  };
}
