import { expect, test } from 'vitest';
import { filterProblem, topicMatches } from '../../../web/mqtt/topics.ts';

test.each([
  ['a/b', 'a/b', true],
  ['a/+', 'a/b', true],
  ['a/+', 'a/b/c', false],
  ['a/#', 'a', true],
  ['a/#', 'a/b/c', true],
  ['#', 'a/b', true],
  ['#', '$SYS/load', false],
  ['+/load', '$SYS/load', false],
  ['a/b/c', 'a/b', false],
])('%s against %s is %s', (filter, topic, matches) => {
  expect(topicMatches(filter, topic)).toBe(matches);
});

test('names what is wrong with a filter', () => {
  expect(filterProblem('a/+/#')).toBeUndefined();
  expect(filterProblem('a+/b')).toMatch(/alone/);
  expect(filterProblem('#/b')).toMatch(/end/);
  expect(filterProblem('')).toMatch(/Type/);
});
