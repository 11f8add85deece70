import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { BuildStatus } from '../../../plugins/ci/view.ts';
import { type CiHub, cloneOf, startCi } from '../../support/ci-hub.ts';
import { makeRootFileSystem } from '../../support/ci-image.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const run = promisify(execFile);

/** Kills of the hub in the crash test; more by this variable. */
const { CUPBOARD_CI_KILLS = '2' } = process.env;

const definitions = `
jobs:
  - {name: ok, node: bookworm, timeout: 60, run: "echo hello"}
  - {name: unit, node: bookworm, timeout: 60, run: "ls; ! test -e broken"}
projects:
  - {name: lamp, check: [unit], gate: [unit], post: [ok]}
`;

const builds = async ({ hub }: CiHub, query: string) =>
  (await hub.api<BuildStatus[]>('GET', `/plugins/ci/builds?${query}`)).body;

testNeeding(
  'root',
  'bwrap',
  'busybox',
  'git',
)('tests a pushed change in a fresh root file system and merges it when it is approved', async () => {
  const folder = await temporaryFolder();
  await makeRootFileSystem(join(folder, 'root'));
  const rootfs = join(folder, 'root.tar');
  await run('tar', ['-cf', rootfs, '-C', join(folder, 'root'), '.']);
  const ci = await startCi({ images: { bookworm: { rootfs, cron: false } }, repositories: { lamp: {} } }, definitions);

  expect(await ci.command('build-image', { image: 'bookworm', wait: true })).toMatchObject({
    ok: true,
    state: 'ready',
  });
  const answer = await ci.command('run', { job: 'ok', wait: true });
  expect(answer).toMatchObject({ ok: true, result: 'SUCCESS', log: expect.stringMatching(/\| hello$/m) });
  expect(await ci.command('log', { build: answer['build'] })).toMatchObject({ ok: true, log: answer['log'] });

  const { folder: clone, git } = await cloneOf(ci.repository('lamp'));
  const commit = async (file: string) => {
    await writeFile(join(clone, file), '');
    await git('add', '.');
    await git('commit', '-q', '-m', `Add ${file}`);
  };
  await commit('lamp.c');
  await git('push', '-q', 'hub', 'main');
  await waitFor('post', async () => (await builds(ci, 'pipeline=post&result=SUCCESS'))[0], 60);

  await commit('switch.c');
  await git('push', '-q', 'hub', 'HEAD:refs/for/main');
  const [checked] = await waitFor(
    'check',
    async () => {
      const found = await builds(ci, 'pipeline=check&result=SUCCESS');
      return found.length > 0 && found;
    },
    60,
  );
  expect(checked).toMatchObject({
    job: 'unit',
    project: 'lamp',
    change: 'hub:lamp/1,1',
    image: expect.stringMatching(/^bookworm-/),
  });
  expect(await ci.command('approve', { change: 'lamp/1' })).toMatchObject({ ok: true });
  await waitFor('the merge', async () => /switch\.c/.test(await tree(ci)), 60);

  await commit('broken');
  await git('push', '-q', 'hub', 'HEAD:refs/for/main');
  await ci.command('approve', { change: 'lamp/2' });
  await waitFor('the gate', async () => (await builds(ci, 'pipeline=gate&result=FAILURE'))[0], 60);
  await ci.idle();
  expect(await tree(ci)).not.toMatch(/broken/);
  expect(await ci.command('nodes')).toEqual({ ok: true, nodes: [] });
});

testNeeding('git')('loses no change and forgets no build when it is killed at any moment', async () => {
  const slow = definitions.replaceAll('run: "', 'run: "sleep 0.3; ');
  const ci = await startCi({ nodes: { mode: 'process' }, repositories: { lamp: {} } }, slow);
  await waitFor('the repository', async () => (await ci.command('nodes')).ok);
  const { folder, git } = await cloneOf(ci.repository('lamp'));
  await writeFile(join(folder, 'lamp.c'), '');
  await git('add', '.');
  await git('commit', '-q', '-m', 'Begin');
  await git('push', '-q', 'hub', 'main');

  const kills = Number(CUPBOARD_CI_KILLS);
  for (let round = 1; round <= kills; round++) {
    for (const half of ['a', 'b']) {
      await git('checkout', '-q', '-B', `work-${round}-${half}`, 'main');
      await writeFile(join(folder, `part-${round}-${half}.c`), '');
      await git('add', '.');
      await git('commit', '-q', '-m', `Part ${round} ${half}`);
      await git('push', '-q', 'hub', 'HEAD:refs/for/main');
      await ci.command('approve', { change: `lamp/${2 * round - (half === 'a' ? 1 : 0)}` });
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1500));
    await ci.hub.kill();
    await ci.start();
  }
  const parts = await waitFor(
    'every change to be merged',
    async () => {
      const found = (await tree(ci)).match(/part-\d+-[ab]\.c/g) ?? [];
      return found.length === 2 * kills && found;
    },
    60 + 10 * kills,
  );
  expect(new Set(parts).size).toBe(2 * kills);
  await ci.idle();
  const subjects = (await run('git', ['-C', ci.repository('lamp'), 'log', '--no-merges', '--format=%s', 'main']))
    .stdout;
  expect(subjects.trim().split('\n').sort()).toEqual([...new Set(subjects.trim().split('\n'))].sort());

  const all = await waitFor('every build to end', async () => {
    const found = await builds(ci, 'limit=500');
    return found.every(({ result }) => result !== null) && found;
  });
  // A build that a kill cut is no attempt, and its job did not fail.
  expect(all.filter(({ attempt }) => attempt > 1)).toEqual([]);
  expect(all.filter(({ result }) => result !== 'SUCCESS' && result !== 'ABORTED')).toEqual([]);
});

const tree = async (ci: CiHub) =>
  (await run('git', ['-C', ci.repository('lamp'), 'ls-tree', '--name-only', 'main'])).stdout;
