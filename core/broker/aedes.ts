/**
 * What the hub uses of aedes 2.0.0-beta.1 beyond its published types. Those leave out the parts that a broker with
 * its own delivery and guard needs; a new aedes is checked against this list and the tests.
 */
import { Aedes, type AedesOptions, type Client as PublishedClient } from 'aedes';
import persistence from 'aedes-persistence';
import type { Guard } from './guard.ts';
import type { PacketParser } from './inbound.ts';

export type QoS = 0 | 1 | 2;

export interface Properties {
  [name: string]: unknown;
  userProperties?: Record<string, string | string[]>;
  responseTopic?: string;
  messageExpiryInterval?: number;
  topicAlias?: number;
  topicAliasMaximum?: number;
  subscriptionIdentifier?: number | number[];
  sessionExpiryInterval?: number;
  willDelayInterval?: number;
}

/** A message on its way through the broker. */
export interface Packet {
  cmd: 'publish';
  topic: string;
  payload: Buffer;
  qos: QoS;
  retain: boolean;
  dup: boolean;
  messageId?: number | undefined;
  /** Who published it; unset when the hub did. */
  clientId?: string | undefined;
  properties?: Properties | undefined;
  /** Epoch ms from which on it must not be delivered. */
  messageExpiry?: number | undefined;
  brokerId?: string | null;
  brokerCounter?: number;
}

/** The second half of a QoS 2 delivery. */
export interface Release {
  cmd: 'pubrel';
  messageId: number;
}

export interface Subscription {
  topic: string;
  qos: QoS;
  rh?: number;
  rap?: boolean;
  nl?: boolean;
  subscriptionIdentifier?: number;
}

export interface ConnectPacket {
  clientId: string;
  protocolVersion: number;
  keepalive: number;
  username?: string;
  password?: Buffer;
  properties?: Properties;
  will?: Pick<Packet, 'topic' | 'payload' | 'qos' | 'retain' | 'properties'>;
}

export type Will = Partial<Packet>;

/** Any packet of a client, as far as the hub looks at it. */
export interface InboundPacket {
  cmd: string;
  length?: number;
  qos?: QoS;
  messageId?: number | undefined;
  retain?: boolean;
  dup?: boolean;
  reasonCode?: number;
  properties?: Properties | undefined;
  subscriptions?: readonly Subscription[];
  unsubscriptions?: readonly string[];
}

/** aedes' way of calling back. */
export type Done = (error?: Error | null) => void;

export interface Client extends Omit<PublishedClient, 'conn'> {
  conn: Guard;
  connackSent: boolean;
  /** It wants to begin anew, whatever is left of its session. */
  _cleanStart: boolean;
  will: Will | null;
  /** Seconds it asked for when it connected. */
  _connectSessionExpiryInterval: number;
  _parser: PacketParser;
  /** Packets of the last read that are not yet dealt with; `_nextBatch` ends one. */
  _parsingBatch: number;
  _nextBatch: (error?: Error | null) => void;
  _keepaliveTimer: NodeJS.Timeout | null;
}

/** Methods that a subclass may take over, and the wills that wait for their delay. */
interface Internals {
  readonly delayedWills: ReadonlyMap<string, unknown>;
  registerClient(client: Client): void;
  unregisterClient(client: Client): void;
  clearDelayedWill(clientId: string): void;
}

export const AedesBroker = Aedes as unknown as new (options: AedesOptions) => Omit<Aedes, 'publish'> & Internals;

type PacketConstructor = new (original: Partial<Packet>, broker?: { id: string; counter: number }) => Packet;

/** aedes' own packet class: it numbers what passes the broker. */
export const BrokerPacket = (persistence as unknown as { Packet: PacketConstructor }).Packet;
