import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../plugins/ci/contract.ts';
import { changeOf, layoutOf, type Nature, pipelineOf, useOf, World } from './world.ts';

const CHANGES = 8;
const uses = [useOf('unit'), useOf('lint'), useOf('pages', { voting: false, needs: ['unit'] })];
const both = layoutOf(pipelineOf({ window: { ...pipelineOf().window, start: 4 } }), {
  lamp: uses,
  oven: [useOf('unit')],
});
const apart = layoutOf(both.pipelines[0] ?? pipelineOf(), { lamp: [useOf('lint')], oven: uses });

/** Some changes break a job, some break it together, some cannot be merged together. */
const natures: fc.Arbitrary<Nature> = fc
  .record({
    bad: fc.uniqueArray(fc.nat(CHANGES - 1), { maxLength: 2 }),
    badTogether: fc.array(fc.tuple(fc.nat(CHANGES - 1), fc.nat(CHANGES - 1)), { maxLength: 3 }),
    conflicting: fc.array(fc.tuple(fc.nat(CHANGES - 1), fc.nat(CHANGES - 1)), { maxLength: 2 }),
    job: fc.constantFrom('unit', 'lint', 'pages'),
  })
  .map(({ bad, badTogether, conflicting, job }) => {
    const has = (content: readonly string[], number: number) => content.some((key) => key.includes(`/${number},`));
    const hasPair = (content: readonly string[], pairs: readonly (readonly [number, number])[]) =>
      pairs.some(([a, b]) => a !== b && has(content, a) && has(content, b));
    return {
      conflicts: (content) => hasPair(content, conflicting),
      fails: (name, content) =>
        name === job && (bad.some((number) => has(content, number)) || hasPair(content, badTogether)),
    };
  });

const change = (number: number, patchset = '1', dependsOn: readonly string[] = []): Change =>
  changeOf(number, { project: number % 3 === 0 ? 'oven' : 'lamp', patchset, dependsOn });

const jobsOf = (project: string) => (project === 'oven' ? ['unit'] : ['unit', 'lint']);

/** One change after the other, each tested on the branch as it then is: slow, and never wrong. */
function oneByOne(changes: readonly Change[], { conflicts, fails }: Nature): string[] {
  const landed: string[] = [];
  for (const { key, project } of changes) {
    const content = [...landed, key];
    if (!conflicts(content) && !jobsOf(project).some((job) => fails(job, content))) landed.push(key);
  }
  return landed;
}

type Doing =
  | { readonly kind: 'enqueue' | 'patchset' | 'dequeue' | 'promote' | 'retry' | 'abandon'; readonly number: number }
  | { readonly kind: 'answer'; readonly number: number }
  | { readonly kind: 'restart' | 'layout' | 'refuse'; readonly number: number };

const number = fc.nat(CHANGES - 1);
const doings = (kinds: readonly Doing['kind'][]): fc.Arbitrary<Doing[]> =>
  fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), number: fc.nat(30) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('enqueue' as const), number }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom(...kinds), number }) },
    ),
    { minLength: 20, maxLength: 120 },
  );

describe('a dependent pipeline', () => {
  it('merges what would merge if each change were tested alone, one after the other', () => {
    fc.assert(
      fc.property(natures, doings(['restart']), (nature, steps) => {
        const world = new World(both, nature);
        const order: Change[] = [];
        for (const { kind, number } of steps) {
          const next = change(number);
          if (kind === 'enqueue' && !order.some(({ key }) => key === next.key)) {
            order.push(next);
            world.enqueue(next);
          } else if (kind === 'answer' && world.pending.length > 0) world.answer(number);
          else if (kind === 'restart') world.restart();
        }
        world.drain();
        expect(world.landed).toEqual(oneByOne(order, nature));
        expect(world.outcomes.map(({ change }) => change).sort()).toEqual(order.map(({ key }) => key).sort());
        expect(world.scheduler.items()).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('tests what it merges on exactly what that lands on, whatever people do meanwhile', () => {
    const kinds = ['restart', 'patchset', 'dequeue', 'promote', 'retry', 'abandon', 'layout', 'refuse'] as const;
    fc.assert(
      fc.property(natures, doings(kinds), (nature, steps) => {
        const world = new World(both, nature);
        const patchsets = new Map<number, number>();
        // World checks every landing.
        for (const step of steps) interfere(world, step, patchsets);
        world.drain();
        expect(world.scheduler.items()).toEqual([]);
        expect(new Set(world.landed).size).toBe(world.landed.length);
      }),
      { numRuns: 600 },
    );
  });

  it('lands a change only after those it depends on', () => {
    fc.assert(
      fc.property(
        natures,
        fc.array(fc.tuple(number, number), { maxLength: 6 }),
        doings(['restart', 'dequeue']),
        (nature, pairs, steps) => {
          const world = new World(both, nature);
          const idOf = (n: number) => change(n).id;
          // Only on those of smaller number: no cycles.
          const needs = (n: number) => pairs.filter(([a, b]) => a === n && b < n).map(([, b]) => b);
          const all = Array.from({ length: CHANGES }, (_, n) => change(n, '1', [...new Set(needs(n))].map(idOf)));
          const asItIs = (each: Change) => ({ ...each, isMerged: world.landed.includes(each.key) });
          for (const { kind, number: n } of steps) {
            const chosen = all[n % CHANGES];
            if (kind === 'enqueue' && chosen)
              world.enqueue(asItIs(chosen), all.filter((each) => each !== chosen).map(asItIs));
            else if (kind === 'answer' && world.pending.length > 0) world.answer(n);
            else interfere(world, { kind, number: n }, new Map());
          }
          world.drain();
          for (const [index, key] of world.landed.entries()) {
            const landed = all.find((each) => each.key === key);
            for (const id of landed?.dependsOn ?? []) {
              expect(world.landed.slice(0, index).some((before) => before.startsWith(`${id},`))).toBe(true);
            }
          }
          expect(world.scheduler.items()).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Does one thing that people, sources or machines may do at any time. */
function interfere(world: World, { kind, number }: Doing, patchsets: Map<number, number>): void {
  const current = (n: number) => change(n, `${patchsets.get(n) ?? 1}`);
  const item = world.itemOf(current(number));
  switch (kind) {
    case 'enqueue':
      if (!world.landed.some((key) => key.startsWith(`${current(number).id},`))) world.enqueue(current(number));
      break;
    case 'answer':
      if (world.pending.length > 0) world.answer(number);
      break;
    case 'restart':
      world.restart();
      break;
    case 'patchset':
      patchsets.set(number, (patchsets.get(number) ?? 1) + 1);
      world.feed({ kind: 'patchset', change: current(number) });
      break;
    case 'abandon':
      world.feed({ kind: 'abandoned', change: current(number) });
      break;
    case 'dequeue':
      if (item) world.feed({ kind: 'dequeue', item: item.id, reason: 'not wanted' });
      break;
    case 'promote':
      if (item) world.feed({ kind: 'promote', items: [item.id] });
      break;
    case 'retry': {
      const ended = Object.values(item?.builds ?? {}).find(
        ({ build, result }) => build !== undefined && result !== null,
      );
      if (ended?.build !== undefined) world.feed({ kind: 'retry', build: ended.build });
      break;
    }
    case 'layout':
      world.relayout(number % 2 === 0 ? apart : both);
      break;
    case 'refuse': {
      const index = world.pending.findIndex(({ answer }) => answer.kind === 'submitted');
      const [refused] = index < 0 ? [] : world.pending.splice(index, 1);
      if (refused?.answer.kind === 'submitted') world.feed({ ...refused.answer, isMerged: false });
      break;
    }
  }
}
