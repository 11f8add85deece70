import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { BrokerConfig } from '../config/contract.ts';
import { checkSocketPath } from '../support/data-dir.ts';
import { errorText, HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import { isLoopback, parseAddress } from '../support/ports.ts';
import type { HubStore } from '../support/store.ts';
import { Access } from './access.ts';
import type { Packet } from './aedes.ts';
import { Clients } from './clients.ts';
import type {
  Broker,
  BrokerStats,
  HubMessage,
  Identity,
  PluginGrant,
  PublishOptions,
  RetainedMessage,
} from './contract.ts';
import type { Publisher } from './journal.ts';
import { boundAddress, closed, isLocalAddress, listenTcp, listenUnix } from './listeners.ts';
import { Refusals } from './refusals.ts';
import { filterProblem, topicProblem } from './topics.ts';

export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly store: HubStore;
  readonly dataDir: string;
  readonly log: Logger;
  readonly authenticate: (user: string, password: string) => Promise<Identity | undefined>;
  /** Are there users who could log in? Without any, the broker stays on loopback. */
  readonly hasUsers: () => boolean;
}

export function createBroker(options: BrokerOptions): Broker {
  return new EmbeddedBroker(options);
}

class EmbeddedBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #access = new Access();
  readonly #refusals: Refusals;
  readonly #clients: Clients;
  /** The hub itself, as one of those who publish. */
  readonly #hub: Publisher = { unstored: 0 };
  readonly #connections = new Map<string, number>();
  readonly #servers: Server[] = [];
  address = '';
  pluginUrl = '';
  readonly pluginSocket: string;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.pluginSocket = join(options.dataDir, 'run', 'mqtt.sock');
    this.#refusals = new Refusals(options.log);
    this.#clients = new Clients({ ...options, access: this.#access, refusals: this.#refusals });
  }

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
    await this.#clients.start();
    this.#recover();
    await store.commit.durable();
    try {
      await this.#listen();
    } catch (error) {
      await this.stop();
      throw error;
    }
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
    const open = this.#servers.splice(0).map(closed);
    await this.#clients.stop();
    await Promise.all(open);
    if (!this.#options.store.problem) await this.#options.store.commit.durable();
  }

  /** What the last run left: accepted messages are routed, and nobody it said was online is. */
  #recover(): void {
    const { persistence, routing } = this.#clients;
    routing.replay();
    for (const will of persistence.takeWills()) routing.route(will);
    for (const { topic, payload, qos } of this.retained('+/status')) {
      if (payload.toString() === 'online') routing.route(message(topic, 'offline', { qos, retain: true }));
    }
  }

  async publish(topic: string, payload: string | Buffer, options: PublishOptions = {}): Promise<void> {
    const problem = topicProblem(topic);
    if (problem) throw new HubError('topic_invalid', `${topic}: ${problem}`);
    const packet = message(topic, payload, options);
    const { routing } = this.#clients;
    if (packet.qos > 0) return new Promise((resolve) => routing.store(this.#hub, packet, () => resolve()));
    await new Promise<void>((resolve) => routing.inTurn(this.#hub, resolve));
    routing.route(packet);
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
    this.#clients.routing.router.on(filter, receive);
    return () => void this.#clients.routing.router.removeListener(filter, receive);
  }

  retained(filter: string): readonly RetainedMessage[] {
    const found = this.#clients.persistence.retained.match(filter);
    return found.map(({ packet: { topic, payload, qos }, time }) => ({ topic, payload, qos, time }));
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
    this.#clients.rulesChanged();
  }

  expelPlugin(id: string): void {
    this.#access.revoke(id);
    this.#clients.find(`plugin:${id}`)?.close();
  }

  mayPublish(identity: Identity, topic: string): boolean {
    return topicProblem(topic) === undefined && this.#access.mayPublish(identity, topic);
  }

  mayRead(identity: Identity, topic: string): boolean {
    return this.#access.mayRead(identity, topic);
  }

  stats(): BrokerStats {
    const { traffic, persistence, routing } = this.#clients;
    const { problem } = this.#options.store;
    return {
      ...traffic,
      retained: persistence.retained.count,
      retainedBytes: persistence.retained.bytes,
      queuedMessages: persistence.queuedMessages,
      journalWaiting: routing.waiting,
      ...(problem !== undefined && { problem }),
    };
  }

  accept(stream: Duplex, request: IncomingMessage, identity: Identity): void {
    const address = request.socket.remoteAddress;
    this.#clients.add(stream, {
      listener: 'web',
      local: isLocalAddress(address),
      identity,
      ...(address && { address }),
    });
  }

  #connected(socket: Socket): void {
    const address = socket.remoteAddress ?? 'unknown';
    const present = this.#connections.get(address) ?? 0;
    const most = this.#options.config.limits.connections_per_address;
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
    this.#clients.add(socket, { listener: 'network', address, local: isLocalAddress(socket.remoteAddress) });
  }

  #pluginConnected(socket: Socket): void {
    this.#clients.add(socket, { listener: 'plugin', local: true });
  }
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
