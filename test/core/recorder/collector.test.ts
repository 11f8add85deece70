import { expect, test } from 'vitest';
import { Collector } from '../../../core/recorder/collector.ts';

const add = (collector: Collector, topic: string, payload: string) =>
  collector.add({ topic, payload: Buffer.from(payload), retained: false }, 1);

test('lays messages flat in the order they came', () => {
  const collector = new Collector();
  add(collector, 'a', '1');
  add(collector, 'b', '{"ü":2}');
  const { topics, payloads, ends } = collector.take();
  expect(topics).toEqual(['a', 'b']);
  expect(Buffer.from(payloads).toString()).toBe('1{"ü":2}');
  expect(ends).toEqual([1, 9]);
  expect(collector.size).toBe(0);
});

test.each([
  ['a', '21.5', 1],
  ['a', '-1', 1],
  ['a', ' {"x":1}', 1],
  ['a', 'ON', 0],
  ['a', '"text"', 0],
  ['a', '', 0],
  ['hub/plugins/x', '', 1],
  ['hub/log/x', '{"level":"info"}', 0],
  ['x/event/y', 'text', 1],
  ['a', '1'.repeat(70_000), 0],
])('of topic %s with payload %.12s it keeps %i', (topic, payload, kept) => {
  const collector = new Collector();
  add(collector, topic, payload);
  expect(collector.size).toBe(kept);
});

test('drops and counts what comes when far too much waits', () => {
  const collector = new Collector();
  for (let index = 0; index < 200_003; index += 1) add(collector, 'a', '1');
  expect([collector.size, collector.dropped]).toEqual([200_000, 3]);
  expect(collector.isFull).toBe(true);
  expect(collector.take().topics).toHaveLength(2000);
  expect(collector.size).toBe(198_000);
});
