import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { buildDefinitions, type Definitions } from '../../../../plugins/ci/jobs/definitions.ts';
import { readFolder } from '../../../../plugins/ci/jobs/files.ts';
import { type DefinitionProblem, DefinitionsError, problemText } from '../../../../plugins/ci/jobs/problem.ts';

const shipped = await readFolder(fileURLToPath(new URL('../../../../plugins/ci/jobs/shipped', import.meta.url)));

const build = (text: string, more: Record<string, string> = {}): Definitions =>
  buildDefinitions(new Map(Object.entries({ 'x.yaml': text, ...more })), shipped);

/** The problems that definitions are refused with, as people see them. */
function refused(text: string, more: Record<string, string> = {}): string[] {
  try {
    build(text, more);
  } catch (error) {
    if (error instanceof DefinitionsError) return error.problems.map((each: DefinitionProblem) => problemText(each));
    throw error;
  }
  throw new Error('it was not refused');
}

const jobNames = ({ layout }: Definitions) => [...layout.jobs.keys()].filter((name) => name !== 'noop').sort();

test('the smallest file makes a job with every default', () => {
  const { layout } = build('jobs: [{name: ok, node: bookworm, timeout: 60, run: "echo hello"}]');
  expect(layout.jobs.get('ok')).toEqual({
    name: 'ok',
    node: 'bookworm',
    runner: 'local',
    timeout: 60,
    setup: [],
    body: [{ name: 'run', shell: 'echo hello' }],
    publishers: [],
    environment: {},
    secrets: {},
    requiredProjects: [],
    artifacts: [],
    junit: [],
    network: false,
    limits: { memoryMb: 2048, pids: 1024, cpus: 2, diskMb: 2048 },
    attempts: 3,
    trusted: true,
    origin: { file: 'x.yaml', line: 1 },
  });
});

test('every hub has check, gate, post and periodic, and the job noop', () => {
  const { layout } = build('');
  expect(layout.pipelines.map(({ name, manager, submit }) => [name, manager, submit])).toEqual([
    ['check', 'independent', false],
    ['gate', 'dependent', true],
    ['post', 'independent', false],
    ['periodic', 'independent', false],
  ]);
  expect(layout.jobs.get('noop')?.node).toBeUndefined();
});

test('a pipeline of the owner takes the place of the one that ships', () => {
  const { layout } = build('pipelines: [{name: check, trigger: [{event: patchset-created, branch: ^main$}]}]');
  const check = layout.pipelines.filter(({ name }) => name === 'check');
  expect(check).toMatchObject([{ triggers: [{ event: 'patchset-created', branch: '^main$' }], report: {} }]);
});

test('builders of Jenkins Job Builder are accepted, in its list form too', () => {
  const { layout } = build(`
- job:
    name: unit
    node: bookworm
    wrappers:
      - timeout: {timeout: 2}
    builders:
      - shell: make
      - shell: make check
    publishers:
      - archive: {artifacts: 'build/*.log, *.txt'}
      - junit: {results: 'report.xml'}
`);
  expect(layout.jobs.get('unit')).toMatchObject({
    timeout: 120,
    body: [{ shell: 'make' }, { shell: 'make check' }],
    artifacts: ['build/*.log', '*.txt'],
    junit: ['report.xml'],
    origin: { file: 'x.yaml', line: 2 },
  });
});

test('a project lists its jobs by pipeline; children need their parents, templates come first', () => {
  const { layout } = build(`
jobs:
  - {name: build, node: bookworm, run: make}
  - {name: unit, node: bookworm, run: make check, files: src/**}
  - {name: lamp-docs, node: bookworm, run: make html, voting: false}
project-templates:
  - {name: docs, check: ['{name}-docs', unit]}
projects:
  - name: home/lamp
    templates: [docs]
    check:
      - build: [unit]
    gate: [build, {unit: {files: [], needs: build, hold-following-changes: true}}]
`);
  const uses = layout.projects.get('home/lamp');
  const unit = { job: 'unit', voting: true, needs: ['build'], branches: [], skipFiles: [] };
  expect(uses?.get('check')).toMatchObject([
    { job: 'lamp-docs', voting: false },
    { ...unit, files: ['src/**'], holdFollowing: false },
    { job: 'build', needs: [] },
  ]);
  expect(uses?.get('gate')).toMatchObject([{ job: 'build' }, { ...unit, files: [], holdFollowing: true }]);
});

test('every job of a matrix is made, excluded ones are not, and its name stands for all of them', () => {
  const definitions = build(`
jobs:
  - name: unit
    node: '{suite}'
    matrix: {suite: [bookworm, trixie], python: [py3, pypy]}
    exclude: [{suite: trixie, python: pypy}]
    run: '{python} -m unittest; echo {{}}'
projects:
  - {name: lamp, check: [unit]}
`);
  expect(jobNames(definitions)).toEqual(['unit-bookworm-py3', 'unit-bookworm-pypy', 'unit-trixie-py3']);
  expect(definitions.layout.jobs.get('unit-trixie-py3')).toMatchObject({
    node: 'trixie',
    body: [{ shell: 'py3 -m unittest; echo {}' }],
  });
  expect(definitions.layout.projects.get('lamp')?.get('check')).toHaveLength(3);
});

test('problems name file, line and job, all of them at once', () => {
  expect(
    refused(`jobs:
  - name: one
    node: bookworm
    timeout: soon
    run: make
  - name: two
    node: bookworm
    rnu: make
`),
  ).toEqual([
    'x.yaml:4: job one: timeout: expected an integer from 1 to 604800, got "soon"',
    'x.yaml:8: job two: rnu: unknown key; did you mean "run"?',
  ]);
});
