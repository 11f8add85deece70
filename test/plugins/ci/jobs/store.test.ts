import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { Checkout } from '../../../../plugins/ci/contract.ts';
import { ConfigRepo } from '../../../../plugins/ci/jobs/config-repo.ts';
import { problemText } from '../../../../plugins/ci/jobs/problem.ts';
import { type LayoutStore, openLayoutStore, type StoreOptions } from '../../../../plugins/ci/jobs/store.ts';
import { watchFolder } from '../../../../plugins/ci/jobs/watch.ts';
import { createGit } from '../../../../plugins/ci/sources/git/git.ts';
import { temporaryFolder, waitFor } from '../../../support/hub.ts';
import { shipped } from './bed.ts';

const run = promisify(execFile);
const job = (name: string, more = '') => `{name: ${name}, node: bookworm, run: make${more}}`;
const jobsOf = ({ layout }: LayoutStore) => [...layout.jobs.keys()].filter((name) => name !== 'noop');

/** A data folder with definitions, and what is logged about them. */
async function bed() {
  const data = await temporaryFolder();
  const folder = join(data, 'ci');
  await mkdir(folder);
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const options: StoreOptions = {
    folder,
    shipped,
    merger: { readFile: async () => undefined },
    machines: new Set(),
    lastGood: join(data, 'definitions.json'),
    log: { debug: log, info: log, warn: log, error: log },
  };
  const write = (file: string, text: string) => writeFile(join(folder, file), text);
  return { data, folder, options, logged, write };
}

test('wrong definitions leave those before them in force, also over a restart', async () => {
  const { options, write, logged } = await bed();
  await write('a.yaml', `jobs: [${job('one')}]`);
  const store = await openLayoutStore(options);
  await write('b.yaml', 'jobs: [{name: two}]');
  await store.reload();
  expect(jobsOf(store)).toEqual(['one']);
  expect(store.problems.map(problemText)).toEqual([
    'b.yaml:1: job two: has nothing to run: expected run: a shell script, or builders',
  ]);
  expect(logged.join()).toContain('b.yaml:1: job two');

  const again = await openLayoutStore(options);
  expect(jobsOf(again)).toEqual(['one']);
  expect(again.problems).toHaveLength(1);

  await write('b.yaml', `jobs: [${job('two')}]`);
  await again.reload();
  expect([jobsOf(again), again.problems]).toEqual([['one', 'two'], []]);
});

test('a hub without definitions has its pipelines, and a folder for them', async () => {
  const { options, folder } = await bed();
  await rm(folder, { recursive: true });
  const store = await openLayoutStore(options);
  expect(store.layout.pipelines).toHaveLength(4);
  expect(store.problems).toEqual([]);
  await writeFile(join(folder, 'a.yaml'), '');
});

test('a saved file is in force without being asked for', async () => {
  const { options, folder, write } = await bed();
  const store = await openLayoutStore(options);
  const stop = await watchFolder(folder, () => void store.reload(), options.log);
  onTestFinished(stop);
  const layouts: string[] = [];
  store.onChange(() => layouts.push(store.layout.version));
  await write('a.yaml', `jobs: [${job('one')}]`);
  await waitFor('the job', () => jobsOf(store).includes('one'));
  expect(layouts).toEqual([store.layout.version]);
});

test('secrets come from their own file, for trusted jobs alone, and are never told', async () => {
  const { options, folder, write, logged, data } = await bed();
  await write('a.yaml', `jobs: [${job('one', ', secrets: {TOKEN: deploy}')}]`);
  const store = await openLayoutStore(options);
  expect(store.problems.map(problemText)).toEqual(['a.yaml:1: job one: secrets: no deploy in secrets.yaml']);
  await write('secrets.yaml', 'deploy: hunter2-hunter2\n');
  await chmod(join(folder, 'secrets.yaml'), 0o644);
  await store.reload();
  const one = store.layout.jobs.get('one')!;
  expect(store.secretsOf(one)).toEqual({ TOKEN: 'hunter2-hunter2' });
  expect(store.secretsOf({ ...one, trusted: false })).toEqual({});
  expect(logged.join()).toContain('can be read by others');
  await write('secrets.yaml', 'deploy: *hunter2-hunter2\n');
  await store.reload();
  expect(store.problems).toHaveLength(1);
  expect(store.secretsOf(one)).toEqual({ TOKEN: 'hunter2-hunter2' });
  const told = [logged, store.problems.map(problemText), await readFile(join(data, 'definitions.json'), 'utf8')];
  expect(told.join()).not.toContain('hunter2');
});

test('a push to the config_repo is in force after the next look, a bad one is not, and links are not followed', async () => {
  const { data, options, write } = await bed();
  const origin = join(data, 'origin');
  const git = (...args: string[]) =>
    run('git', ['-C', origin, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args]);
  const push = async (text: string) => {
    await writeFile(join(origin, 'jobs.yaml'), text);
    await git('add', '.');
    await git('commit', '-q', '-m', 'Change the jobs');
  };
  await run('git', ['init', '-q', '-b', 'main', origin]);
  await run('ln', ['-s', '/etc/hostname', join(origin, 'z.yaml')]);
  await push(`jobs: [${job('two')}]`);
  await write('a.yaml', `jobs: [${job('one')}]`);
  const settings = { url: origin, branch: 'main', poll_seconds: 5 };
  const configRepo = new ConfigRepo(settings, join(data, 'config-repo.git'), createGit());
  const store = await openLayoutStore({ ...options, configRepo });
  expect(jobsOf(store)).toEqual(['one', 'two']);

  await push(`jobs: [${job('one')}]`);
  await store.fetch();
  expect(store.problems.map(problemText)).toEqual([
    'config_repo:jobs.yaml:1: job one: name: defined before in a.yaml:1',
  ]);
  expect(jobsOf(store)).toEqual(['one', 'two']);

  await push(`jobs: [${job('three')}]`);
  await store.fetch();
  expect([jobsOf(store), store.problems]).toEqual([['one', 'three'], []]);

  await rm(origin, { recursive: true });
  const offline = await openLayoutStore({ ...options, configRepo });
  expect(jobsOf(offline)).toEqual(['one', 'three']);
});

test("a commit's own file is read once and laid over the definitions in force", async () => {
  const { options, write } = await bed();
  const asked: string[] = [];
  const files = new Map([
    ['c1', `jobs: [${job('own')}]`],
    ['c2', 'jobs: 1'],
  ]);
  const merger = {
    readFile: async ({ commit }: Checkout, path: string) => {
      asked.push(`${commit}:${path}`);
      return files.get(commit);
    },
  };
  const store = await openLayoutStore({ ...options, merger });
  const checkout = (commit: string) => ({ project: 'lamp', branch: 'main', repository: '/r', commit });
  expect((await store.layoutFor(checkout('c1'))).jobs.has('own')).toBe(true);
  expect(await store.layoutFor(checkout('c1'))).toBe(await store.layoutFor(checkout('c1')));
  expect(asked).toEqual(['c1:.cupboard-ci.yaml']);
  await expect(store.layoutFor(checkout('c2'))).rejects.toThrow('.cupboard-ci.yaml:1: expected a list behind jobs');
  expect(await store.layoutFor(checkout('c3'))).toBe(store.layout);

  await write('a.yaml', `jobs: [${job('one')}]`);
  await store.reload();
  expect((await store.layoutFor(checkout('c1'))).jobs.has('one')).toBe(true);
});

test('definitions can be tried out without being in force', async () => {
  const { options, write } = await bed();
  await write('a.yaml', `jobs: [${job('one')}]`);
  const store = await openLayoutStore(options);
  expect((await store.tryOut(`jobs: [${job('two')}]`)).jobs.has('one')).toBe(true);
  expect((await store.tryOut(`jobs: [${job('two')}]`, 'a.yaml')).jobs.has('one')).toBe(false);
  await expect(store.tryOut('jobs: 1', 'b.yaml')).rejects.toThrow('b.yaml:1: expected a list behind jobs');
  expect(store.tryChange(`jobs: [${job('own')}]`, 'lamp').jobs.get('own')?.trusted).toBe(false);
  expect(jobsOf(store)).toEqual(['one']);
});
