import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  covers,
  filterProblem,
  isReservedName,
  matches,
  TopicTree,
  topicProblem,
} from '../../../core/broker/topics.ts';

describe('matches', () => {
  test.each([
    ['a/b', 'a/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/+', 'a/', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', 'a/b', true],
    ['+/+', '/a', true],
    ['+', '/a', false],
    ['/+', '/a', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
  ])('%s, %s: %s', (filter, topic, expected) => expect(matches(filter, topic)).toBe(expected));
});

describe('covers', () => {
  test.each([
    ['a/#', 'a/+', true],
    ['a/#', 'a/#', true],
    ['a/#', 'a', true],
    ['a/#', '#', false],
    ['a/+', 'a/#', false],
    ['a/+', 'a/+', true],
    ['a/b', 'a/+', false],
    ['+/b', 'a/b', true],
    ['+/b', '+/b', true],
    ['hub/devices/#', 'hub/#', false],
  ])('%s covers %s: %s', (rule, filter, expected) => expect(covers(rule, filter)).toBe(expected));
});

const level = fc.constantFrom('a', 'b', '', 'ä');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open || levels.length === 0 ? ['#'] : [])].join('/'));

test('whatever a filter matches, a rule that covers it matches too', () => {
  fc.assert(
    fc.property(filter, filter, topic, (rule, wanted, name) => {
      if (covers(rule, wanted) && matches(wanted, name)) expect(matches(rule, name)).toBe(true);
    }),
  );
});

test('the tree finds exactly the filters that match, also after changes', () => {
  fc.assert(
    fc.property(fc.uniqueArray(filter, { maxLength: 8 }), fc.array(topic), fc.nat(7), (filters, topics, gone) => {
      const tree = new TopicTree<string>();
      for (const each of filters) tree.add(each, each);
      for (const each of topics) tree.match(each);
      const removed = filters[gone];
      if (removed !== undefined) tree.remove(removed, removed);
      const left = filters.filter((each) => each !== removed);
      expect(tree.size).toBe(left.length);
      for (const each of topics) {
        expect([...tree.match(each)].sort()).toEqual(left.filter((known) => matches(known, each)).sort());
      }
    }),
  );
});

test('names that cannot be used are told apart from those that can', () => {
  expect(topicProblem('a/ä/b c')).toBeUndefined();
  expect(topicProblem('')).toBe('it is empty');
  expect(topicProblem('a/+')).toBe('a topic has no wildcards');
  expect(topicProblem('a\u0000b')).toBe('it holds control characters');
  expect(topicProblem(Buffer.from([0x61, 0xc0, 0x80]).toString())).toBe('it is not UTF-8');
  expect(topicProblem(Array(101).fill('a').join('/'))).toBe('it has more than 100 levels');
  expect(filterProblem('a/+/#')).toBeUndefined();
  expect(filterProblem('a/#/b')).toBeDefined();
  expect(filterProblem('a/b+')).toBeDefined();
  expect(isReservedName('__proto__')).toBe(true);
  expect(isReservedName('prototype')).toBe(false);
});
