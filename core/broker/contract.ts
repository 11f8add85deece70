import type { Duplex } from 'node:stream';

/** Who is behind a connection. */
export type Identity =
  | { readonly kind: 'hub' }
  | { readonly kind: 'plugin'; readonly id: string }
  | { readonly kind: 'user'; readonly name: string; readonly role: 'admin' | 'viewer' }
  | { readonly kind: 'anonymous' };

/**
 * What a user may do on the broker beside what its role says: filters with `%u` for its name and `%c` for its client
 * id. Who has rules may read and write nothing else.
 */
export interface TopicRules {
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  readonly readwrite?: readonly string[];
}

/** A message as the hub's own parts see it. */
export interface HubMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  /** True when it was delivered from the retained store because of the subscription. */
  readonly retained: boolean;
  /** Of the message itself: was it published with the retain flag. */
  readonly retain: boolean;
  /** MQTT 5 user properties, if any. */
  readonly properties?: Readonly<Record<string, string | string[]>>;
}

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  /** Epoch ms at which the broker took it. */
  readonly time: number;
}

/** What a plugin may do on the broker while it runs. */
export interface PluginGrant {
  readonly id: string;
  /** Valid for the life of one process. */
  readonly token: string;
  readonly publishes: readonly string[];
  readonly subscribes: readonly string[];
  /** Commands of this plugin that only admins may send. */
  readonly adminCommands: readonly string[];
  /** Told when the plugin's session is up, and when it has ended: closed, lost, or silent for longer than its keepalive. */
  readonly onConnection?: (isConnected: boolean) => void;
}

export interface BrokerStats {
  readonly clients: number;
  readonly received: number;
  readonly sent: number;
  readonly retained: number;
  readonly retainedBytes: number;
  readonly queuedMessages: number;
  /** Messages of QoS 1 and 2 taken from publishers and not yet on disk, so not yet acknowledged. */
  readonly journalWaiting: number;
  /** Set while nothing can be stored, and therefore nothing acknowledged: `disk full`. */
  readonly problem?: string;
}

/** The broker as the rest of the hub knows it. */
export interface Broker {
  /** Restores state, routes the journal, sets statuses left behind offline; then opens the listeners. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** `127.0.0.1:1883`, with the port really taken. */
  readonly address: string;
  /** Unix socket for plugins: `<data>/run/mqtt.sock` or shorter. */
  readonly pluginSocket: string;
  /** `mqtt://127.0.0.1:PORT` of the loopback listener that takes only plugins. */
  readonly pluginUrl: string;
  /** Takes over a WebSocket connection (subprotocol mqtt) whose login is already checked; no address: over hub.sock. */
  accept(stream: Duplex, address: string | undefined, identity: Identity): void;
  /** Publishes as the hub. Resolves when routed and, for QoS >= 1 or retained, durable. */
  publish(topic: string, payload: string | Buffer, options?: PublishOptions): Promise<void>;
  /** Subscribes inside the hub process; retained messages first. The handler must not block. */
  subscribe(filter: string, handler: (message: HubMessage) => void): Promise<() => void>;
  retained(filter: string): readonly RetainedMessage[];
  /** Clears every retained message at or below `prefix` (`acurite` clears `acurite` and `acurite/#`). */
  clearTree(prefix: string): Promise<void>;
  /**
   * Names the ids whose trees are plugins' own, running or not: only the plugin publishes there, others only send
   * commands.
   */
  setPluginTrees(ids: readonly string[]): void;
  /** Lets `plugin:<id>` connect with its token on the plugin listeners; a second call replaces the grant. */
  admitPlugin(grant: PluginGrant): void;
  /** Refuses the plugin from now on and closes its connection. */
  expelPlugin(id: string): void;
  /** Sets the rules of users, by name; `anonymous` is who has none. Takes effect on live sessions. */
  setUserRules(rules: Readonly<Record<string, TopicRules>>): void;
  /** Closes the connections of a user that is gone or has another password. */
  expelUser(name: string): void;
  /** May this identity publish / subscribe / read here? Also used by HTTP's publish and topics routes. */
  mayPublish(identity: Identity, topic: string): boolean;
  mayRead(identity: Identity, topic: string): boolean;
  stats(): BrokerStats;
}

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly userProperties?: Readonly<Record<string, string>>;
}
