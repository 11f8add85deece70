/**
 * What the hub uses of aedes 2.0.0-beta.1 beyond its published types. Those leave out the parts that a broker with
 * its own delivery and guard needs; a new aedes is checked against this list and the tests.
 */
import type { Client as PublishedClient } from 'aedes';
import persistence from 'aedes-persistence';
import type { Guard } from './guard.ts';
import type { PacketParser } from './inbound.ts';

export type QoS = 0 | 1 | 2;

export interface Properties {
  [name: string]: unknown;
  userProperties?: Record<string, string | string[]>;
  responseTopic?: string;
  messageExpiryInterval?: number;
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
  clientId?: string;
  properties?: Properties | undefined;
  /** Epoch ms from which on it must not be delivered. */
  messageExpiry?: number;
  brokerId?: string | null;
  brokerCounter?: number;
  /** Set once it was routed from the journal; `release` waits until its receivers can take more. */
  routing?: { isDone: boolean; release?: () => void };
  /** Subscribers with "no local" do not get their own messages. */
  nl?: boolean;
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
  will?: Pick<Packet, 'topic' | 'payload' | 'qos' | 'retain' | 'properties'>;
}

/** Any packet of a client, as far as the hub looks at it. */
export interface InboundPacket {
  cmd: string;
  length?: number;
  qos?: QoS;
  messageId?: number | undefined;
  reasonCode?: number;
  subscriptions?: readonly Subscription[];
  unsubscriptions?: readonly string[];
}

/** aedes' way of calling back. */
export type Done = (error?: Error | null) => void;

export type Delivery = (packet: Packet, done: () => void) => void;

export interface Client extends Omit<PublishedClient, 'conn'> {
  conn: Guard;
  connackSent: boolean;
  subscriptions: Record<string, { qos: QoS; rap?: boolean; nl?: boolean }>;
  duplicates: Record<string, number>;
  deliver0: Delivery;
  deliverQoS: Delivery;
  _parser: PacketParser;
  /** Packets of the last read that are not yet dealt with; `_nextBatch` ends one. */
  _parsingBatch: number;
  _nextBatch: (error?: Error | null) => void;
  _keepaliveTimer: NodeJS.Timeout | null;
}

type PacketConstructor = new (original: Partial<Packet>, broker?: { id: string; counter: number }) => Packet;

/** aedes' own packet class: it numbers what passes the broker. */
export const BrokerPacket = (persistence as unknown as { Packet: PacketConstructor }).Packet;
