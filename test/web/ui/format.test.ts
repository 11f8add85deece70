import { expect, test } from 'vitest';
import { formatAge, formatBytes, formatCount, formatInstant } from '../../../web/ui/format.ts';

test('tells ages in the unit a person would use', () => {
  const now = 1_000_000_000;
  expect([0, 40, 600, 10_000, 400_000].map((seconds) => formatAge(now - seconds * 1000, now))).toEqual([
    'just now',
    '40 s ago',
    '10 min ago',
    '3 h ago',
    '5 days ago',
  ]);
});

test('an instant is told in the time of the house', () => {
  expect(formatInstant(Date.UTC(2026, 0, 1, 23, 30), 'Europe/Berlin')).toContain('00:30:00');
});

test('sizes are decimal, as disks are sold', () => {
  expect([0, 999, 1500, 27_400_000, 3e9].map(formatBytes)).toEqual([
    '0\u00a0B',
    '999\u00a0B',
    '1.5\u00a0kB',
    '27\u00a0MB',
    '3.0\u00a0GB',
  ]);
});

test('one is one, not ones', () => {
  expect([0, 1, 5001].map((count) => formatCount(count, 'message'))).toEqual([
    '0 messages',
    '1 message',
    '5,001 messages',
  ]);
});
