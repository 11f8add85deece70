import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Masker } from '../../../../plugins/ci/runner/masking.ts';

/** Feeds `text` in pieces cut at `cuts`. */
function maskInPieces(secrets: readonly string[], text: Buffer, cuts: readonly number[]): string {
  const masker = new Masker(secrets);
  const at = [0, ...[...cuts].sort((one, other) => one - other), text.length];
  const pieces = at.slice(1).map((end, index) => masker.push(text.subarray(at[index], end)));
  return Buffer.concat([...pieces, masker.flush()]).toString();
}

const SECRET = 'pa55 w0rd/+&\'"$\\end';
const bytes = Buffer.from(SECRET);

describe('Masker', () => {
  const spellings: Record<string, string> = {
    'as it is': SECRET,
    base64: bytes.toString('base64'),
    base64url: bytes.toString('base64url'),
    'base64 after one byte': Buffer.from(`:${SECRET}`).toString('base64').slice(2),
    'base64 after two bytes': Buffer.from(`ab${SECRET}`).toString('base64').slice(3),
    'base64 before other bytes': Buffer.from(`${SECRET}xyz`).toString('base64'),
    hexadecimal: bytes.toString('hex'),
    'upper-case hexadecimal': bytes.toString('hex').toUpperCase(),
    'hexadecimal with colons': (bytes.toString('hex').match(/../g) ?? []).join(':'),
    'a URL part': encodeURIComponent(SECRET),
    'a form value': new URLSearchParams({ a: SECRET }).toString().slice(2),
    JSON: JSON.stringify(SECRET).slice(1, -1),
    'a single-quoted word': SECRET.replaceAll("'", `'\\''`),
    'a word with backslashes': 'pa55\\ w0rd/+\\&\\\'\\"\\$\\\\end',
  };
  for (const [name, spelling] of Object.entries(spellings)) {
    test(`masks a secret written as ${name}`, () => {
      const masked = Masker.mask(`before ${spelling} after`, [SECRET]);
      expect(masked).toMatch(/^before .*\*\*\*.* after$/);
      for (let at = 0; at + 9 <= spelling.length; at++) expect(masked).not.toContain(spelling.slice(at, at + 9));
    });
  }

  test('masks every line of a key, and long ones as tools wrap them', () => {
    const key = `-----BEGIN KEY-----\n${'Qm9'.repeat(30)}\n${'xYz'.repeat(30)}\n-----END KEY-----\n`;
    const wrapped = (text: string, width: number) => text.match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
    const base64 = wrapped(Buffer.from(key).toString('base64'), 76);
    const hex = wrapped(Buffer.from(key).toString('hex'), 60);
    const printed = [
      ...key
        .split('\n')
        .filter(Boolean)
        .map((line) => `  ${line}`),
      ...base64.slice(0, -1),
      ...hex.slice(0, -1),
    ];
    expect(Masker.mask(printed.join('\n'), [key]).replaceAll(/[*\s]/g, '')).toBe('');
  });

  test('masks a secret that is the beginning of another, however the chunks are cut', () => {
    expect(maskInPieces(['abcd', 'abcdefgh'], Buffer.from('x abcdefgh y'), [6])).toBe('x *** y');
    expect(maskInPieces(['abcd', 'abcdefgh'], Buffer.from('x abcdefg! y'), [6])).toBe('x ***efg! y');
  });

  test('masks on where what is masked may begin another secret', () => {
    expect(maskInPieces(['aa', 'aab'], Buffer.from('aaac'), [1, 2, 3])).toBe('***c');
  });

  test('holds back no more than a secret is long', () => {
    const masker = new Masker(['aaaa']);
    let written = 0;
    for (let chunk = 0; chunk < 1000; chunk++) written += masker.push(Buffer.alloc(100, 'a')).length;
    expect(written).toBeLessThan(10);
    expect(masker.push(Buffer.from('b')).toString()).toBe('b');
  });

  test('leaves no secret and loses nothing else, whatever the text and the cuts', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 6 });
    const words = fc.array(fc.oneof(letters, fc.constantFrom('z', '\n', '\0', 'é')), { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 3 }),
        words,
        fc.array(fc.nat(40), { maxLength: 8 }),
        (secrets, parts, cuts) => {
          const text = Buffer.from(parts.join(''));
          const inPieces = maskInPieces(
            secrets,
            text,
            cuts.map((cut) => Math.min(cut, text.length)),
          );
          for (const secret of secrets) expect(inPieces).not.toContain(secret);
          // Cut anywhere it masks what it masks in one piece; only how often the mask is written may differ.
          const whole = maskInPieces(secrets, text, []);
          const once = (masked: string) => masked.replaceAll(/(\*\*\*)+/g, '*');
          expect(once(inPieces)).toBe(once(whole));
        },
      ),
    );
  });
});
