import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { deadline } from '../../../core/support/deadline.ts';

const reasonOf = (signal: AbortSignal) =>
  new Promise<Error>((resolve) => signal.addEventListener('abort', () => resolve(signal.reason as Error)));

test('ends after its time although nobody else holds on to it and the garbage is collected meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const collecting = setInterval(collect, 10);
  try {
    expect(await reasonOf(deadline(200, new AbortController().signal))).toMatchObject({ name: 'TimeoutError' });
  } finally {
    clearInterval(collecting);
  }
});

test('ends with any of the signals given, for their reason', async () => {
  const user = new AbortController();
  const both = reasonOf(deadline(60_000, new AbortController().signal, user.signal));
  user.abort(new Error('stopped'));
  expect(await both).toMatchObject({ message: 'stopped' });
});

test('has ended already when one of them has', () => {
  expect(deadline(60_000, AbortSignal.abort(new Error('before'))).reason).toMatchObject({ message: 'before' });
});
