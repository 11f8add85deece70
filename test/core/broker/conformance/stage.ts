import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IConnackPacket, IConnectPacket, IPublishPacket, Packet } from 'mqtt-packet';
import { onTestFinished } from 'vitest';
import { nextFreePort } from '../../../../core/support/ports.ts';
import { temporaryFolder, waitFor } from '../../../support/hub.ts';
import { startBroker } from '../bed.ts';
import { type RawClient, rawClient } from '../raw-client.ts';

export type Version = 4 | 5;
export type QoS = 0 | 1 | 2;

/** One statement of the standard and what shows that it is kept. */
export interface Row {
  /** Its number in MQTT 5, and in 3.1.1 where that differs: `MQTT-3.3.5-1 / MQTT-3.3.5-1`. */
  readonly statement: string;
  readonly what: string;
  /** Both unless said. */
  readonly versions?: readonly Version[];
  readonly run: (stage: Stage) => Promise<void>;
}

export interface SubscribeOptions {
  readonly qos?: QoS;
  readonly rh?: 0 | 1 | 2;
  readonly rap?: boolean;
  readonly nl?: boolean;
  readonly identifier?: number;
}

/** A raw client with the few exchanges that every row is made of. */
export class Player {
  #id = 0;

  constructor(
    readonly raw: RawClient,
    private readonly version: Version,
  ) {}

  get messages(): IPublishPacket[] {
    return this.raw.packets.flatMap((packet) => (packet.cmd === 'publish' ? [packet] : []));
  }

  /** What it received, as `payload@qos`. */
  get heard(): string[] {
    return this.messages.map(({ payload, qos }) => `${payload}@${qos}`);
  }

  async next<Kind extends Packet['cmd']>(cmd: Kind, send: () => void): Promise<Extract<Packet, { cmd: Kind }>> {
    const before = this.raw.packets.filter((packet) => packet.cmd === cmd).length;
    send();
    const found = await this.raw.until(cmd, () => {
      const answer = this.raw.packets.filter((packet) => packet.cmd === cmd)[before];
      return answer ?? (this.raw.isClosed ? 'closed' : undefined);
    });
    if (found === 'closed') throw new Error(`the connection ended before ${cmd}`);
    return found as never;
  }

  /** SUBSCRIBE; answers the reason codes. */
  async subscribe(filters: string | readonly string[], options: SubscribeOptions = {}): Promise<number[]> {
    const { qos = 2, rh = 0, rap = false, nl = false, identifier } = options;
    const subscriptions = [filters].flat().map((topic) => ({ topic, qos, rh, rap, nl }));
    const properties = identifier === undefined ? {} : { properties: { subscriptionIdentifier: identifier } };
    const messageId = ++this.#id;
    const { granted } = await this.next('suback', () => {
      this.raw.send({ cmd: 'subscribe', messageId, subscriptions, ...properties } as Packet);
    });
    return granted as number[];
  }

  async unsubscribe(...unsubscriptions: string[]): Promise<number[]> {
    const messageId = ++this.#id;
    const answer = await this.next('unsuback', () => this.raw.send({ cmd: 'unsubscribe', messageId, unsubscriptions }));
    return (answer as { granted?: number[] }).granted ?? [];
  }

  /** PUBLISH to its end; answers the first acknowledgement's reason code. */
  async publish(topic: string, payload: string | Buffer, qos: QoS = 1, more: object = {}): Promise<number> {
    const messageId = ++this.#id;
    const send = () => this.raw.publish(topic, payload, qos, messageId, more);
    if (qos === 0) {
      send();
      await this.ping();
      return 0;
    }
    const { reasonCode = 0 } = await this.next(qos === 1 ? 'puback' : 'pubrec', send);
    if (qos === 2 && reasonCode < 0x80) {
      await this.next('pubcomp', () => this.raw.send({ cmd: 'pubrel', messageId } as Packet));
    }
    return reasonCode;
  }

  /** When this is answered, all that was on its way before has come. */
  async ping(): Promise<void> {
    await this.next('pingresp', () => this.raw.send({ cmd: 'pingreq' }));
  }

  /** Waits for so many messages. */
  async hears(count: number): Promise<IPublishPacket[]> {
    await this.raw.until(`${count} messages`, () => this.messages.length >= count);
    return this.messages;
  }

  /** Acknowledges messages as they come, to their end. */
  acknowledge(): this {
    const answer = (packet: Packet) => {
      const { messageId = 0 } = packet as { messageId?: number };
      if (packet.cmd === 'publish' && packet.qos === 1) this.raw.send({ cmd: 'puback', messageId } as Packet);
      if (packet.cmd === 'publish' && packet.qos === 2) this.raw.send({ cmd: 'pubrec', messageId } as Packet);
      if (packet.cmd === 'pubrel') this.raw.send({ cmd: 'pubcomp', messageId } as Packet);
    };
    for (const packet of this.raw.packets) answer(packet);
    this.raw.onPacket(answer);
    return this;
  }

  bytes(...bytes: number[]): void {
    this.raw.socket.write(Buffer.from(bytes));
  }

  /** The end of the connection; answers the DISCONNECT's reason code, if it got one. */
  async closed(): Promise<number | undefined> {
    await this.raw.closed();
    const last = this.raw.packets.findLast(({ cmd }) => cmd === 'disconnect');
    return (last as { reasonCode?: number } | undefined)?.reasonCode;
  }

  async disconnect(more: object = {}): Promise<void> {
    this.raw.send({ cmd: 'disconnect', reasonCode: 0, ...more } as Packet);
    await this.raw.closed();
  }

  /** Ends without a word, as a client that dies. */
  async vanish(): Promise<void> {
    this.raw.socket.destroy();
    await this.raw.closed();
  }

  get isModern(): boolean {
    return this.version === 5;
  }
}

/** A broker, and clients of one version for it. */
export class Stage {
  constructor(
    readonly address: string,
    readonly version: Version,
  ) {}

  /** A connection that said nothing yet. */
  async stranger(): Promise<Player> {
    return new Player(await rawClient(this.address, this.version), this.version);
  }

  /** Sends CONNECT; answers the CONNACK too, whatever it says. */
  async meet(clientId: string, options: Partial<IConnectPacket> = {}): Promise<[Player, IConnackPacket]> {
    const player = await this.stranger();
    const connack = await player.next('connack', () => player.raw.hello(clientId, options));
    return [player, connack];
  }

  async client(clientId: string, options: Partial<IConnectPacket> = {}): Promise<Player> {
    const [player, { returnCode, reasonCode }] = await this.meet(clientId, options);
    if (returnCode || reasonCode) throw new Error(`${clientId} was refused: ${returnCode ?? reasonCode}`);
    return player;
  }

  /** A client with a session that outlives its connection. */
  async lasting(clientId: string, options: Partial<IConnectPacket> = {}): Promise<[Player, IConnackPacket]> {
    const properties = this.version === 5 ? { properties: { sessionExpiryInterval: 600, ...options.properties } } : {};
    return this.meet(clientId, { clean: false, ...options, ...properties });
  }
}

/** A will as a CONNECT carries it. */
export function will(topic: string, payload: string, more: object = {}) {
  return { topic, payload: Buffer.from(payload), qos: 1 as const, retain: false, ...more };
}

/** The broker that the rows are about: ours, or with `CONFORMANCE=mosquitto` the one for comparison. */
export async function startServer(): Promise<string> {
  if (process.env['CONFORMANCE'] === 'mosquitto') return startMosquitto();
  const { broker } = await startBroker();
  return broker.address;
}

async function startMosquitto(): Promise<string> {
  const folder = await temporaryFolder();
  const port = await nextFreePort('127.0.0.1', 21_883);
  const config = join(folder, 'mosquitto.conf');
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_packet_size 1048576\n`);
  const child: ChildProcess = spawn('/usr/sbin/mosquitto', ['-c', config], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const address = `127.0.0.1:${port}`;
  await waitFor('mosquitto', async () => {
    try {
      (await rawClient(address)).socket.destroy();
      return true;
    } catch {
      return false;
    }
  });
  return address;
}
