import { expect, test } from 'vitest';
import type { Definitions } from '../../../../plugins/ci/jobs/definitions.ts';
import { build, refusal } from './bed.ts';

const refused = (text: string, more: Record<string, string> = {}) => refusal(() => build(text, more));
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

const NODE = 'node: bookworm';

test("macros nest; without parameters their braces are the shell's, with parameters they are doubled", () => {
  const { layout } = build(`
macros:
  - {name: say, builders: [{shell: 'echo {what} {{}}'}]}
  - {name: plain, builders: [{shell: 'f() { date; }'}, {say: {what: again}}]}
  - {name: keep, publishers: [{archive: {artifacts: '{glob}'}}, {shell: sync}]}
jobs:
  - {name: one, ${NODE}, builders: [plain, {say: {what: hello}}], publishers: [{keep: {glob: '*.log'}}]}
`);
  expect(layout.jobs.get('one')).toMatchObject({
    body: [
      { name: 'plain', shell: 'f() { date; }' },
      { name: 'plain', shell: 'echo again {}' },
      { name: 'say', shell: 'echo hello {}' },
    ],
    publishers: [{ name: 'keep', shell: 'sync' }],
    artifacts: ['*.log'],
  });
});

test('a template multiplies by the lists its name mentions; a mapping in a list brings more variables', () => {
  const definitions = build(`
- defaults: {name: global, ${NODE}, timeout: 600, greeting: hi}
- job-template:
    name: '{name}-{kind}-{python}'
    timeout: '{obj:seconds}'
    kind: unit
    run: '{greeting} {python} {extra|nothing} {template-name}'
- job-group:
    name: both
    kind: fast
    jobs: ['{name}-{kind}-{python}', '{name}-{kind}-{python}': {kind: slow, greeting: hello}]
- project:
    name: home/lamp
    seconds: 30
    python: [py3, {pypy: {extra: more}}]
    exclude: [{kind: slow, python: pypy}]
    jobs: [both]
    check: ['both', noop]
`);
  const body = (name: string) => definitions.layout.jobs.get(name)?.body[0]?.shell;
  expect(jobNames(definitions)).toEqual(['lamp-fast-py3', 'lamp-fast-pypy', 'lamp-slow-py3']);
  expect(body('lamp-fast-py3')).toBe('hi py3 nothing {name}-{kind}-{python}');
  expect(body('lamp-fast-pypy')).toBe('hi pypy more {name}-{kind}-{python}');
  expect(body('lamp-slow-py3')).toBe('hello py3 nothing {name}-{kind}-{python}');
  expect(definitions.layout.jobs.get('lamp-slow-py3')?.timeout).toBe(30);
  expect(
    definitions.layout.projects
      .get('home/lamp')
      ?.get('check')
      ?.map(({ job }) => job),
  ).toEqual(['lamp-fast-py3', 'lamp-fast-pypy', 'lamp-slow-py3', 'noop']);
});

test.each([
  ['the job in the group', { member: 1, group: 1, item: 1, project: 1, template: 1, defaults: 1 }, 'member'],
  ['the group', { group: 1, item: 1, project: 1, template: 1, defaults: 1 }, 'group'],
  ['the item of the list', { item: 1, project: 1, template: 1, defaults: 1 }, 'item'],
  ['the project', { project: 1, template: 1, defaults: 1 }, 'project'],
  ['the template', { template: 1, defaults: 1 }, 'template'],
  ['the defaults', { defaults: 1 }, 'defaults'],
])("a variable's value comes from %s before those behind it", (_from, places, winner) => {
  const given = (place: string) => (place in places ? `{who: ${place}}` : '{}');
  const merged = (place: string, rest: string) => `{${place in places ? `who: ${place}, ` : ''}${rest}}`;
  const { layout } = build(`
- defaults: ${merged('defaults', NODE)}
- job-template: ${merged('template', "name: x, run: '{who}'")}
- job-group: ${merged('group', `name: g, jobs: [{x: ${given('member')}}]`)}
- project: ${merged('project', `name: p, jobs: [{g: ${given('item')}}]`)}
`);
  expect(layout.jobs.get('x')?.body[0]?.shell).toBe(winner);
});

test('files are included and joined, below the folder only', () => {
  const text = (path: string) => `jobs: [{name: a, ${NODE}, run: !join ["-", [!include-raw "${path}", end]]}]`;
  const { layout } = build(text('scripts/a.sh'), { 'scripts/a.sh': 'start' });
  expect(layout.jobs.get('a')?.body[0]?.shell).toBe('start-end');
  expect(refused(text('../secret'), {})).toEqual([
    'x.yaml:1: no file ../secret to include below the folder of definitions',
  ]);
});

const bomb = (width: number, depth: number) =>
  [`a0: &a0 [${'x,'.repeat(width)}]`]
    .concat(Array.from({ length: depth }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(width)}]`))
    .join('\n');

test.each([
  ['aliases that multiply', bomb(10, 9), /^x\.yaml:\d+: expands to more than 200000 values/],
  ['an alias inside itself', 'jobs: &a [*a]', /^x\.yaml:1: \*a stands inside &a: it would contain itself/],
  ['deep nesting', '['.repeat(100_000), /^x\.yaml:1: nested deeper than 64 levels$/],
  ['several documents', 'jobs: []\n---\njobs: []', /^x\.yaml:2: expected one YAML document/],
  [
    'a long way from macro to macro',
    `macros: [${Array.from({ length: 100 }, (_, n) => `{name: m${n}, builders: [m${n + 1}]}`).join(', ')}, {name: m100, builders: []}]
jobs: [{name: j, ${NODE}, builders: [m0]}]`,
    /^x\.yaml:2: job j: builders: macros call each other deeper than 64 levels$/,
  ],
  [
    'a matrix with twenty axes',
    `jobs: [{name: j, ${NODE}, run: x, matrix: {${Array.from({ length: 20 }, (_, n) => `a${n}: [1]`).join(', ')}}}]`,
    /^x\.yaml:1: job j: more than 16 lists that multiply each other$/,
  ],
  ['a job without a name', `jobs: [{${NODE}, run: x}]`, /^x\.yaml:1: job \(without a name\): name: missing/],
  ['deep nesting that closes', `${'['.repeat(3000)}${']'.repeat(3000)}`, /^x\.yaml:1: nested deeper than 64 levels$/],
  [
    'lists that multiply a template',
    `- job-template: {name: '${'abcdefghij'.replace(/./g, '{$&}')}', ${NODE}, run: make}
- project: {name: p, jobs: ['${'abcdefghij'.replace(/./g, '{$&}')}'], ${[...'abcdefghij'].map((key) => `${key}: [0,1,2,3,4,5,6,7,8,9]`).join(', ')}}`,
    /^x\.yaml:2: project p: expands to more than 5000 jobs/,
  ],
  [
    'a matrix, all of it excluded',
    `jobs: [{name: j, ${NODE}, run: make, matrix: {a: [${'1,'.repeat(100)}], b: [${'1,'.repeat(100)}]}, exclude: [{a: 1}]}]`,
    /^x\.yaml:1: job j: expands to more than 5000 jobs/,
  ],
  [
    'macros that multiply',
    `macros: [{name: m0, builders: []}, ${Array.from({ length: 30 }, (_, n) => `{name: m${n + 1}, builders: [m${n}, m${n}]}`).join(', ')}]
jobs: [{name: j, ${NODE}, builders: [m30]}]`,
    /^x\.yaml:2: job j: builders: expands to more than 50000 steps/,
  ],
  [
    'a macro that calls itself',
    `macros: [{name: a, builders: [b]}, {name: b, builders: [{a: {x: 1}}]}]
jobs: [{name: j, ${NODE}, builders: [a]}]`,
    /^x\.yaml:2: job j: builders: macro calls itself: a -> b -> a$/,
  ],
  [
    'a group in itself',
    `job-groups: [{name: g, jobs: [h]}, {name: h, jobs: [g]}]
projects: [{name: p, jobs: [g]}]`,
    /^x\.yaml:2: project p: jobs: job group contains itself: g -> h -> g$/,
  ],
  [
    'text that grows',
    `- job-template: {name: '{a}', ${NODE}, run: '${'{big}'.repeat(1000)}'}
- project: {name: p, jobs: ['{a}'], a: [${Array.from({ length: 50 }, (_, n) => n)}], big: ${'x'.repeat(1000)}}`,
    /expands to more than 33554432 characters/,
  ],
  [
    'an include of itself',
    '!include parts/y.yaml',
    /^parts\/y\.yaml:1: includes itself: x\.yaml -> (parts\/y\.yaml) -> \1$/,
  ],
  [
    'jobs that need each other',
    `jobs: [{name: a, ${NODE}, run: x, needs: b}, {name: b, ${NODE}, run: x, needs: a}]
projects: [{name: p, check: [a, b]}]`,
    /^x\.yaml:2: project p: check: jobs need each other: a -> b -> a$/,
  ],
  [
    'a path for a name',
    `jobs: [{name: ../../etc, ${NODE}, run: x}]`,
    /^x\.yaml:1: job \.\.\/\.\.\/etc: name: expected/,
  ],
  [
    'two jobs of one name',
    `jobs: [{name: a, ${NODE}, run: x}, {name: a, ${NODE}, run: y}]`,
    /^x\.yaml:1: job a: name: defined before in x\.yaml:1$/,
  ],
  [
    'a missing variable',
    `jobs: [{name: a, node: '{where}', matrix: {b: [1]}, run: x}]`,
    /^x\.yaml:1: job a: no value for \{where\}/,
  ],
  [
    'a lone brace',
    `jobs: [{name: a, ${NODE}, matrix: {b: [1]}, run: 'f() { true; }'}]`,
    /^x\.yaml:1: job a: a single \{: write \{\{/,
  ],
  [
    'a misspelt pipeline',
    'projects: [{name: p, chekc: [noop]}]',
    /^x\.yaml:1: project p: chekc: unknown key; did you mean "check"\?$/,
  ],
  [
    'a misspelt job',
    'projects: [{name: p, check: [nop]}]',
    /^x\.yaml:1: project p: check: no job nop; did you mean "noop"\?$/,
  ],
  [
    'unknown defaults',
    `jobs: [{name: a, ${NODE}, run: x, defaults: other}]`,
    /^x\.yaml:1: job a: defaults: no defaults other$/,
  ],
  ['a prototype', 'jobs: [{__proto__: {name: a}}]', /^x\.yaml:1: the key __proto__ is not allowed$/],
  [
    "a variable of Zuul's",
    `jobs: [{name: a, ${NODE}, run: x, environment: {ZUUL_UUID: x}}]`,
    /^x\.yaml:1: job a: environment: expected text matching .* got "ZUUL_UUID"/,
  ],
  [
    'a timer without a time',
    'pipelines: [{name: n, trigger: [{event: timer}]}]',
    /^x\.yaml:1: pipeline n: trigger\.0\.cron: missing/,
  ],
])('%s: refused with its place', (_what, text, expected) => {
  expect(refused(text, { 'parts/y.yaml': '!include parts/y.yaml' }).join('\n')).toMatch(expected);
});
