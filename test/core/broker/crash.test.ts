import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connect, connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { collect } from './bed.ts';

/** A broker that can be killed and comes back on the same port with the same data. */
class MortalBroker {
  readonly #dataDir: string;
  #address = '127.0.0.1:0';
  #child: ChildProcess | undefined;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    onTestFinished(() => this.kill());
  }

  get url(): string {
    return `mqtt://${this.#address}`;
  }

  async start(): Promise<void> {
    const script = fileURLToPath(new URL('broker-process.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, this.#dataDir, this.#address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    this.#address = line.toString().trim();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.signalCode !== null || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async killAndRestart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async connect(options: IClientOptions): Promise<MqttClient> {
    const client = await connectAsync(this.url, { reconnectPeriod: 0, ...options }, false);
    onTestFinished(() => client.endAsync(true));
    return client;
  }
}

async function mortalBroker(): Promise<MortalBroker> {
  const broker = new MortalBroker(await temporaryFolder());
  await broker.start();
  return broker;
}

/** A session that outlives its connection. */
const session = (clientId: string): IClientOptions => ({ clientId, clean: false });

test('after kill -9 every acknowledged message reaches the session it was meant for, in order', async () => {
  const broker = await mortalBroker();
  const subscriber = await broker.connect(session('archive'));
  await subscriber.subscribeAsync('readings/#', { qos: 1 });
  await subscriber.endAsync();
  const acknowledged: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const publisher = await broker.connect({});
    publisher.on('error', () => undefined);
    for (let index = 0; index < 2000; index += 1) {
      const number = round * 2000 + index;
      publisher.publish('readings/x', String(number), { qos: 1 }, (error) => error || acknowledged.push(number));
    }
    await waitFor('some acknowledgements', () => acknowledged.length > round * 600 + Math.random() * 500);
    await broker.killAndRestart();
  }
  const resumed = connect(broker.url, { ...session('archive'), reconnectPeriod: 0 });
  onTestFinished(() => resumed.endAsync(true));
  const received = collect(resumed);
  const numbers = () => received.map(({ payload }) => Number(payload));
  const last = Math.max(...acknowledged);
  await waitFor('the last acknowledged message', () => numbers().includes(last));
  const got = new Set(numbers());
  expect(acknowledged.filter((number) => !got.has(number))).toEqual([]);
  expect(numbers()).toEqual([...numbers()].sort((a, b) => a - b));
});

test('messages of QoS 2 arrive exactly once, however often the broker is killed on the way', async () => {
  const broker = await mortalBroker();
  const reconnecting = { reconnectPeriod: 50, connectTimeout: 5000 };
  const subscriber = await broker.connect({ ...session('subscriber'), ...reconnecting, resubscribe: false });
  const publisher = await broker.connect({ ...session('publisher'), ...reconnecting });
  for (const client of [subscriber, publisher]) client.on('error', () => undefined);
  const received = collect(subscriber);
  await subscriber.subscribeAsync('once', { qos: 2 });
  const count = 800;
  const complete = Array.from({ length: count }, (_, index) =>
    publisher.publishAsync('once', String(index), { qos: 2 }),
  );
  for (let kills = 0; kills < 3; kills += 1) {
    const seen = received.length;
    await waitFor('some messages', () => received.length > seen + Math.random() * 150 || received.length === count);
    await broker.killAndRestart();
  }
  await Promise.all(complete);
  await waitFor('all messages', () => received.length >= count, 30);
  expect(received.map(({ payload }) => Number(payload)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: count }, (_, index) => index),
  );
});

test('after kill -9 wills are published and nothing claims to be online', async () => {
  const broker = await mortalBroker();
  const keeper = await broker.connect({});
  await keeper.publishAsync('lamp/level', '7', { qos: 0, retain: true });
  await keeper.publishAsync('lamp/status', 'online', { qos: 1, retain: true });
  await broker.connect({ will: { topic: 'heater/alive', payload: Buffer.from('gone'), qos: 1, retain: true } });
  await broker.killAndRestart();
  const reader = await broker.connect({});
  const received = collect(reader);
  await reader.subscribeAsync('#');
  await waitFor('three retained messages', () => received.length === 3);
  expect(Object.fromEntries(received.map(({ topic, payload }) => [topic, payload]))).toEqual({
    'heater/alive': 'gone',
    'lamp/level': '7',
    'lamp/status': 'offline',
  });
});
