import { expect, it } from 'vitest';
import { type Capacity, dispatch, type Waiting } from '../../../../plugins/ci/engine/dispatch.ts';

const waiting = (build: string, values: Partial<Waiting> = {}): Waiting => ({
  build,
  precedence: 'normal',
  order: Number(build),
  pipeline: 'check',
  needsNode: true,
  ...values,
});
const capacity = (values: Partial<Capacity> = {}): Capacity => ({
  free: 9,
  max: 9,
  held: new Map(),
  paused: new Map(),
  ...values,
});

it('gives the free nodes to pipelines of higher precedence, then to who asked first', () => {
  const builds = [
    waiting('3'),
    waiting('1', { precedence: 'low' }),
    waiting('2'),
    waiting('4', { precedence: 'high' }),
  ];
  const { start, reasons } = dispatch(builds, capacity({ free: 2, max: 2 }));
  expect(start).toEqual(['4', '2']);
  expect(Object.fromEntries(reasons)).toEqual({ 1: '2 of 2 nodes in use', 3: '2 of 2 nodes in use' });
});

it('starts what needs no node of this hub when all are in use', () => {
  expect(dispatch([waiting('1'), waiting('2', { needsNode: false })], capacity({ free: 0 })).start).toEqual(['2']);
});

it('runs one build of a mutex at a time and says which has it', () => {
  const { start, reasons } = dispatch(
    [waiting('1', { mutex: 'board' }), waiting('2', { mutex: 'board' }), waiting('3', { mutex: 'port' }), waiting('4')],
    capacity({ held: new Map([['port', 'abcdef0123']]) }),
  );
  expect(start).toEqual(['1', '4']);
  expect(Object.fromEntries(reasons)).toEqual({
    2: 'build 1 holds the mutex board',
    3: 'build abcdef0 holds the mutex port',
  });
});

it('holds a paused pipeline back, or everything', () => {
  const builds = [waiting('1'), waiting('2', { pipeline: 'gate' }), waiting('3', { pipeline: null })];
  expect(dispatch(builds, capacity({ paused: new Map([['gate', 'paused by anna']]) })).start).toEqual(['1', '3']);
  const all = dispatch(builds, capacity({ paused: new Map([['', 'paused by anna']]) }));
  expect([...all.reasons.values()]).toEqual(Array(3).fill('paused by anna'));
});
