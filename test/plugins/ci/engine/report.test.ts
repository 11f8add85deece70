import { expect, it } from 'vitest';
import { buildParameters } from '../../../../plugins/ci/engine/parameters.ts';
import { durationText, makeReport } from '../../../../plugins/ci/engine/report.ts';
import type { Item } from '../../../../plugins/ci/scheduler/state.ts';
import type { BuildStatus } from '../../../../plugins/ci/view.ts';
import { emptyJob } from '../../../support/ci-job.ts';
import { changeOf, layoutOf, pipelineOf, useOf, World } from '../scheduler/world.ts';

/** The second of two changes in the gate, its builds begun. */
function secondItem(): Item {
  const world = new World(layoutOf(pipelineOf(), { lamp: [useOf('unit'), useOf('lint', { voting: false })] }));
  world.enqueue(changeOf(1));
  world.enqueue(changeOf(12, { patchset: '3' }));
  world.merge();
  const [, item] = world.scheduler.items();
  if (item === undefined) throw new Error('it did not enter');
  return item;
}

it('says how each job ended, with its page, and votes as the pipeline wants', () => {
  const item = secondItem();
  item.builds = {
    unit: { build: 'b1', attempt: 1, result: 'FAILURE' },
    lint: { build: 'b2', attempt: 1, result: 'SUCCESS' },
  };
  item.failing = ['unit: FAILURE'];
  const status = (build: string) => ({ duration: build === 'b1' ? 3_723_000 : 4000 }) as BuildStatus;
  const pipeline = pipelineOf({ report: { start: undefined, success: { Verified: 2 }, failure: { Verified: -2 } } });
  const report = makeReport(item, 'failure', pipeline, status, (build) => `https://hub/${build}`);
  expect(report.votes).toEqual({ Verified: -2 });
  expect(report.message.split('\n')).toEqual([
    'Build failed (gate pipeline): unit: FAILURE.',
    '',
    '- unit https://hub/b1 : FAILURE in 1h 02m 03s',
    '- lint https://hub/b2 : SUCCESS in 4s (non-voting)',
  ]);
});

it.each([
  [900, '1s'],
  [62_000, '1m 02s'],
])('writes %d ms as %s', (ms, text) => expect(durationText(ms)).toBe(text));

it('tells a build what it tests, as Zuul does', () => {
  const planned = { use: useOf('unit'), job: emptyJob('unit') };
  const parameters = buildParameters(secondItem(), planned, 'b0a1'.repeat(8));
  expect(parameters).toMatchObject({
    ZUUL_UUID: 'b0a1'.repeat(8),
    ZUUL_PROJECT: 'lamp',
    ZUUL_PIPELINE: 'gate',
    ZUUL_URL: '/git',
    ZUUL_VOTING: '1',
    ZUUL_BRANCH: 'main',
    ZUUL_CHANGE: '12',
    ZUUL_PATCHSET: '3',
    ZUUL_CHANGES: 'lamp:main:refs/changes/1^lamp:main:refs/changes/12',
    ZUUL_CHANGE_IDS: '1,1 12,3',
    ZUUL_REF: 'refs/zuul/main/Z2-1',
    BASE_LOG_PATH: '12/12/3',
    LOG_PATH: '12/12/3/gate/unit/b0a1b0a',
  });
});

it('tells a build of a moved branch from what to what', () => {
  const newrev = 'c0ffee'.padEnd(40, '0');
  const item = secondItem();
  item.change = changeOf(1, { kind: 'ref', ref: 'refs/heads/main', commit: newrev, oldrev: 'a'.repeat(40), newrev });
  expect(buildParameters(item, { use: useOf('unit'), job: emptyJob('unit') }, 'b')).toMatchObject({
    ZUUL_REFNAME: 'refs/heads/main',
    ZUUL_OLDREV: 'a'.repeat(40),
    ZUUL_NEWREV: newrev,
    ZUUL_REF: 'refs/heads/main',
    BASE_LOG_PATH: `c0/${newrev}`,
  });
});
