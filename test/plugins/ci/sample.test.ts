import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Hub } from 'cupboard/sdk';
import { expect, test } from 'vitest';
import { openLayoutStore } from '../../../plugins/ci/jobs/store.ts';
import { markSimulated, writeSampleJobs } from '../../../plugins/ci/simulator.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { shipped } from './jobs/bed.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

test('the jobs of the sample are right and test its project', async () => {
  const data = await temporaryFolder();
  await writeSampleJobs(join(data, 'ci'));
  const { layout, problems } = await openLayoutStore({
    folder: join(data, 'ci'),
    shipped,
    merger: { readFile: async () => undefined },
    machines: new Set(),
    lastGood: join(data, 'definitions.json'),
    log: silent,
  });
  expect(problems).toEqual([]);
  const uses = [...(layout.projects.get('house') ?? [])].map(([pipeline, jobs]) => [
    pipeline,
    jobs.map(({ job }) => job),
  ]);
  expect(Object.fromEntries(uses)).toEqual({ check: ['lint', 'unit'], gate: ['lint', 'unit'], post: ['handbook'] });
  expect(layout.jobs.get('unit')?.body[0]?.shell).toContain(process.execPath);
});

test('the sample passes its own tests', async () => {
  const house = new URL('../../../plugins/ci/sample/house/tests', import.meta.url).pathname;
  // Named one by one: what a folder means to --test differs between versions of Node.
  const files = (await readdir(house)).map((file) => join(house, file));
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', ...files]);
  expect(stdout).toMatch(/# pass 3\n# fail 0/);
});

test('all that a sample publishes says that it is one', async () => {
  const sent: unknown[] = [];
  const keep = async (...all: readonly unknown[]) => void sent.push(all);
  const hub = markSimulated({ publish: keep, event: keep } as unknown as Hub);
  await hub.publish('ci/node/1', { state: 'ready' }, { retain: true });
  await hub.publish('ci/node/1', null, { retain: true });
  await hub.event('reported', { result: 'SUCCESS' });
  expect(sent).toEqual([
    ['ci/node/1', { state: 'ready', simulated: true }, { retain: true }],
    ['ci/node/1', null, { retain: true }],
    ['reported', { result: 'SUCCESS', simulated: true }],
  ]);
});
