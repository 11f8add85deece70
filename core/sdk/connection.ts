import { connect } from 'node:net';
import { MqttClient } from 'mqtt';
import { matches } from '../broker/topics.ts';
import { errorText, HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';

/** A message as it came in, before a plugin sees it. */
export interface Incoming {
  readonly topic: string;
  readonly text: string;
  readonly retained: boolean;
  readonly userProperties: Readonly<Record<string, string | string[]>>;
  readonly responseTopic: string | undefined;
  readonly correlationData: Buffer | undefined;
}

export interface PublishPacket {
  readonly retain?: boolean;
  readonly qos?: 0 | 1 | 2;
  readonly correlationData?: Buffer;
}

/** The plugin's MQTT 5 connection to the hub. Comes back by itself, with its subscriptions and what was not acknowledged. */
export interface Connection {
  publish(topic: string, payload: string | Uint8Array, options?: PublishPacket): Promise<void>;
  /** Answers the function that ends the subscription. @throws HubError `subscribe_denied` */
  subscribe(filter: string, handler: (message: Incoming) => void): Promise<() => Promise<void>>;
  /** Sets the retained `<id>/status`, also after every reconnection: the broker has published the will meanwhile. */
  announce(status: 'online' | 'offline'): Promise<void>;
  end(): Promise<void>;
}

const NOT_AUTHORIZED = 0x87;

/** Connects to the broker's plugin socket; resolves when the session is up. */
export async function openConnection(options: {
  readonly socket: string;
  readonly id: string;
  readonly token: string;
  readonly log: Logger;
}): Promise<Connection> {
  const { id, log } = options;
  const subscriptions = new Set<{ filter: string; handler: (message: Incoming) => void }>();
  const client = new MqttClient(() => connect(options.socket), {
    protocolVersion: 5,
    clientId: `plugin:${id}`,
    username: id,
    password: options.token,
    clean: true,
    keepalive: 30,
    reconnectPeriod: 250,
    // Lost connections lose QoS 0 messages by contract; kept, they would grow without limit.
    queueQoSZero: false,
    // The packet writer's cache of encoded numbers costs 20 MB a process.
    writeCache: false,
    timerVariant: 'native',
    will: { topic: `${id}/status`, payload: Buffer.from('offline'), qos: 1, retain: true },
  });
  client.on('error', (error) => log.warn(`connection to the broker: ${errorText(error)}`));
  client.on('message', (topic, payload, packet) => {
    const message: Incoming = {
      topic,
      text: payload.toString('utf8'),
      retained: packet.retain,
      userProperties: packet.properties?.userProperties ?? {},
      responseTopic: packet.properties?.responseTopic,
      correlationData: packet.properties?.correlationData,
    };
    for (const { filter, handler } of [...subscriptions]) if (matches(filter, topic)) handler(message);
  });
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  let isEnded = false;
  let status: string | undefined;
  const publishStatus = async () => {
    if (status !== undefined) await client.publishAsync(`${id}/status`, status, { retain: true, qos: 1 });
  };
  client.on('close', () => isEnded || log.debug('the connection to the broker is lost'));
  client.on('connect', () => {
    log.info('connected to the broker again');
    publishStatus().catch((error: unknown) => log.warn(errorText(error)));
  });

  return {
    async publish(topic, payload, { retain = false, qos = 1, correlationData } = {}) {
      // A disconnected client refuses QoS 0 with an error; such a message may be lost by contract.
      if (qos === 0 && !client.connected) return;
      const properties = correlationData ? { properties: { correlationData } } : {};
      try {
        await client.publishAsync(topic, payload as string | Buffer, { retain, qos, ...properties });
      } catch (error) {
        throw publishError(topic, error);
      }
    },

    async subscribe(filter, handler) {
      const subscription = { filter, handler };
      subscriptions.add(subscription);
      try {
        await client.subscribeAsync(filter, { qos: 1, rap: false });
      } catch (error) {
        subscriptions.delete(subscription);
        const advice = 'add it to "subscribes" of plugin.json, or name it in a config value with format topic-filter';
        throw new HubError('subscribe_denied', `the broker refused the subscription to ${filter}: ${advice}`, {
          cause: error,
        });
      }
      return async () => {
        const isLast =
          subscriptions.delete(subscription) && ![...subscriptions].some((other) => other.filter === filter);
        if (isLast && !isEnded) await client.unsubscribeAsync(filter);
      };
    },

    async announce(next) {
      status = next;
      await publishStatus();
    },

    async end() {
      isEnded = true;
      subscriptions.clear();
      await client.endAsync();
    },
  };
}

function publishError(topic: string, cause: unknown): HubError {
  const isDenied = (cause as { code?: unknown } | null)?.code === NOT_AUTHORIZED;
  return isDenied
    ? new HubError('publish_denied', `the broker refused ${topic}: add it to "publishes" of plugin.json`, { cause })
    : new HubError('publish_failed', `${topic} was not published: ${errorText(cause)}`, { cause });
}
