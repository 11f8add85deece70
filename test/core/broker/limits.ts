import type { BrokerConfig } from '../../../core/config/contract.ts';

/** Small enough that a test reaches them. */
export const LIMITS: BrokerConfig['limits'] = {
  packet_bytes: 1024 * 1024,
  connect_bytes: 64 * 1024,
  connect_seconds: 10,
  keepalive_seconds: 3600,
  connections_per_address: 100,
  connects_per_minute: 0,
  bytes_per_second: 0,
  inflight: 100,
  sessions: 100,
  subscriptions: 100,
  queue_messages: 1000,
  queue_bytes: 1024 * 1024,
  retained_count: 1000,
  retained_bytes: 1024 * 1024,
};
