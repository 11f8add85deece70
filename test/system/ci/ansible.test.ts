import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { AnsibleRunner } from '../../../plugins/ci/ansible/runner.ts';
import { StaticPool } from '../../../plugins/ci/ansible/static-pool.ts';
import type { BuildRequest, Checkout, Job } from '../../../plugins/ci/contract.ts';
import { LogStore } from '../../../plugins/ci/logs/store.ts';
import type { AnsiblePlay } from '../../../plugins/ci/view.ts';
import { emptyJob } from '../../support/ci-job.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { type SshNode, startSshNode } from '../../support/ssh-node.ts';

const testAnsible = testNeeding('ansible-playbook', 'sshd', 'git');
const SECRET = 'hunter2-öffne{{ dich }}';

const step = (shell: string, name = 'shell') => ({ name, shell });

const jobOf = (parts: Partial<Job>): Job => emptyJob('unit', { node: 'garage', runner: 'ansible', ...parts });

async function bench(nodes: Readonly<Record<string, SshNode>>) {
  const folder = await temporaryFolder();
  const logs = new LogStore({ folder: join(folder, 'logs'), keepDays: 1, keepMb: 100, maxMb: 10 });
  const settings = Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, node.settings]));
  const pool = new StaticPool(settings, () => undefined);
  const callbacks = join(import.meta.dirname, '../../../plugins/ci/ansible/callback');
  const runner = new AnsibleRunner({ nodes: pool, logs, artifactsMb: 10, callbacks, hub: folder });
  return {
    pool,
    runner,
    async run(parts: Partial<Job>, more: Partial<BuildRequest> = {}, signal = new AbortController().signal) {
      const build = more.build ?? randomBytes(16).toString('hex');
      const request: BuildRequest = {
        build,
        attempt: 1,
        job: jobOf(parts),
        parameters: {},
        checkouts: [],
        secrets: {},
        ...more,
      };
      const outcome = await runner.run(request, signal, () => undefined);
      const log = await textOf(logs, build);
      return { build, outcome, log, folder: logs.folder(build) };
    },
    logOf: (build: string) => textOf(logs, build),
  };
}

async function textOf(logs: LogStore, build: string): Promise<string> {
  const view = await logs.view(build);
  const parts: Uint8Array[] = [];
  for await (const part of view?.read(0, view.size) ?? []) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Processes that a build left on this machine. */
const leftOf = (build: string) =>
  spawnSync('sh', ['-c', `grep -ls BUILD_ID=${build} /proc/[0-9]*/environ`], { encoding: 'utf8' }).stdout;

async function repository(project: string, folder: string): Promise<Checkout> {
  const path = join(folder, `${project}.git`);
  const work = join(folder, project);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' }).trim();
  git('init', '-q', '-b', 'main', work);
  await writeFile(join(work, 'README'), `this is ${project}\n`);
  git('-C', work, 'add', '.');
  git('-C', work, 'commit', '-qm', project);
  git('clone', '-q', '--bare', work, path);
  return { project, branch: 'main', repository: path, commit: git('-C', work, 'rev-parse', 'HEAD') };
}

testAnsible('runs a job by three playbooks on a static node and brings its files back', async () => {
  const garage = await startSshNode();
  const { run } = await bench({ garage });
  const checkouts = [
    await repository('lamp', await temporaryFolder()),
    await repository('lib', await temporaryFolder()),
  ];
  const trap = join(garage.home, 'trap');
  const { build, outcome, log, folder } = await run(
    {
      setup: [step('git status --porcelain; git log --format=%s; cat lib/README', 'look {{ around }}')],
      body: [
        step(
          `#!/bin/sh
echo "secret is $TOKEN"; echo "tricky is $TRICKY"; pwd; mkdir -p out/deep; echo kept > out/deep/report.txt
printf '%s' "$TOKEN" > out/token; ln -s /etc/passwd out/link; setsid sleep 600 & 
echo '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>' > junit.xml`,
        ),
      ],
      publishers: [step('echo published $RESULT')],
      artifacts: ['out/**'],
      junit: ['*.xml'],
    },
    { checkouts, parameters: { TRICKY: `{{ lookup('pipe', 'touch ${trap}') }}` }, secrets: { TOKEN: SECRET } },
  );
  expect(outcome, log).toEqual({
    result: 'SUCCESS',
    isIndeterminate: false,
    tests: { passed: 1, failed: 1, skipped: 0 },
  });
  expect(log).toMatch(/\| lamp\n.*\| \+ cat lib\/README\n.*\| this is lib/);
  expect(log).toContain('secret is ***');
  expect(log).toContain("tricky is {{ lookup('pipe'");
  expect(log).toContain('published SUCCESS');
  expect(existsSync(trap), 'a parameter was taken for a template').toBe(false);
  expect((await readdir(join(folder, 'artifacts'), { recursive: true })).sort()).toEqual([
    'out',
    'out/deep',
    'out/deep/report.txt',
    'out/token',
  ]);
  expect(await readFile(join(folder, 'artifacts/out/token'), 'utf8')).toBe('***');
  const plays: AnsiblePlay[] = JSON.parse(await readFile(join(folder, '_ansible/plays.json'), 'utf8'));
  expect(plays.map(({ playbook, name, tasks }) => [playbook, name, tasks.map((task) => task.name).join()])).toEqual([
    ['setup', 'Job setup', expect.stringMatching(/^Copy the scripts,Copy lamp,Check out lamp.*,look {{ around }}$/)],
    ['body', 'Job body', 'shell'],
    ['publishers', 'Publishers', 'shell'],
  ]);
  expect(plays[1]?.tasks[0]?.hosts['garage']).toMatchObject({ result: 'changed', duration: expect.any(Number) });
  const search = spawnSync('grep', ['-r', '-e', 'hunter2', join(folder, '_ansible')], { encoding: 'utf8' });
  expect([search.status, search.stdout], 'a secret is kept').toEqual([1, '']);
  expect(await readdir(garage.home, { recursive: true }), 'something is left on the node').toEqual(['.cupboard-ci']);
  expect(leftOf(build)).toBe('');
});

testAnsible('runs on several nodes at once, ends with the first failure and publishes all the same', async () => {
  const [web, db] = [await startSshNode(), await startSshNode()];
  const { run } = await bench({ web, db });
  const { outcome, log, folder } = await run({
    nodes: { front: 'web', back: 'db' },
    body: [
      step('echo "I am $NODE_NAME of $NODES"; echo $NODE_NAME > name'),
      step('[ $NODE_NAME = front ]'),
      step('echo never'),
    ],
    publishers: [step('echo told $RESULT')],
    artifacts: ['name'],
  });
  expect(outcome, log).toEqual({ result: 'FAILURE', isIndeterminate: false, reason: 'shell: exit code 1' });
  expect(log).toContain('| front | I am front of front=127.0.0.1 back=127.0.0.1\n');
  expect(log).toContain('| back | I am back of front=127.0.0.1 back=127.0.0.1\n');
  expect(log).toContain('| back | told FAILURE');
  expect(log).not.toContain('never');
  expect(await readFile(join(folder, 'artifacts/back/name'), 'utf8')).toBe('back\n');
});

testAnsible('tells a failed setup, a timeout, an abort and a lost node apart', async () => {
  const [one, two] = [await startSshNode(), await startSshNode()];
  const { run, logOf, pool } = await bench({ one, two });
  const until = async (build: string, text: string) => {
    await waitFor(text, async () => (await logOf(build)).includes(text));
  };

  const setup = await run({ node: 'one', setup: [step('exit 7', 'prepare')], body: [step('echo body ran')] });
  expect(setup.outcome).toEqual({ result: 'FAILURE', isIndeterminate: true, reason: 'setup: prepare: exit code 7' });
  expect(setup.log).not.toContain('body ran');

  const [aborted, lost] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const abort = new AbortController();
  const body = [step('#!/bin/sh\necho begun; sleep 602')];
  const running = Promise.all([
    run({ node: 'one', body }, { build: aborted }, abort.signal),
    run({ node: 'two', body }, { build: lost }),
  ]);
  await Promise.all([until(aborted, '| begun'), until(lost, '| begun')]);
  expect(pool.nodes.map(({ state }) => state)).toEqual(['in-use', 'in-use']);
  abort.abort();
  two.kill();
  const [first, second] = await running;
  expect(first.outcome).toEqual({ result: 'ABORTED', isIndeterminate: false });
  expect(second.outcome).toMatchObject({ result: 'NODE_FAILURE', isIndeterminate: true });
  expect(pool.nodes.map(({ state }) => state)).toEqual(['ready', 'ready']);
  expect(leftOf(aborted)).toBe('');

  // What the lost build left goes with the next build there.
  expect(leftOf(lost)).not.toBe('');
  await two.start();
  const late = await run({
    node: 'two',
    timeout: 1,
    body: [step('sleep 601', 'slow')],
    publishers: [step('echo told $RESULT')],
  });
  expect(late.outcome).toEqual({ result: 'TIMED_OUT', isIndeterminate: false, reason: 'slow: no end within 1 s' });
  expect(late.log).toContain('told TIMED_OUT');
  for (const build of [late.build, lost]) expect(leftOf(build)).toBe('');
  for (const { home } of [one, two]) expect(await readdir(join(home, '.cupboard-ci'))).toEqual([]);
});

testAnsible('does not talk to a node that shows another key', async () => {
  const [node, other] = [await startSshNode(), await startSshNode()];
  const imposter = { ...node, settings: { ...node.settings, host_key: other.settings.host_key } };
  const { run } = await bench({ garage: imposter });
  const { outcome } = await run({ body: [step('echo body ran')] });
  expect(outcome).toEqual({
    result: 'NODE_FAILURE',
    isIndeterminate: true,
    reason: 'node garage: Host key verification failed.',
  });
  expect(existsSync(join(node.home, '.cupboard-ci'))).toBe(false);
});
