import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMask } from '../../../core/support/mask.ts';

const secret = 'p&ss wörd/1+2=';
const mask = createMask([secret]);

test.each([
  ['plain', `key ${secret} refused`],
  ['percent-encoded', `GET /up?PASSWORD=${encodeURIComponent(secret)}&x=1`],
  ['percent-encoded in lower case', encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
  ['form-encoded', new URLSearchParams({ key: secret }).toString()],
  ['in a URL inside a URL', encodeURIComponent(`http://x/?k=${encodeURIComponent(secret)}`)],
  ['in JSON', JSON.stringify({ key: 'say "hi" p' })],
])('hides a secret %s', (_, text) => {
  const hidden = createMask([secret, 'say "hi" p'])(text);
  expect(hidden).toContain('•••');
  expect(hidden).not.toMatch(/w(ö|%C3%B6|%c3%b6|%25C3)rd|hi/);
});

test('hides a secret in base64 wherever it stands in the text that was encoded', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (before, after) => {
      const encoded = Buffer.from(before + secret + after).toString('base64');
      expect(mask(encoded)).toContain('•••');
    }),
  );
});

test('leaves other text and short values alone', () => {
  expect(mask('temperature 21.4')).toBe('temperature 21.4');
  expect(createMask(['a', ''])('a cat')).toBe('a cat');
});
