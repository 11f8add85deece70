import { expect, test } from 'vitest';
import { Lifeline } from '../../../core/support/lifeline.ts';
import { createLogger } from '../../../core/support/log.ts';

test('stops in reverse, and goes on when one fails', async () => {
  const happened: string[] = [];
  const parts = new Lifeline();
  parts.onStop('store', () => void happened.push('store'));
  parts.onStop('broker', async () => {
    throw new Error('stuck');
  });
  parts.onStop('http', () => void happened.push('http'));
  await parts.stop(createLogger('hub', ({ message }) => happened.push(message)));
  expect(happened).toEqual(['http', 'broker did not stop cleanly: stuck', 'store']);
});
