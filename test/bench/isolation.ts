import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { client, encode, type Server, startHub } from './broker.ts';
import type { BenchRow } from './row.ts';

const PROBES = 600;
const EVERY_MS = 5;
/** Stamp of a probe: its number. */
const STAMP_BYTES = 4;
const TOPIC = 'isolation/probe';
const TARGET = '<= 2x';
const LOAD = fileURLToPath(new URL('isolation-load.ts', import.meta.url));

interface Disturbance {
  readonly name: string;
  /** Begins; answers how to end it. */
  readonly begin: (hub: Server) => Promise<() => Promise<void>>;
}

const DISTURBANCES: readonly Disturbance[] = [
  { name: 'a client floods', begin: (hub) => load('flood', hub) },
  { name: 'a reader freezes', begin: (hub) => load('freeze', hub) },
];

/** How late messages between two others arrive, 99 of 100, while one client or plugin misbehaves. */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const hub = await startHub();
  try {
    await p99(hub);
    for (const { name, begin } of DISTURBANCES) {
      const quiet = await p99(hub);
      const end = await begin(hub);
      const disturbed = await p99(hub);
      await end();
      rows.push(row(name, disturbed, quiet));
    }
  } finally {
    await hub.stop();
  }
  rows.push(await spinningPlugin());
  return rows;
}

function row(name: string, value: number, quiet: number): BenchRow {
  return {
    name: `p99 of others while ${name}`,
    value,
    unit: 'ms',
    target: TARGET,
    ratioTo: { name: 'quiet', value: quiet },
  };
}

async function spinningPlugin(): Promise<BenchRow> {
  const quietHub = await startHub();
  await p99(quietHub);
  const quiet = await p99(quietHub).finally(() => quietHub.stop());
  const hub = await startHub(async (dataDir) => {
    const folder = join(dataDir, 'plugins', 'spinner');
    await mkdir(folder, { recursive: true });
    const manifest = {
      id: 'spinner',
      name: 'Spinner',
      version: '1.0.0',
      description: 'never lets go of its thread',
      license: 'MIT',
      hub: '1',
      main: 'index.js',
    };
    await writeFile(join(folder, 'plugin.json'), JSON.stringify(manifest));
    await writeFile(join(folder, 'index.js'), 'export default async () => setTimeout(() => { for (;;); }, 100);\n');
  });
  const spinning = await p99(hub).finally(() => hub.stop());
  return row('a plugin spins', spinning, quiet);
}

async function load(kind: 'flood' | 'freeze', { port }: Server): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', LOAD, kind, String(port)], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  // It has to compile and connect before it disturbs anybody.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return async () => {
    child.kill('SIGKILL');
    await exited;
  };
}

/** The delay, ms, that 99 of 100 messages between two clients stay below. */
async function p99({ port }: Server): Promise<number> {
  const reader = await client(port, 'probe-reader');
  reader.write(encode({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: TOPIC, qos: 0 }] }));
  await once(reader, 'data');
  const writer = await client(port, 'probe-writer');
  writer.resume();
  const sent: number[] = [];
  const delays: number[] = [];
  const frame = (stamp: Buffer) =>
    encode({ cmd: 'publish', topic: TOPIC, payload: stamp, qos: 0, dup: false, retain: false });
  const size = frame(Buffer.alloc(STAMP_BYTES)).length;
  const complete = new Promise<void>((resolve) => {
    let rest: Buffer = Buffer.alloc(0);
    reader.on('data', (chunk: Buffer) => {
      rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      for (; rest.length >= size; rest = rest.subarray(size)) {
        const number = rest.readUInt32BE(size - STAMP_BYTES);
        delays.push(performance.now() - (sent[number] as number));
      }
      if (delays.length === PROBES) resolve();
    });
  });
  for (let number = 0; number < PROBES; number += 1) {
    const stamp = Buffer.alloc(STAMP_BYTES);
    stamp.writeUInt32BE(number);
    sent.push(performance.now());
    writer.write(frame(stamp));
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  await complete;
  for (const socket of [reader, writer]) socket.destroy();
  return delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.99)] ?? 0;
}
