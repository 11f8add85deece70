import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { distFile } from '../../core/support/paths.ts';
import { nextFreePort } from '../../core/support/ports.ts';
import type { BenchRow } from './row.ts';

const MOSQUITTO = '/usr/sbin/mosquitto';
const PAYLOAD = Buffer.alloc(64, 'x');
const ROUNDS = 3;
/** Messages of QoS 1 under way. */
const WINDOW = 200;
/** What the publisher of QoS 0 writes at once. */
const BURST = 200;

export interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

interface Load {
  readonly name: string;
  readonly qos: 0 | 1;
  readonly subscribers: number;
  readonly messages: number;
  readonly target: string;
}

const LOADS: readonly Load[] = [
  { name: '1 publisher to 1 subscriber, QoS 0', qos: 0, subscribers: 1, messages: 200_000, target: '>= 1.5x' },
  {
    name: '1 to 1, QoS 1 (here on disk before the answer)',
    qos: 1,
    subscribers: 1,
    messages: 100_000,
    target: '>= 1.0x',
  },
  { name: '1 to 20, QoS 0', qos: 0, subscribers: 20, messages: 30_000, target: '>= 2x' },
];

/** Deliveries per second of the hub as shipped, beside a bare Mosquitto under the same load in turns. */
export async function run(): Promise<BenchRow[]> {
  const hub = await startHub();
  const mosquitto = existsSync(MOSQUITTO) ? await startMosquitto() : undefined;
  try {
    const rows: BenchRow[] = [];
    for (const load of LOADS) rows.push(await compare(load, hub, mosquitto));
    return rows;
  } finally {
    await Promise.all([hub.stop(), mosquitto?.stop()]);
  }
}

async function compare(load: Load, hub: Server, mosquitto: Server | undefined): Promise<BenchRow> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (mosquitto) theirs.push(await deliveriesPerSecond(mosquitto.port, load));
    ours.push(await deliveriesPerSecond(hub.port, load));
  }
  return {
    name: load.name,
    value: median(ours),
    unit: 'deliveries/s',
    target: load.target,
    ...(mosquitto && { ratioTo: { name: 'mosquitto', value: median(theirs) } }),
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The hub as shipped, on free ports; `prepare` may put something into its data directory first. */
export async function startHub(prepare: (dataDir: string) => Promise<void> = async () => undefined): Promise<Server> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cupboard-bench-'));
  await prepare(dataDir);
  const args = ['start', '--data', dataDir, '--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0'];
  const child = spawn(process.execPath, [distFile('cupboard.js'), ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(/mqtt=mqtt:\/\/[^:]+:(\d+)/.exec(line.toString())?.[1]);
  return { port, stop: () => stop(child, dataDir) };
}

async function startMosquitto(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'cupboard-bench-'));
  const port = await nextFreePort('127.0.0.1', 20_883);
  const config = join(folder, 'mosquitto.conf');
  // Without its default limit of 1000 waiting messages it would drop most of a burst instead of delivering it.
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nlog_type error\n`);
  const child = spawn(MOSQUITTO, ['-c', config], { stdio: 'ignore' });
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return { port, stop: () => stop(child, folder) };
  }
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  await rm(folder, { recursive: true, force: true });
}

async function deliveriesPerSecond(port: number, load: Load): Promise<number> {
  const topic = 'bench/load';
  const subscribers = await Promise.all(
    Array.from({ length: load.subscribers }, (_, index) => subscriber(port, `reader-${index}`, topic, load)),
  );
  const publisher = await client(port, 'writer');
  const start = performance.now();
  const published = load.qos === 0 ? publishFast(publisher, topic, load) : publishDurably(publisher, topic, load);
  await Promise.all([published, ...subscribers.map(({ complete }) => complete)]);
  const seconds = (performance.now() - start) / 1000;
  for (const { socket } of [{ socket: publisher }, ...subscribers]) socket.destroy();
  return (load.messages * load.subscribers) / seconds;
}

/** A packet of MQTT 3.1.1. */
export function encode(packet: Packet): Buffer {
  return mqttPacket.generate(packet, { protocolVersion: 4 });
}

function frame(topic: string, qos: 0 | 1, messageId: number): Buffer {
  return encode({ cmd: 'publish', topic, payload: PAYLOAD, qos, messageId, dup: false, retain: false });
}

/** A connection that is admitted. */
export async function client(port: number, clientId: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.write(
    encode({ cmd: 'connect', clientId, protocolVersion: 4, protocolId: 'MQTT', keepalive: 60, clean: true }),
  );
  await once(socket, 'data');
  return socket;
}

/** All frames of a load have one length, so they are counted and not parsed. */
async function subscriber(port: number, clientId: string, topic: string, { qos, messages }: Load) {
  const socket = await client(port, clientId);
  socket.write(encode({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] }));
  await once(socket, 'data');
  const size = frame(topic, qos, 1).length;
  const idAt = size - PAYLOAD.length - 2;
  const complete = new Promise<void>((resolve) => {
    let received = 0;
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      const count = Math.floor(bytes.length / size);
      if (qos === 1) socket.write(acknowledgements(bytes, count, size, idAt));
      rest = bytes.subarray(count * size);
      received += count;
      if (received >= messages) resolve();
    });
  });
  return { socket, complete };
}

function acknowledgements(bytes: Buffer, count: number, size: number, idAt: number): Buffer {
  const answer = Buffer.allocUnsafe(count * 4);
  for (let index = 0; index < count; index += 1) {
    answer[index * 4] = 0x40;
    answer[index * 4 + 1] = 2;
    bytes.copy(answer, index * 4 + 2, index * size + idAt, index * size + idAt + 2);
  }
  return answer;
}

async function publishFast(socket: Socket, topic: string, { messages }: Load): Promise<void> {
  const burst = Buffer.concat(Array.from({ length: BURST }, () => frame(topic, 0, 1)));
  for (let sent = 0; sent < messages; sent += BURST) if (!socket.write(burst)) await once(socket, 'drain');
}

function publishDurably(socket: Socket, topic: string, { messages }: Load): Promise<void> {
  const frames = Array.from({ length: 65_536 }, (_, id) => (id > 0 ? frame(topic, 1, id) : Buffer.alloc(0)));
  return new Promise((resolve) => {
    let sent = 0;
    let bytes = 0;
    const send = () => {
      const acknowledged = Math.floor(bytes / 4);
      const batch: Buffer[] = [];
      while (sent < messages && sent - acknowledged < WINDOW) batch.push(frames[(sent++ % 65_535) + 1] as Buffer);
      if (batch.length > 0) socket.write(Buffer.concat(batch));
      if (acknowledged >= messages) resolve();
    };
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      send();
    });
    send();
  });
}
