import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectAsync } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import { type RunningHub, startHub, waitFor } from '../../../support/hub.ts';
import { type Corpus, corpusOf, mutate, randomFrom } from './packets.ts';

// FUZZ_PACKETS=1000000 is the long mode; FUZZ_SEED repeats a run.

const PACKETS = Number(process.env['FUZZ_PACKETS'] ?? 50_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_123);
const PER_CONNECTION = 10;
const AT_ONCE = 24;
/** What queues, sessions and retained messages of the few names used here may come to, and what V8 leaves lying. */
const GROWTH_BYTES = 96 * 1024 * 1024;

test(
  `after ${PACKETS} packets, most of them broken, over TCP and WebSocket, the hub serves as before`,
  async () => {
    const hub = await startHub();
    const ways = [tcp, tcp, webSocket];
    const corpora = [corpusOf(4, SEED), corpusOf(5, SEED)];
    const random = randomFrom(SEED);
    let sent = 0;
    const run = async (until: number) => {
      const lane = async () => {
        while (sent < until) {
          const burst = burstOf(corpora[random(2)] as Corpus, random);
          sent += burst.length;
          await converse(await (ways[random(3)] as typeof tcp)(hub), burst);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
    };
    await run(PACKETS / 4);
    const before = residentBytes(hub);
    await run(PACKETS);
    expect(hub.process.exitCode).toBeNull();
    await waitFor('every connection to be gone', async () => {
      const { body } = await hub.api<string>('GET', '/metrics');
      return /^cupboard_broker_clients 0$/m.test(body);
    });
    expect(residentBytes(hub) - before).toBeLessThan(GROWTH_BYTES);
    expect(hub.output()).not.toMatch(/the broker: |TypeError|RangeError|at .*\.js:\d+/);
    const healthy = await connectAsync(hub.mqtt, { protocolVersion: 5, reconnectPeriod: 0 });
    onTestFinished(() => healthy.endAsync(true));
    const heard = new Promise<string>((resolve) => {
      healthy.on('message', (_topic, payload) => resolve(payload.toString()));
    });
    await healthy.subscribeAsync('health', { qos: 2 });
    await healthy.publishAsync('health', 'well', { qos: 2 });
    expect(await heard).toBe('well');
  },
  PACKETS * 5 + 60_000,
);

/** A CONNECT, mostly whole, and packets of which half are broken. */
function burstOf({ connects, packets }: Corpus, random: (below: number) => number): Buffer[] {
  const pick = (from: readonly Buffer[], brokenIn: number) => {
    const whole = from[random(from.length)] as Buffer;
    return random(brokenIn) === 0 ? mutate(whole, random) : whole;
  };
  return [pick(connects, 5), ...Array.from({ length: PER_CONNECTION - 1 }, () => pick(packets, 2))];
}

/** Sends all, in pieces cut anywhere, and waits for the end of the connection: who hangs on is stuck. */
async function converse({ stream, closed }: Connection, burst: readonly Buffer[]): Promise<void> {
  stream.on('error', () => undefined);
  stream.resume();
  const bytes = Buffer.concat(burst);
  const cut = Math.floor(bytes.length / 3);
  stream.write(bytes.subarray(0, cut));
  stream.write(bytes.subarray(cut));
  stream.end();
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`a connection (${stream.constructor.name}) did not end after ${bytes.toString('hex')}`)),
      30_000,
    );
  });
  await Promise.race([closed, stuck]);
  clearTimeout(timer);
}

interface Connection {
  readonly stream: Duplex;
  readonly closed: Promise<unknown>;
}

async function tcp(hub: RunningHub): Promise<Connection> {
  const { hostname, port } = new URL(hub.mqtt);
  const stream = connect({ host: hostname, port: Number(port) });
  const closed = ended(stream);
  await once(stream, 'connect');
  return { stream, closed };
}

/** Over hub.sock, which asks for no login. */
async function webSocket(hub: RunningHub): Promise<Connection> {
  const socket = new WebSocket(`ws+unix:${hub.dataDir}/hub.sock:/mqtt`, 'mqtt');
  // Not the stream's: when the hub closes first, ws may leave that one open for ever.
  const closed = ended(socket);
  await once(socket, 'open');
  return { stream: createWebSocketStream(socket), closed };
}

function ended(source: NodeJS.EventEmitter): Promise<unknown> {
  return new Promise((resolve) => {
    source.once('close', resolve);
  });
}

function residentBytes(hub: RunningHub): number {
  const status = readFileSync(`/proc/${hub.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}
