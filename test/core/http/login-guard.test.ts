import { expect, test } from 'vitest';
import { createLimiter } from '../../../core/http/login-guard.ts';

test('counts in windows, each key for itself', () => {
  const clock = { ms: 0 };
  const limiter = createLimiter(2, 1000, () => clock.ms);
  expect([limiter.spend('a'), limiter.spend('a'), limiter.spend('b')]).toEqual([0, 0, 0]);
  clock.ms = 400;
  expect(limiter.spend('a')).toBe(600);
  expect(limiter.spend('b')).toBe(0);
  clock.ms = 1000;
  expect(limiter.spend('a')).toBe(0);
});

test('forgives who proved to be right', () => {
  const limiter = createLimiter(1, 1000, () => 0);
  limiter.spend('a');
  limiter.forgive('a');
  expect(limiter.spend('a')).toBe(0);
});

test('strangers who invent keys cost no more than ten thousand of them, the oldest first', () => {
  const limiter = createLimiter(1, 1000, () => 0);
  limiter.spend('first');
  for (let key = 1; key < 10_000; key += 1) limiter.spend(`k${key}`);
  expect(limiter.spend('first')).toBe(1000);
  limiter.spend('one more');
  expect(limiter.spend('k9999')).toBe(1000);
  expect(limiter.spend('first')).toBe(0);
});
