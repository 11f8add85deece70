import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hub, Message } from 'cupboard/sdk';
import { expect, onTestFinished, test } from 'vitest';
import type { BuildProgress, BuildRequest, Checkout, Job } from '../../../../plugins/ci/contract.ts';
import { LogStore } from '../../../../plugins/ci/logs/store.ts';
import { openLocal } from '../../../../plugins/ci/runner/open.ts';
import { Fences } from '../../../../plugins/ci/workers/fences.ts';
import { openLink } from '../../../../plugins/ci/workers/link.ts';
import { RemoteWorker } from '../../../../plugins/ci/workers/remote-worker.ts';
import { Worker } from '../../../../plugins/ci/workers/worker.ts';
import { emptyJob } from '../../../support/ci-job.ts';
import { temporaryFolder, waitFor } from '../../../support/hub.ts';

/** Longer than a busy machine may stop a test. */
const LEASE_MS = 20_000;
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A broker in memory that can be cut, and remembers what passed. */
class Wire {
  isCut = false;
  readonly payloads: string[] = [];
  readonly #handlers = new Map<string, (message: Message) => void | Promise<void>>();

  end(): Pick<Hub, 'publish' | 'subscribe' | 'log'> {
    return {
      log: quiet as unknown as Hub['log'],
      subscribe: async (filter, handler) => {
        this.#handlers.set(filter, handler);
        return async () => undefined;
      },
      publish: async (topic, payload) => {
        if (this.isCut) return;
        const text = String(payload);
        this.payloads.push(Buffer.from(text, 'base64').toString('latin1'));
        setImmediate(() => void this.#handlers.get(topic)?.({ topic, text, payload: text, retained: false }));
      },
    };
  }
}

function storeIn(folder: string): LogStore {
  return new LogStore({ folder, keepDays: 1, keepMb: 100, maxMb: 50 });
}

/** A scheduler's side and a worker with nodes of mode `process`, joined by a wire. */
async function pair(leaseMs = LEASE_MS) {
  const folder = await temporaryFolder();
  const wire = new Wire();
  const [toWorker, toScheduler] = [
    { topic: 'ci/worker/garage', direction: 'to worker' } as const,
    { topic: 'ci-2/worker', direction: 'to scheduler' } as const,
  ];
  const log = quiet as unknown as Hub['log'];
  const warnings: string[] = [];
  const sending = await openLink(wire.end(), 'a token', toWorker, toScheduler, (...message) =>
    remote.receive(...message),
  );
  const answering = await openLink(wire.end(), 'a token', toScheduler, toWorker, (...message) =>
    worker.receive(...message),
  );
  const logs = storeIn(join(folder, 'scheduler/builds'));
  const remote = new RemoteWorker({
    name: 'garage',
    leaseMs,
    fences: new Fences(join(folder, 'fence')),
    logs,
    folder: join(folder, 'scheduler/bundles'),
    artifactsMb: 10,
    send: sending,
    log: { ...log, warn: (text: string) => warnings.push(text) } as Hub['log'],
    changed: () => undefined,
  });
  const local = await openLocal({
    config: {
      nodes: { mode: 'process', max: 2, min_ready: {}, max_held: 1, disk_mb: 100 },
      console: { listen: false },
      logs: { keep_days: 1, keep_mb: 100, max_mb: 50 },
      artifacts_mb: 10,
    },
    dataDir: join(folder, 'worker'),
    images: { names: ['bookworm'], use: async () => undefined },
    log,
    tellNode: () => undefined,
    tellConsole: () => undefined,
  });
  const worker = new Worker({
    session: 1,
    runner: local.runner,
    logs: local.logs,
    folder: join(folder, 'worker/remote'),
    max: 2,
    images: () => ['bookworm'],
    send: answering,
    log,
  });
  const timer = setInterval(() => remote.tick(), leaseMs / 5);
  onTestFinished(async () => {
    clearInterval(timer);
    await worker.stop();
    await local.stop();
  });
  worker.start();
  await waitFor('the worker to be there', () => remote.isThere);
  return { folder, wire, remote, logs, local, warnings };
}

function requestOf(parts: Partial<Job>, more: Partial<BuildRequest> = {}): BuildRequest {
  const job = emptyJob('unit', { node: 'bookworm', network: true, ...parts });
  return {
    build: randomBytes(16).toString('hex'),
    attempt: 1,
    job,
    parameters: {},
    checkouts: [],
    secrets: {},
    ...more,
  };
}

async function textOf(logs: LogStore, build: string): Promise<string> {
  const view = await logs.view(build);
  const parts: Uint8Array[] = [];
  for await (const part of view?.read(0, view.size) ?? []) parts.push(part);
  return Buffer.concat(parts).toString();
}

const shell = (...lines: readonly string[]) => [{ name: 'shell', shell: `#!/bin/sh\n${lines.join('\n')}\n` }];
const forever = new AbortController().signal;

test('runs builds on a worker as if it were here: sources there, log and files back, nothing readable between', async () => {
  const { folder, wire, remote, logs, local } = await pair();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-C', folder, ...args])
      .toString()
      .trim();
  git('init', '-q', '-b', 'main', 'work');
  await writeFile(join(folder, 'work/big'), randomBytes(700_000).toString('hex'));
  git('-C', 'work', 'add', '.');
  git('-C', 'work', 'commit', '-qm', 'first');
  git('-C', 'work', 'tag', 'v1');
  git('clone', '-q', '--bare', 'work', 'lamp.git');
  const checkout = (): Checkout => {
    git('-C', 'work', 'commit', '-qm', 'change', '--allow-empty');
    git('-C', 'work', 'push', '-q', join(folder, 'lamp.git'), '+HEAD:refs/zuul/main/x');
    const commit = git('-C', 'work', 'rev-parse', 'HEAD');
    return { project: 'lamp', branch: 'main', repository: join(folder, 'lamp.git'), commit };
  };
  const told: BuildProgress[] = [];
  const body = shell(
    'git log --format=%s -1; git tag; git branch -r; echo "token is $TOKEN"',
    'mkdir out; echo kept > out/report; head -c 400000 big | tr -d "\\n" | fold -w 100',
    `echo '<testsuite><testcase name="a"/></testsuite>' > j.xml`,
  );
  const first = requestOf(
    { body, artifacts: ['out/**'], junit: ['j.xml'] },
    { checkouts: [checkout()], secrets: { TOKEN: 'hunter2-hunter2' } },
  );
  const outcome = await remote.run(first, forever, (progress) => told.push(progress));
  const text = await textOf(logs, first.build);
  expect(outcome, text.slice(0, 2000)).toEqual({
    result: 'SUCCESS',
    isIndeterminate: false,
    tests: { passed: 1, failed: 0, skipped: 0 },
  });
  expect(text).toMatch(
    /Given to worker garage.*\n.*\| \[ci\] Build .*\n.*\| change\n.*\| v1\n.*\| {3}origin\/main\n.*token is \*\*\*\n/,
  );
  expect(text.split('\n').filter((line) => /\| [0-9a-f]{100}$/.test(line))).toHaveLength(4000);
  expect(text).toMatch(/Result: SUCCESS\n$/);
  expect(await readFile(join(logs.folder(first.build), 'artifacts/out/report'), 'utf8')).toBe('kept\n');
  expect(told.map(({ state }) => state)).toEqual(['starting', 'starting', 'running', 'publishing']);
  expect(told[2]?.node).toMatch(/^garage\//);
  const passed = wire.payloads.join('');
  for (const secret of ['hunter2', 'git log', 'lamp']) expect(passed).not.toContain(secret);
  await waitFor(
    'the worker to forget the build',
    async () => (await readdir(join(local.logs.folder('x'), '..'))).length === 0,
  );

  // What the worker has need not come again.
  const before = wire.payloads.join('').length;
  const second = requestOf({ body: shell('git log --format=%s') }, { checkouts: [checkout()] });
  expect(await remote.run(second, forever, () => undefined)).toMatchObject({ result: 'SUCCESS' });
  expect(await textOf(logs, second.build)).toMatch(/\| change\n.*\| change\n.*\| first\n/);
  expect(wire.payloads.join('').length - before).toBeLessThan(200_000);
});

test('ends an aborted build on its worker before it says so', async () => {
  const { remote, logs, local } = await pair();
  const request = requestOf({ body: shell('echo begun; sleep 603') });
  const abort = new AbortController();
  const running = remote.run(request, abort.signal, () => undefined);
  await waitFor('its first line', async () => (await textOf(logs, request.build)).includes('| begun'));
  expect([remote.free, remote.max]).toEqual([1, 2]);
  abort.abort();
  expect(await running).toEqual({ result: 'ABORTED', isIndeterminate: false });
  expect(local.pool.nodes).toEqual([]);
  await waitFor('room', () => remote.free === 2);
});

test('takes a build for lost when its worker falls silent, and refuses what it says of it later', async () => {
  const { wire, remote, logs, local, warnings } = await pair(4000);
  const request = requestOf({ body: shell('echo begun; sleep 604') });
  const running = remote.run(request, forever, () => undefined);
  await waitFor('its first line', async () => (await textOf(logs, request.build)).includes('| begun'));
  wire.isCut = true;
  expect(await running).toEqual({
    result: 'NODE_FAILURE',
    isIndeterminate: true,
    reason: 'worker garage: the worker went silent',
  });
  expect(remote.free).toBe(0);
  // The worker ends it too, of its own accord.
  await waitFor('its node to be free', () => local.pool.nodes.every(({ state }) => state !== 'in-use'));
  wire.isCut = false;
  const again = requestOf({ body: shell('echo again') }, { build: request.build, attempt: 2 });
  await waitFor('the worker to be there again', () => remote.free === 2);
  expect(await remote.run(again, forever, () => undefined)).toMatchObject({ result: 'SUCCESS' });
  const log = await textOf(logs, request.build);
  expect(log).toMatch(/\| begun\n.*went silent\n/);
  expect(log).toMatch(/lease 2\n(.*\n)*.*\| again\n/);
  // It had ended in time, so nothing was late.
  expect(warnings).toEqual([expect.stringContaining('lease 1 is lost: the worker went silent')]);
});
