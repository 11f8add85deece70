import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { jobsSchema } from '../../../../plugins/ci/jobs/entries.ts';
import { Budget, CHANGE_LIMITS, OWNER_LIMITS } from '../../../../plugins/ci/jobs/limits.ts';
import { overlay } from '../../../../plugins/ci/jobs/overlay.ts';
import { DefinitionsError } from '../../../../plugins/ci/jobs/problem.ts';
import { substitute } from '../../../../plugins/ci/jobs/substitute.ts';
import { parseYaml } from '../../../../plugins/ci/jobs/yaml.ts';
import { build } from './bed.ts';

const budget = () => new Budget(OWNER_LIMITS);
const escaped = (text: string) => text.replace(/[{}]/g, '$&$&');

test('any text, its braces doubled, comes out of substitution as it was', () => {
  const texts = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('{', '}', 'a', ' ', '|', ':') }));
  fc.assert(
    fc.property(texts, texts, (before, value) => {
      expect(substitute(`${escaped(before)}{x}.`, { x: value }, budget())).toBe(`${before}${value}.`);
    }),
  );
});

test('a variable alone keeps its type, whatever it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(substitute({ a: ['{obj:x}'] }, { x: value }, budget())).toEqual({ a: [value] });
    }),
  );
});

test('YAML is read as the yaml package reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.boolean(), (value, flow) => {
      fc.pre(!JSON.stringify(value).includes('__proto__') && !JSON.stringify(value).includes('<<'));
      const text = stringify(value, { collectionStyle: flow ? 'flow' : 'any', aliasDuplicateObjects: false });
      // JSON has no negative zero to compare with.
      expect(JSON.stringify(parseYaml('x', text, () => undefined, budget()).value)).toBe(JSON.stringify(value));
    }),
  );
});

const axis = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 4 })
  .map((values) => [...new Set(values)]);
const axes = fc.tuple(axis, axis, axis);
const rules = fc.array(
  fc.record(
    { x: fc.constantFrom('a', 'b'), y: fc.constantFrom('a', 'b'), z: fc.constantFrom('c') },
    { requiredKeys: [] },
  ),
  { maxLength: 3 },
);

test('a matrix and a template make the same jobs: every combination that no rule excludes', () => {
  fc.assert(
    fc.property(axes, rules, ([xs, ys, zs], given) => {
      const exclude = given.filter((rule) => Object.keys(rule).length > 0);
      const expected = xs.flatMap((x) => ys.flatMap((y) => zs.map((z) => ({ x, y, z }))));
      const kept = expected.filter(
        (each) => !exclude.some((rule) => Object.entries(rule).every(([key, value]) => each[key as 'x'] === value)),
      );
      const wanted = kept.map(({ x, y, z }) => [`job-${x}-${y}-${z}`, `${x}${y}${z}`]).sort();
      const job = { node: 'n', run: '{x}{y}{z}' };
      const values = { x: xs, y: ys, z: zs };
      const matrix = { jobs: [{ ...job, name: 'job', matrix: values, ...(exclude.length > 0 && { exclude }) }] };
      const template = {
        'job-templates': [{ ...job, name: 'job-{x}-{y}-{z}' }],
        projects: [{ name: 'p', ...values, exclude, jobs: ['job-{x}-{y}-{z}'] }],
      };
      for (const definitions of [matrix, template]) {
        const { layout } = build(stringify(definitions));
        const made = [...layout.jobs.values()].filter(({ name }) => name !== 'noop');
        expect(made.map(({ name, body }) => [name, body[0]?.shell]).sort()).toEqual(wanted);
      }
    }),
    { numRuns: 20 },
  );
});

/** Macro n calls some of the others; a number below 0 is a step of its own. */
const graphs = fc
  .integer({ min: 1, max: 6 })
  .chain((size) =>
    fc.array(fc.array(fc.integer({ min: -2, max: size - 1 }), { maxLength: 3 }), { minLength: size, maxLength: size }),
  );

/** The steps of macro 0 in order; `undefined` where a macro comes to itself. */
function flatten(
  graph: readonly (readonly number[])[],
  macro = 0,
  within: readonly number[] = [],
): string[] | undefined {
  if (within.includes(macro)) return undefined;
  const parts = (graph[macro] ?? []).map((call) =>
    call < 0 ? [`step ${macro} ${call}`] : flatten(graph, call, [...within, macro]),
  );
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

test('macros expand to what they call, in order, and circles are refused', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const builders = (calls: readonly number[], macro: number) =>
        calls.map((call) => (call < 0 ? { shell: `step ${macro} ${call}` } : `m${call}`));
      const macros = graph.map((calls, macro) => ({ name: `m${macro}`, builders: builders(calls, macro) }));
      const text = stringify({ macros, jobs: [{ name: 'j', node: 'n', builders: [{ shell: 'first' }, 'm0'] }] });
      const expected = flatten(graph);
      if (expected === undefined) {
        expect(() => build(text)).toThrow('macro calls itself: ');
      } else {
        const shells = build(text)
          .layout.jobs.get('j')
          ?.body.map(({ shell }) => shell);
        expect(shells).toEqual(['first', ...expected]);
      }
    }),
  );
});

const words = [...Object.keys(jobsSchema.$defs.job.properties), ...Object.keys(jobsSchema.$defs.mapping.properties)];
const word = fc.constantFrom(...words, 'a', '{a}', '{', 'check', 'shell', 'unit', '<<', '*a', '1', '');
const scalar = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null), fc.constant('(a+)+$'));
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(word, tie('tree'), { maxKeys: 4 }),
  ),
}));

test('whatever is written is understood or refused with a file and line, never anything else', () => {
  const owner = build('macros: [{name: unit, builders: [{shell: a}]}]');
  const top = fc.dictionary(
    fc.constantFrom(...Object.keys(jobsSchema.$defs.mapping.properties)),
    fc.array(tree, { maxLength: 3 }),
  );
  const texts = fc.oneof(
    tree.map((value) => stringify(value)),
    top.map((value) => stringify(value)),
    fc.string(),
  );
  const attempt = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof DefinitionsError)) throw error;
      expect(error.problems.length).toBeGreaterThan(0);
      for (const { line, message } of error.problems) expect([line >= 1, message !== '']).toEqual([true, true]);
    }
  };
  fc.assert(
    fc.property(texts, (text) => {
      attempt(() => build(text));
      attempt(() => overlay(owner, 'lamp', text, new Set()));
    }),
    { numRuns: 150 },
  );
});

test('what a change may expand to is less than what the owner may', () => {
  for (const [limit, most] of Object.entries(CHANGE_LIMITS)) {
    expect(most).toBeLessThan(OWNER_LIMITS[limit as keyof typeof OWNER_LIMITS]);
  }
});
