import { expect, test } from 'vitest';
import { overlay } from '../../../../plugins/ci/jobs/overlay.ts';
import { build, refusal } from './bed.ts';

const owner = build(`
macros: [{name: prepare, builders: [{shell: make deps}]}]
job-templates: [{name: '{name}-lint', node: bookworm, run: make lint}]
jobs:
  - {name: unit, node: bookworm, run: make check}
  - {name: deploy, node: bookworm, run: ./deploy, secrets: {TOKEN: deploy_token}}
projects:
  - {name: lamp, check: [unit], post: [deploy]}
  - {name: radio, check: [unit]}
`);
const change = (text: string) => overlay(owner, 'lamp', text, new Set(['pi']));
const job = (keys: string) => `jobs: [{name: own, node: bookworm, run: make, ${keys}}]`;

test('a repository adds jobs to its own project, with macros and templates of the owner, none of them trusted', () => {
  const layout = change(`
jobs:
  - {name: own, node: bookworm, builders: [prepare, {shell: make}]}
projects:
  - jobs: ['{name}-lint']
    check: [lamp-lint, {own: {needs: unit}}]
`);
  expect(layout.jobs.get('own')).toMatchObject({ trusted: false, body: [{ shell: 'make deps' }, { shell: 'make' }] });
  expect(layout.jobs.get('lamp-lint')).toMatchObject({ trusted: false });
  expect(layout.jobs.get('unit')).toBe(owner.layout.jobs.get('unit'));
  const uses = layout.projects.get('lamp');
  expect(uses?.get('check')?.map(({ job: name, needs }) => [name, needs])).toEqual([
    ['unit', []],
    ['lamp-lint', []],
    ['own', ['unit']],
  ]);
  expect(uses?.get('post')).toEqual(owner.layout.projects.get('lamp')?.get('post'));
  expect(layout.projects.get('radio')).toBe(owner.layout.projects.get('radio'));
  expect(owner.layout.jobs.has('own')).toBe(false);
});

test.each([
  ['secrets', job('secrets: {TOKEN: deploy_token}'), "secrets: only the hub owner's own jobs have secrets"],
  ['a network', job('network: true'), "network: only if the hub owner's defaults have it"],
  ['more memory', job('limits: {memory-mb: 999999}'), "limits: 999999 is more than the hub owner's defaults give"],
  ['a machine', 'jobs: [{name: own, node: pi, run: make}]', 'node: pi is a machine'],
  ['a machine among several', 'jobs: [{name: own, nodes: {a: bookworm, b: pi}, run: make}]', 'node: pi is a machine'],
  [
    "a job of the owner's",
    'jobs: [{name: unit, node: bookworm, run: "true"}]',
    "a job of this name is the hub owner's",
  ],
  ["a macro of the owner's", 'macros: [{name: prepare, builders: []}]', "a macro of this name is the hub owner's"],
  [
    "a template's defaults",
    'defaults: {secrets: {T: deploy_token}}\nprojects: [{jobs: ["{name}-lint"]}]',
    'secrets: only',
  ],
  ['a pipeline', 'pipelines: [{name: check, trigger: []}]', "pipelines are the hub owner's"],
  ['another project', 'projects: [{name: radio, check: [unit]}]', 'this is the repository of lamp'],
  ['a job with secrets', 'projects: [{check: [deploy]}]', 'job deploy: has secrets'],
  ["the owner's own use", 'projects: [{check: [{unit: {voting: false}}]}]', 'job unit: is set by the hub'],
  [
    'a regular expression that may take for ever',
    'projects: [{gate: [{unit: {branches: (a+)+$}}]}]',
    'branches: (a+)+$',
  ],
  ['a glob that may take for ever', 'projects: [{gate: [{unit: {files: "+(a|aa)"}}]}]', 'files: +(a|aa)'],
  ['a file of the hub', 'jobs: !include-raw secrets.yaml', 'no file secrets.yaml to include'],
  ['a file too large', `# ${'x'.repeat(70_000)}`, 'characters; at most 65536 are read'],
])('a repository cannot have %s', (_what, text, expected) => {
  const [problem] = refusal(() => change(text));
  expect(problem).toMatch(/^\.cupboard-ci\.yaml:\d+: /);
  expect(problem).toContain(expected);
});

test("what the owner's defaults give, a repository's jobs may use", () => {
  const generous = build('defaults: {network: true, limits: {memory-mb: 8000}}');
  const text = job('network: true, limits: {memory-mb: 8000}');
  expect(overlay(generous, 'lamp', text, new Set()).jobs.get('own')).toMatchObject({ network: true });
});
