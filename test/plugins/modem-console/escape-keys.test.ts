import { expect, it } from 'vitest';
import { EscapeKeys } from '../../../plugins/modem-console/escape-keys.ts';

const typed = (keys: EscapeKeys, text: string) =>
  keys
    .take(Buffer.from(text, 'latin1'))
    .map((part) => (part.kind === 'keys' ? part.bytes.toString('latin1') : part.kind));

it('finds picocom’s keys in what is typed, also across two reads', () => {
  const keys = new EscapeKeys();
  expect(typed(keys, 'ab\x01\x18cd')).toEqual(['ab', 'leave', 'cd']);
  expect(typed(keys, '\x01\x11\x01\x1c\x01\x17')).toEqual(['leave', 'brk', 'swap']);
  expect(typed(keys, 'x\x01')).toEqual(['x']);
  expect(typed(keys, '\x18')).toEqual(['leave']);
  expect(typed(keys, '\x01\x01')).toEqual(['\x01']);
  expect(typed(keys, '\x01hello')).toEqual(['ello']);
});
