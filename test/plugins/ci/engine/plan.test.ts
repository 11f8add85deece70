import { expect, it } from 'vitest';
import type { Change, JobUse } from '../../../../plugins/ci/contract.ts';
import { planJobs } from '../../../../plugins/ci/engine/plan.ts';
import { changeOf, layoutOf, pipelineOf, useOf } from '../scheduler/world.ts';

const planned = (uses: readonly JobUse[], change: Partial<Change> = {}) =>
  planJobs(layoutOf(pipelineOf(), { lamp: uses }), 'gate', changeOf(1, change)).map(({ use }) => use.job);

it('leaves out jobs for other branches, and what needs them', () => {
  const uses = [useOf('unit', { branches: ['^stable/'] }), useOf('pages', { needs: ['unit'] }), useOf('lint')];
  expect(planned(uses)).toEqual(['lint']);
  expect(planned(uses, { branch: 'stable/1' })).toEqual(['unit', 'pages', 'lint']);
});

it('runs a job only where one of its files is touched', () => {
  const uses = [useOf('unit', { files: ['src/**', '.config'] })];
  expect(planned(uses, { files: ['src/a/b.c'] })).toEqual(['unit']);
  expect(planned(uses, { files: ['.config'] })).toEqual(['unit']);
  expect(planned(uses, { files: ['doc/a.md'] })).toEqual([]);
});

it('leaves a job out where all files are to be skipped, but never for a change without files', () => {
  const uses = [useOf('unit', { skipFiles: ['doc/**'] })];
  expect(planned(uses, { files: ['doc/a.md', 'doc/b.md'] })).toEqual([]);
  expect(planned(uses, { files: ['doc/a.md', 'a.c'] })).toEqual(['unit']);
  expect(planned(uses, { files: [] })).toEqual(['unit']);
  expect(planned(uses)).toEqual(['unit']);
});

it('knows no jobs of a project without any', () => {
  expect(planned([useOf('unit')], { project: 'oven' })).toEqual([]);
});
