import { expect, test } from 'vitest';
import { prettyPayload, TopicTable } from '../../../web/hub/topic-table.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const message = (topic: string, text: string, retained = false) => ({ topic, payload: bytes(text), retained });

test('keeps the last message of each topic and whether it is live', () => {
  const table = new TopicTable();
  table.take(message('a/b', '1', true), 10);
  table.take(message('a/b', '2'), 20);
  table.take(message('c', '3', true), 30);
  expect(table.groups('')).toEqual([
    ['a', [{ topic: 'a/b', text: '2', time: 20, retained: false, count: 2, bytes: 1 }]],
    ['c', [{ topic: 'c', text: '3', time: 30, retained: true, count: 1, bytes: 1 }]],
  ]);
});

test('finds words in topics and payloads', () => {
  const table = new TopicTable();
  table.take(message('garden/soil', 'dry'), 0);
  table.take(message('roof/wind', 'Strong'), 0);
  expect(table.groups('SOIL').map(([root]) => root)).toEqual(['garden']);
  expect(table.groups('strong').map(([root]) => root)).toEqual(['roof']);
});

test('a flood of topics is counted, not kept', () => {
  const table = new TopicTable();
  for (let index = 0; index < 6000; index++) table.take(message(`t/${index}`, 'x'), 0);
  table.take(message('t/1', 'y'), 1);
  expect({ size: table.size, dropped: table.dropped, received: table.received }).toEqual({
    size: 5000,
    dropped: 1000,
    received: 6001,
  });
});

test('shows bytes that are no text as bytes', () => {
  const table = new TopicTable();
  table.take({ topic: 'raw', payload: new Uint8Array([0xff, 0x00, 0x10]), retained: false }, 0);
  expect(table.groups('')[0]?.[1][0]?.text).toBe('ff 00 10');
});

test('lays JSON out and leaves the rest alone', () => {
  expect(prettyPayload('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(prettyPayload('21.4')).toBe('21.4');
  expect(prettyPayload('{"a":')).toBe('{"a":');
});
