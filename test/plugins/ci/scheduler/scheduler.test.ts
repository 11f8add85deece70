import { describe, expect, it } from 'vitest';
import type { Change, JobUse, Pipeline } from '../../../../plugins/ci/contract.ts';
import { changeOf, layoutOf, pipelineOf, useOf, World } from './world.ts';

const a = changeOf(1);
const b = changeOf(2);
const c = changeOf(3);
const d = changeOf(4);
const e = changeOf(5);

/** A world whose project `lamp` uses these jobs, with changes enqueued and merged. */
function gate(changes: readonly Change[], uses: readonly JobUse[] = [useOf('unit')], pipeline: Partial<Pipeline> = {}) {
  const world = new World(layoutOf(pipelineOf(pipeline), { lamp: uses }));
  for (const change of changes) world.enqueue(change);
  world.merge();
  return world;
}

/** The tree that the newest set of builds of a change runs on. */
const treeOf = (world: World, change: Change) => world.built.get(world.itemOf(change)?.builds['unit']?.build ?? '');
const keys = (...changes: readonly Change[]) => changes.map(({ key }) => key);

describe('a queue of five', () => {
  it('tests those behind a failed one without it, at once', () => {
    const world = gate([a, b, c, d, e]);
    world.end(c, 'unit', { result: 'FAILURE' });
    world.merge();
    expect(treeOf(world, d)).toEqual(keys(a, b, d));
    expect(treeOf(world, e)).toEqual(keys(a, b, d, e));
    expect(world.itemOf(c)?.failing).toEqual(['unit: FAILURE']);
    expect(world.itemOf(d)?.resets.map(({ reason }) => reason)).toEqual(['lamp 3,1 ahead of it failed']);
    expect(world.outcomes).toEqual([]);
  });

  it('tests a failed one again when one ahead of it fails later', () => {
    const world = gate([a, b, c]);
    world.end(c, 'unit', { result: 'FAILURE' });
    world.end(a, 'unit', { result: 'FAILURE' });
    world.merge();
    expect(world.outcomes).toEqual([{ change: a.key, kind: 'failure' }]);
    expect(treeOf(world, b)).toEqual(keys(b));
    expect(treeOf(world, c)).toEqual(keys(b, c));
  });

  it('starts a failed one over that is tried again after something merged past it', () => {
    const world = gate([a, b], [useOf('unit'), useOf('lint')]);
    world.end(a, 'unit', { result: 'FAILURE' });
    world.merge();
    for (const job of ['unit', 'lint']) world.end(b, job);
    world.answer(world.pending.findIndex(({ answer }) => answer.kind === 'submitted'));
    expect(world.landed).toEqual(keys(b));
    world.feed({ kind: 'retry', build: world.itemOf(a)?.builds['unit']?.build ?? '' });
    world.merge();
    expect(treeOf(world, a)).toEqual(keys(b, a));
  });

  it('merges in order, each only when those ahead have', () => {
    const world = gate([a, b]);
    world.end(b, 'unit');
    expect(world.pending.map(({ answer }) => answer.kind)).toEqual(['built']);
    world.drain();
    expect(world.landed).toEqual(keys(a, b));
  });

  it('tests those behind without one that its source refused to merge', () => {
    const world = gate([a, b]);
    world.end(a, 'unit');
    world.end(b, 'unit');
    world.pending = [];
    world.feed({ kind: 'submitted', item: world.itemOf(a)?.id ?? 0, isMerged: false });
    world.merge();
    expect(world.outcomes).toEqual([{ change: a.key, kind: 'failure' }]);
    expect(treeOf(world, b)).toEqual(keys(b));
  });
});

it('says of each job that it does not run because the change cannot be merged', () => {
  const layout = layoutOf(pipelineOf(), { lamp: [useOf('unit'), useOf('lint')] });
  const world = new World(layout, { conflicts: (content) => content.length > 1, fails: () => false });
  for (const change of [a, b]) world.enqueue(change);
  world.merge();
  expect(world.itemOf(b)).toMatchObject({
    failing: ['conflict'],
    builds: { unit: { result: 'MERGE_CONFLICT' }, lint: { result: 'MERGE_CONFLICT' } },
  });
  world.end(a, 'unit', { result: 'FAILURE' });
  world.merge();
  expect(treeOf(world, b)).toEqual(keys(b));
});

describe('the window', () => {
  const window = { ...pipelineOf().window, start: 4, floor: 1 };

  it('runs jobs of as many from the head as it is wide, one more after a merge', () => {
    const world = gate([a, b, c, d, e], [useOf('unit')], { window: { ...window, start: 2 } });
    expect(world.scheduler.items().filter(({ isActive }) => isActive)).toHaveLength(2);
    world.end(a, 'unit');
    world.answer(world.pending.findIndex(({ answer }) => answer.kind === 'submitted'));
    expect(world.scheduler.items().map(({ isActive }) => isActive)).toEqual([true, true, true, false]);
  });

  it('halves after a failure, down to its floor', () => {
    const world = gate([a, b, c, d, e], [useOf('unit')], { window });
    const widths = [a, b, c].map((change) => {
      world.merge();
      world.end(change, 'unit', { result: 'FAILURE' });
      return world.scheduler.queues('gate').map((queue) => world.scheduler.windowOf(queue))[0];
    });
    expect(widths).toEqual([2, 1, 1]);
  });
});

describe('jobs of an item', () => {
  it('wait for those they need, and are skipped when those fail', () => {
    const uses = [useOf('unit'), useOf('pages', { needs: ['unit'] }), useOf('upload', { needs: ['pages'] })];
    const world = gate([b, a], uses);
    expect(world.running(a)).toEqual(['unit']);
    world.end(a, 'unit', { result: 'FAILURE' });
    expect(world.itemOf(a)?.builds).toMatchObject({ pages: { result: 'SKIPPED' }, upload: { result: 'SKIPPED' } });
    world.end(b, 'unit');
    expect(world.running(b)).toEqual(['pages']);
  });

  it('do not count when they have no vote', () => {
    const world = gate([a], [useOf('unit'), useOf('lint', { voting: false })]);
    world.end(a, 'lint', { result: 'FAILURE' });
    world.drain();
    expect(world.landed).toEqual(keys(a));
  });

  it('run again after an end that says nothing of the change, up to their attempts', () => {
    const world = gate([b, a]);
    const lost = { result: 'NODE_FAILURE', isIndeterminate: true } as const;
    for (const attempt of [1, 2, 3]) {
      expect(world.itemOf(a)?.builds['unit']).toMatchObject({ attempt, result: null });
      world.end(a, 'unit', lost);
    }
    expect(world.itemOf(a)?.builds['unit']?.result).toBe('RETRY_LIMIT');
  });

  it('hold those that follow until a holding job has passed', () => {
    const world = gate([a, b, c], [useOf('unit', { holdFollowing: true }), useOf('lint')]);
    expect([a, b, c].map((change) => world.running(change).length)).toEqual([2, 0, 0]);
    world.end(a, 'unit');
    expect([b, c].map((change) => world.running(change).length)).toEqual([2, 0]);
  });

  it('end when the definitions drop them, while others go on', () => {
    const world = gate([a], [useOf('unit'), useOf('lint')]);
    const unit = world.itemOf(a)?.builds['unit']?.build;
    world.relayout(layoutOf(pipelineOf(), { lamp: [useOf('unit'), useOf('pages')] }));
    world.answer(world.pending.findIndex(({ answer }) => answer.kind === 'planned'));
    expect(world.running(a)).toEqual(['unit', 'pages']);
    expect(world.itemOf(a)?.builds['unit']?.build).toBe(unit);
    expect(world.actions.filter(({ kind }) => kind === 'cancel')).toHaveLength(1);
  });

  it('are cancelled while a change that theirs needs is failing, and start over when it passes again', () => {
    const needy = changeOf(9, { dependsOn: [b.id] });
    const world = gate([a, b]);
    world.enqueue(needy, [b]);
    world.merge();
    world.end(b, 'unit', { result: 'FAILURE' });
    expect(world.itemOf(needy)).toMatchObject({ isStopped: true, failing: ['a change it needs is failing'] });
    world.end(a, 'unit', { result: 'FAILURE' });
    world.merge();
    expect(treeOf(world, needy)).toEqual(keys(b, needy));
  });
});

describe('entering', () => {
  it('brings the changes that are needed, those first', () => {
    const second = changeOf(8, { dependsOn: [a.id] });
    const world = gate([]);
    expect(world.enqueue(second, [a])).toBeUndefined();
    expect(world.scheduler.items().map(({ change }) => change.key)).toEqual(keys(a, second));
  });

  it('is refused to changes that need each other, with the circle named', () => {
    const first = changeOf(8, { dependsOn: ['hub:lamp/9'] });
    const second = changeOf(9, { dependsOn: [first.id] });
    expect(gate([]).enqueue(first, [second])).toBe('changes need each other: hub:lamp/8 -> hub:lamp/9 -> hub:lamp/8');
  });

  it('is refused until what is needed may enter, and then looked at again', () => {
    const approved = { Approved: [1] };
    const needed = changeOf(8, { approvals: approved });
    const world = gate([], [useOf('unit')], { require: { open: true, approval: { Approved: 1 } } });
    const second = changeOf(9, { dependsOn: [needed.id], approvals: approved });
    expect(world.enqueue(second, [{ ...needed, approvals: {} }])).toMatch(/lacks Approved 1/);
    world.enqueue(needed);
    expect(world.actions).toContainEqual({ kind: 'reconsider', pipeline: 'gate', change: second });
  });

  it('is refused twice to the same patch set; a newer one takes the place of an older', () => {
    const world = gate([a]);
    expect(world.enqueue(a)).toMatch(/already/);
    const newer = changeOf(1, { patchset: '2' });
    world.feed({ kind: 'patchset', change: newer });
    world.enqueue(newer);
    expect(world.scheduler.items().map(({ change }) => change.key)).toEqual(keys(newer));
  });
});

it('leaves changes that share no job to queues of their own', () => {
  const layout = layoutOf(pipelineOf(), {
    lamp: [useOf('unit')],
    oven: [useOf('unit')],
    shed: [useOf('noop')],
    attic: [useOf('noop')],
  });
  const world = new World(layout);
  for (const [index, project] of ['lamp', 'shed', 'oven', 'attic'].entries())
    world.enqueue(changeOf(index + 1, { project }));
  expect(world.scheduler.queues('gate').map(({ name, items }) => [name, items.length])).toEqual([
    ['lamp, oven', 2],
    ['shed', 1],
    ['attic', 1],
  ]);
});

it('puts promoted changes at the head, after those that merge right now', () => {
  const world = gate([a, b, c]);
  world.end(a, 'unit');
  world.feed({ kind: 'promote', items: [world.itemOf(c)?.id ?? 0] });
  world.merge();
  const [queue] = world.scheduler.queues('gate');
  expect(queue?.items.map(({ change }) => change.key)).toEqual(keys(a, c, b));
  expect(treeOf(world, b)).toEqual(keys(a, c, b));
});

it('stops reporting after so many failures in a row, until the definitions change', () => {
  const world = gate([a, b, c], [useOf('unit')], { disableAfter: 2 });
  for (const change of [a, b, c]) {
    world.merge();
    world.end(change, 'unit', { result: 'FAILURE' });
  }
  const reports = world.actions.flatMap((action) =>
    action.kind === 'report' && action.report === 'failure' ? [action.isQuiet] : [],
  );
  expect(reports).toEqual([false, false, true]);
  world.relayout(layoutOf(pipelineOf(), { lamp: [useOf('lint')] }));
  expect(world.scheduler.isDisabled('gate')).toBe(false);
});

describe('an independent pipeline', () => {
  const check = { manager: 'independent', submit: false } as const;

  it('tests each change by itself, on those it needs', () => {
    const second = changeOf(8, { dependsOn: [a.id] });
    const world = gate([b], [useOf('unit')], check);
    world.enqueue(second, [a]);
    world.merge();
    expect(treeOf(world, b)).toEqual(keys(b));
    expect(treeOf(world, second)).toEqual(keys(a, second));
  });

  it('lets a change go whose needed one has a new patch set', () => {
    const second = changeOf(8, { dependsOn: [a.id] });
    const world = gate([], [useOf('unit')], check);
    world.enqueue(second, [a]);
    world.feed({ kind: 'patchset', change: changeOf(1, { patchset: '2' }) });
    expect(world.outcomes).toEqual([{ change: second.key, kind: 'dequeued' }]);
  });
});
