import { expect, it } from 'vitest';
import type { Change, SourceEvent, Trigger } from '../../../../plugins/ci/contract.ts';
import { branchChange, matchesFilter, pipelinesFor } from '../../../../plugins/ci/engine/triggers.ts';
import { changeOf, layoutOf, pipelineOf } from '../scheduler/world.ts';

const enters = (trigger: Trigger, event: Partial<SourceEvent> = {}, change: Partial<Change> = {}) =>
  pipelinesFor(layoutOf(pipelineOf({ triggers: [trigger] }), {}), {
    type: 'comment-added',
    change: changeOf(1, change),
    ...event,
  }).length === 1;

it('asks for the event and every filter of a trigger', () => {
  expect(enters({ event: 'patchset-created' })).toBe(false);
  expect(enters({ event: 'comment-added', branch: '^main$' })).toBe(true);
  expect(enters({ event: 'comment-added', branch: '^main$' }, {}, { branch: 'maintenance' })).toBe(false);
});

it('searches the comment', () => {
  const recheck: Trigger = { event: 'comment-added', comment: '(^|\\n)\\s*recheck\\b' };
  expect(enters(recheck, { comment: 'Looks flaky.\nrecheck please' })).toBe(true);
  expect(enters(recheck, { comment: 'no rechecking' })).toBe(false);
  expect(enters(recheck)).toBe(false);
});

it('counts only votes that the event itself gave, from the least on', () => {
  const approved: Trigger = { event: 'comment-added', approval: { Approved: 1 } };
  expect(enters(approved, { votes: { Approved: 2 } })).toBe(true);
  expect(enters(approved, { votes: { Approved: -1 } })).toBe(false);
  expect(enters(approved, {}, { approvals: { Approved: [1] } })).toBe(false);
});

it('leaves deleted refs alone', () => {
  const moved: Trigger = { event: 'ref-updated', ref: '^refs/heads/' };
  const ref = { kind: 'ref', ref: 'refs/heads/main' } as const;
  expect(enters(moved, { type: 'ref-updated' }, { ...ref, newrev: 'a'.repeat(40) })).toBe(true);
  expect(enters(moved, { type: 'ref-updated' }, { ...ref, newrev: '0'.repeat(40) })).toBe(false);
});

it.each([
  ['acurite/+/temperature', 'acurite/outdoor/temperature', true],
  ['acurite/#', 'acurite', true],
  ['acurite/#', 'acurite/outdoor/temperature', true],
  ['acurite/+', 'acurite/outdoor/temperature', false],
  ['acurite/+/temperature', 'acurite/outdoor', false],
  ['+', 'a', true],
])('matches %s with %s: %s', (filter, topic, isMatch) => {
  expect(matchesFilter(filter, topic)).toBe(isMatch);
});

it('makes a change of a branch as it is', () => {
  expect(branchChange('lamp', 'main', 'c0ffee')).toMatchObject({ key: 'branch:lamp/main@c0ffee', kind: 'branch' });
});
