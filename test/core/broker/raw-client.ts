import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import mqttPacket, { type IConnectPacket, type Packet } from 'mqtt-packet';
import { onTestFinished } from 'vitest';

/** A client without manners: sends any bytes, reads only when asked to. */
export class RawClient {
  readonly packets: Packet[] = [];
  isClosed = false;
  readonly #parser: mqttPacket.Parser;

  constructor(
    readonly socket: Socket,
    private readonly protocolVersion: 4 | 5,
  ) {
    this.#parser = mqttPacket.parser({ protocolVersion });
    this.#parser.on('error', (error) => socket.destroy(error));
    this.#parser.on('packet', (packet) => this.packets.push(packet));
    socket.on('data', (bytes) => this.#parser.parse(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** Waits for what a packet, or the end of the connection, will make true. */
  until<T>(what: string, probe: () => T | undefined | false, seconds = 20): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#parser.off('packet', look);
        this.socket.off('close', look);
      };
      const look = () => {
        const found = probe();
        if (found === undefined || found === false) return;
        end();
        resolve(found);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`waited ${seconds} s for ${what}`));
      }, seconds * 1000);
      this.#parser.on('packet', look);
      this.socket.on('close', look);
      look();
    });
  }

  onPacket(listener: (packet: Packet) => void): void {
    this.#parser.on('packet', listener);
  }

  send(packet: Packet): void {
    this.socket.write(mqttPacket.generate(packet, { protocolVersion: this.protocolVersion }));
  }

  /** Several packets in one piece, without waiting for answers. */
  sendTogether(...packets: Packet[]): void {
    this.socket.cork();
    for (const packet of packets) this.send(packet);
    this.socket.uncork();
  }

  hello(clientId: string, options: Partial<IConnectPacket> = {}): void {
    const { protocolVersion } = this;
    this.send({
      cmd: 'connect',
      clientId,
      protocolVersion,
      protocolId: 'MQTT',
      keepalive: 60,
      clean: true,
      ...options,
    });
  }

  publish(topic: string, payload: string | Buffer, qos: 0 | 1 | 2 = 0, messageId = 1, more: object = {}): void {
    this.send({ cmd: 'publish', topic, payload, qos, messageId, dup: false, retain: false, ...more });
  }

  subscribe(...topics: string[]): void {
    const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const, nl: false, rap: false, rh: 0 }));
    this.send({ cmd: 'subscribe', messageId: 9, subscriptions } as Packet);
  }

  /** The first packet of this kind. */
  answer<Kind extends Packet['cmd']>(cmd: Kind): Promise<Extract<Packet, { cmd: Kind }>> {
    return this.until(cmd, () => this.packets.find((packet) => packet.cmd === cmd)) as never;
  }

  closed(): Promise<boolean> {
    return this.until('the end of the connection', () => this.isClosed || undefined);
  }
}

/** Connects to `HOST:PORT`; says nothing yet. */
export async function rawClient(address: string, protocolVersion: 4 | 5 = 4): Promise<RawClient> {
  const [host, port] = address.split(':');
  const socket = connect({ host: host ?? '', port: Number(port) });
  onTestFinished(() => void socket.destroy());
  const client = new RawClient(socket, protocolVersion);
  await once(socket, 'connect');
  return client;
}

/** Connects and is admitted. */
export async function admitted(
  address: string,
  clientId: string,
  options: Partial<IConnectPacket> & { protocolVersion?: 4 | 5 } = {},
): Promise<RawClient> {
  const client = await rawClient(address, options.protocolVersion);
  client.hello(clientId, options);
  await client.answer('connack');
  return client;
}
