import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';
import { type BrokerOptions, createBroker } from '../../../core/broker/broker.ts';
import type { Broker } from '../../../core/broker/contract.ts';
import type { BrokerConfig } from '../../../core/config/contract.ts';
import { createLogger, type LogEntry } from '../../../core/support/log.ts';
import { type HubStore, openHubStore } from '../../../core/support/store.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { LIMITS } from './limits.ts';

export interface Bed {
  readonly broker: Broker;
  readonly store: HubStore;
  readonly dataDir: string;
  readonly log: readonly LogEntry[];
  /** Lines of the log, for looking something up in. */
  logged(): string;
  connect(options?: IClientOptions): Promise<MqttClient>;
  /** Ends broker and store; the data stays for another bed. */
  stop(): Promise<void>;
}

export interface BedOptions {
  readonly dataDir?: string;
  readonly limits?: Partial<BrokerConfig['limits']>;
  readonly broker?: Partial<Omit<BrokerOptions, 'config'>> & { readonly config?: Partial<BrokerConfig> };
  /** Called between creating and starting. */
  readonly prepare?: (broker: Broker) => void | Promise<void>;
}

/** A real broker on free ports over a real hub.db, gone when the test ends. */
export async function startBroker(options: BedOptions = {}): Promise<Bed> {
  const dataDir = options.dataDir ?? (await temporaryFolder());
  await mkdir(join(dataDir, 'run'), { recursive: true });
  const log: LogEntry[] = [];
  const logger = createLogger('hub', (entry) => log.push(entry));
  const store = await openHubStore(join(dataDir, 'hub.db'), logger);
  const { config, ...rest } = options.broker ?? {};
  const broker = createBroker({
    config: { listen: '127.0.0.1:0', anonymous: true, rules: {}, ...config, limits: { ...LIMITS, ...options.limits } },
    store,
    dataDir,
    log: logger,
    authenticate: async () => undefined,
    hasUsers: () => false,
    ...rest,
  });
  await options.prepare?.(broker);
  const clients: MqttClient[] = [];
  let stopped: Promise<void> | undefined;
  const end = async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    await broker.stop();
    await store.close();
  };
  const stop = () => {
    stopped ??= end();
    return stopped;
  };
  onTestFinished(stop);
  await broker.start();
  return {
    broker,
    store,
    dataDir,
    log,
    logged: () => log.map(({ message }) => message).join('\n'),
    async connect(client = {}) {
      const connected = await connectAsync(`mqtt://${broker.address}`, { reconnectPeriod: 0, ...client }, false);
      clients.push(connected);
      return connected;
    },
    stop,
  };
}

export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly userProperties?: object | undefined;
}

/** Collects what a client gets. */
export function collect(client: MqttClient): Received[] {
  const received: Received[] = [];
  client.on('message', (topic, payload, { qos, retain, dup, properties }) => {
    received.push({ topic, payload: payload.toString(), qos, retain, dup, userProperties: properties?.userProperties });
  });
  return received;
}
