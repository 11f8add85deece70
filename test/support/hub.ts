import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PluginRow } from '../../core/plugins/contract.ts';
import { distFile } from '../../core/support/paths.ts';

/** A hub that runs as users run it: the built command line, own data directory, free ports. */
export interface RunningHub {
  readonly dataDir: string;
  readonly http: string;
  readonly mqtt: string;
  readonly process: ChildProcess;
  /** Everything it wrote to stderr so far. */
  readonly output: () => string;
  /** Asks the API over hub.sock, as admin. */
  api<T = unknown>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
  /** kill -9. */
  kill(): Promise<void>;
}

/** A temporary folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cupboard-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Starts the built hub and waits for its `ready` line. `config` is the text of cupboard.yaml (JSON is YAML too). */
export async function startHub(
  options: {
    config?: object | string;
    dataDir?: string;
    args?: readonly string[];
    env?: NodeJS.ProcessEnv;
    /** What it is started through, such as `['ip', 'netns', 'exec', 'house']`. */
    within?: readonly string[];
  } = {},
): Promise<RunningHub> {
  const dataDir = options.dataDir ?? (await temporaryFolder());
  if (options.config !== undefined) {
    const text = typeof options.config === 'string' ? options.config : JSON.stringify(options.config, null, 2);
    await writeFile(join(dataDir, 'cupboard.yaml'), text);
  }
  const listen = ['--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0'];
  const argv = [
    process.execPath,
    distFile('cupboard.js'),
    'start',
    '--data',
    dataDir,
    ...listen,
    ...(options.args ?? []),
  ];
  const [program = '', ...args] = [...(options.within ?? []), ...argv];
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    return child.exitCode;
  };
  onTestFinished(async () => void (await end('SIGKILL')));
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ready = await readyLine(child, exited, () => output);
  return {
    dataDir,
    http: ready.http,
    mqtt: ready.mqtt,
    process: child,
    output: () => output,
    api: (method, path, body) => askSocket(join(dataDir, 'hub.sock'), method, path, body),
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  };
}

function readyLine(
  child: ChildProcess,
  exited: Promise<unknown>,
  output: () => string,
): Promise<{ http: string; mqtt: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const found = /^ready http=(\S+) mqtt=(\S+)$/m.exec(text);
      if (found?.[1] && found[2]) resolve({ http: found[1], mqtt: found[2] });
    });
    exited.then(() => reject(new Error(`the hub ended before it was ready:\n${output()}`)), reject);
  });
}

function askSocket<T>(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: T }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request({ socketPath, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        const isJson = /json/.test(response.headers['content-type'] ?? '');
        resolve({ status: response.statusCode ?? 0, body: (isJson ? JSON.parse(text) : text) as T });
      });
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Asks again until `probe` answers something; fails with `what` after `seconds`. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 20,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until the hub shows a plugin in a state; answers its row. */
export async function reaches(hub: RunningHub, id: string, state: string): Promise<PluginRow> {
  return waitFor(`${id} to be ${state}:\n${hub.output()}`, async () => {
    const { body } = await hub.api<PluginRow[]>('GET', '/api/v1/plugins');
    return body.find((row) => row.id === id && row.state === state);
  });
}

/** The payload of a retained topic. */
export async function retained(hub: RunningHub, topic: string): Promise<string | undefined> {
  const { body } = await hub.api<{ payload: string }[]>('GET', `/api/v1/topics?filter=${topic}`);
  return body[0]?.payload;
}
