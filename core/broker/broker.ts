import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { BrokerConfig } from '../config/contract.ts';
import { checkSocketPath } from '../support/data-dir.ts';
import { errorText, HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import { isLoopback, parseAddress } from '../support/ports.ts';
import type { HubStore } from '../support/store.ts';
import type { Tls } from '../tls/tls.ts';
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
  TopicRules,
} from './contract.ts';
import { Doorkeeper } from './doorkeeper.ts';
import type { Publisher } from './journal.ts';
import { boundAddress, closed, isLocalAddress, listenTcp, listenTls, listenUnix } from './listeners.ts';
import { Refusals } from './refusals.ts';
import { filterProblem, topicProblem } from './topics.ts';

export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly store: HubStore;
  readonly dataDir: string;
  /** For `broker.tls_listen`. */
  readonly tls?: Tls | undefined;
  readonly log: Logger;
  readonly authenticate: (user: string, password: string, address: string) => Promise<Identity | undefined>;
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
  readonly #door: Doorkeeper;
  readonly #servers: Server[] = [];
  address = '';
  pluginUrl = '';
  readonly pluginSocket: string;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.pluginSocket = join(options.dataDir, 'run', 'mqtt.sock');
    this.#refusals = new Refusals(options.log);
    this.#door = new Doorkeeper(() => options.config.limits);
    this.#clients = new Clients({ ...options, access: this.#access, refusals: this.#refusals });
  }

  async start(): Promise<void> {
    const { config, dataDir, hasUsers, store } = this.#options;
    const open = Object.entries({ 'broker.listen': config.listen, 'broker.tls_listen': config.tls_listen });
    for (const [key, address] of open) {
      if (!address || isLoopback(parseAddress(address)?.host ?? '') || hasUsers()) continue;
      throw new HubError(
        'listen_without_users',
        `${key}: ${address} can be reached from other machines, but there are no users yet. Create one with: cupboard users add NAME; or keep to 127.0.0.1`,
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
    const { tls, config } = this.#options;
    if (tls && config.tls_listen) {
      const secure = await listenTls(config.tls_listen, tls, (socket) => this.#connected(socket));
      this.#servers.push(secure);
      this.#options.log.info(`MQTT with TLS on mqtts://${boundAddress(secure)}`);
    }
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

  setUserRules(rules: Readonly<Record<string, TopicRules>>): void {
    this.#access.setUserRules(rules);
    this.#clients.rulesChanged();
  }

  expelUser(name: string): void {
    this.#clients.closeWhere(({ kind, ...who }) => kind === 'user' && 'name' in who && who.name === name);
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

  accept(stream: Duplex, address: string | undefined, identity: Identity): void {
    const origin = { listener: 'web', local: isLocalAddress(address), identity, ...(address && { address }) } as const;
    if (this.#admits(stream, address ?? 'hub.sock')) this.#clients.add(stream, origin);
  }

  #connected(socket: Socket): void {
    const address = socket.remoteAddress ?? 'unknown';
    const origin = { listener: 'network', address, local: isLocalAddress(socket.remoteAddress) } as const;
    if (this.#admits(socket, address)) this.#clients.add(socket, origin);
  }

  #admits(stream: Duplex, address: string): boolean {
    const refusal = this.#door.enter(address, address === 'hub.sock' || isLocalAddress(address));
    if (refusal === undefined) {
      stream.once('close', () => this.#door.leave(address));
      return true;
    }
    this.#refusals.report(address, 'connections', refusal);
    stream.on('error', () => undefined);
    stream.destroy();
    return false;
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
