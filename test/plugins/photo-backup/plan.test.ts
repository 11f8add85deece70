import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { besideName, compare, decide, type LocalEntry, type SentCopy } from '../../../plugins/photo-backup/plan.ts';
import type { RemoteObject } from '../../../plugins/photo-backup/targets/target.ts';

/** Contents are letters; every hash of a content is made of its letter. */
const hash = (content: string, length: number) => content.repeat(length);
const PATH = '2016-W05/P1.JPG';

interface World {
  readonly content: string;
  readonly copy: SentCopy | undefined;
  readonly remote: ReadonlyMap<string, RemoteObject>;
  readonly contents: ReadonlyMap<string, string>;
}

const letter = fc.constantFrom('a', 'b', 'c');
const names = [PATH, ...['a', 'b', 'c'].map((content) => besideName(PATH, hash(content, 8)))];
const objectOf = (key: string, content: string, knows: string, tag: string): RemoteObject => ({
  key,
  size: 5,
  tag,
  ...(knows === 'md5' && { md5: hash(content, 32) }),
  ...(knows === 'crc32c' && { crc32c: hash(content, 8) }),
  ...(knows === 'sha256' && { sha256: hash(content, 64) }),
});

const world: fc.Arbitrary<World> = fc
  .record({
    content: letter,
    objects: fc.array(
      fc.record({
        key: fc.constantFrom(...names),
        content: letter,
        knows: fc.constantFrom('md5', 'crc32c', 'sha256', 'nothing'),
        tag: fc.constantFrom('1', '2'),
      }),
      { maxLength: 5 },
    ),
    copy: fc.option(
      fc.record({
        key: fc.constantFrom(...names),
        content: letter,
        tag: fc.constantFrom('1', '2'),
        stored: fc.integer({ min: 0, max: 100 }),
      }),
      { nil: undefined },
    ),
  })
  .map(({ content, objects, copy }) => ({
    content,
    copy: copy && { ...copy, sha256: hash(copy.content, 64), size: 5 },
    remote: new Map(objects.map(({ key, content: holds, knows, tag }) => [key, objectOf(key, holds, knows, tag)])),
    contents: new Map(objects.map(({ key, content: holds }) => [key, holds])),
  }));

/** Follows the decisions as a pass does, until one of them ends the matter. */
function follow({ content, copy, remote, contents }: World, replace: boolean, rewriteAfter: number, now: number) {
  const seen = new Map(remote);
  let entry: LocalEntry = { path: PATH, size: 5, sha256: hash(content, 64) };
  for (let step = 0; step < 12; step++) {
    const action = decide(entry, copy, (key) => seen.get(key), { replace, rewriteAfter }, now);
    if (action.do === 'hash') entry = { ...entry, [action.hash]: hash(content, action.hash === 'md5' ? 32 : 8) };
    else if (action.do === 'compare') {
      const held = contents.get(action.object.key) ?? '';
      seen.set(action.object.key, { ...action.object, sha256: hash(held, 64) });
    } else return action;
  }
  throw new Error('never came to an end');
}

describe('decide', () => {
  it('comes to an end, and never overwrites anything but the untouched former copy', () => {
    fc.assert(
      fc.property(world, fc.boolean(), fc.nat(50), fc.nat(100), (given, replace, rewriteAfter, now) => {
        const action = follow(given, replace, rewriteAfter, now);
        const { copy, remote, contents, content } = given;
        const former = copy && remote.get(copy.key)?.tag === copy.tag ? copy : undefined;
        if (action.do === 'upload') expect(remote.has(action.key)).toBe(false);
        if (action.do === 'replace') {
          expect([former?.key, replace]).toEqual([PATH, true]);
          expect(action.object).toBe(remote.get(PATH));
        }
        if (action.do === 'record') expect(contents.get(action.object.key)).toBe(content);
        if (action.do === 'nothing') expect(former?.sha256).toBe(hash(content, 64));
        if (action.do === 'wait') expect([former === undefined, now < action.until]).toEqual([false, true]);
        // What is nowhere yet is sent, and only what is: nothing is uploaded twice under names it would look at.
        const isThere = [PATH, besideName(PATH, hash(content, 8))].some((key) => contents.get(key) === content);
        if (action.do === 'upload' && former === undefined) expect(isThere).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('sends a changed file at once when replacing is not billed', () => {
    const copy = { key: PATH, sha256: hash('a', 64), size: 5, tag: '1', stored: 100 };
    const remote = objectOf(PATH, 'a', 'md5', '1');
    const entry = { path: PATH, size: 6, sha256: hash('b', 64) };
    const at = (policy: { replace: boolean; rewriteAfter: number }) =>
      decide(entry, copy, (key) => (key === PATH ? remote : undefined), policy, 120);
    expect(at({ replace: true, rewriteAfter: 0 })).toEqual({ do: 'replace', object: remote });
    expect(at({ replace: true, rewriteAfter: 50 })).toEqual({ do: 'wait', until: 150 });
    expect(at({ replace: false, rewriteAfter: 0 })).toEqual({
      do: 'upload',
      key: '2016-W05/P1~bbbbbbbb.JPG',
      because: 'keep_both',
    });
  });
});

describe('compare', () => {
  const file = { path: PATH, size: 5, sha256: hash('a', 64), md5: hash('a', 32), crc32c: hash('a', 8) };
  const object = { key: PATH, size: 5, tag: '' };
  it.each([
    ['another size', { ...object, size: 6, md5: file.md5 }, 'different'],
    ['the same MD5', { ...object, md5: file.md5 }, 'same'],
    ['another MD5, whatever the metadata claims', { ...object, md5: hash('b', 32), sha256: file.sha256 }, 'different'],
    ['a composed object with the same CRC32C', { ...object, crc32c: file.crc32c }, 'same'],
    ['only a claim', { ...object, sha256: file.sha256 }, 'same'],
    ['nothing to go by', object, 'unknown'],
  ])('%s', (_, there, expected) => expect(compare(file, there)).toBe(expected));

  it('asks for the hash that is wanting', () => {
    const { md5: _, crc32c: __, ...bare } = file;
    expect(compare(bare, { ...object, md5: file.md5 })).toBe('md5');
    expect(compare(bare, { ...object, crc32c: file.crc32c })).toBe('crc32c');
  });
});

it.each([
  ['2016-W05/P1.JPG', '2016-W05/P1~12345678.JPG'],
  ['2016.W05/P1', '2016.W05/P1~12345678'],
  ['2016-W05/.hidden', '2016-W05/.hidden~12345678'],
  ['P1.JPG.XMP', 'P1.JPG~12345678.XMP'],
])('puts %s beside as %s', (path, expected) => expect(besideName(path, '12345678')).toBe(expected));
