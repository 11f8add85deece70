import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../../plugins/photos/ingest/kinds.ts';
import { foldName, safeName, splitName, withSuffix } from '../../../../plugins/photos/ingest/names.ts';

const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 });
const FORBIDDEN = /[\p{Cc}/\\:*?"<>|\u202e]/u;

describe('safeName', () => {
  it.each(['P1010001.JPG', 'IMG_0001.CR2', '_MG_0001.cr3', 'Käse 1 (2).jpg', '写真.heic', 'IMG_1.JPG.XMP'])(
    'keeps %s',
    (name) => {
      expect(safeName(name)).toBe(name);
    },
  );

  it.each([
    ['a/b.jpg', 'a_b.jpg'],
    ['a\u0000\nb.jpg', 'a__b.jpg'],
    ['..', '_'],
    ['.hidden.jpg', '_hidden.jpg'],
    ['trailing.jpg. ', 'trailing.jpg'],
    ['evil\u202egpj.exe.jpg', 'evil_gpj.exe.jpg'],
    ['Ka\u0308se.jpg', 'K\u00e4se.jpg'],
  ])('makes %j into %j', (name, safe) => {
    expect(safeName(name)).toBe(safe);
  });

  it('makes a name for every disk of whatever a card says', () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 0, max: 99_999 }), (name, suffix) => {
        const safe = withSuffix(splitName(safeName(name)), suffix);
        expect(safe).not.toBe('');
        expect(safe).not.toMatch(FORBIDDEN);
        expect(safe).not.toMatch(/^\.|[. ]$/);
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(255);
        expect(safe.normalize('NFC')).toBe(safe);
      }),
    );
  });

  it('keeps the kind of a file, however long its name', () => {
    fc.assert(
      fc.property(names, fc.constantFrom('.jpg', '.CR2', '.MOV', '.xmp'), (name, ending) => {
        expect(kindOf(safeName(`${name}${ending}`))).toBe(kindOf(`a${ending}`));
      }),
    );
  });
});

describe('splitName', () => {
  it.each([
    ['IMG_1.JPG', 'IMG_1', '.JPG'],
    ['IMG_1.JPG.XMP', 'IMG_1', '.JPG.XMP'],
    ['IMG_1.xmp', 'IMG_1', '.xmp'],
    ['my.cat.xmp', 'my.cat', '.xmp'],
    ['C0001M01.XML', 'C0001', 'M01.XML'],
    ['noending', 'noending', ''],
  ])('%s', (name, stem, rest) => {
    expect(splitName(name)).toEqual({ stem, rest });
  });

  it('loses nothing, and a suffix of 0 adds nothing', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(withSuffix(splitName(name), 0)).toBe(name);
      }),
    );
  });
});

it('foldName makes equal what some disk takes for equal', () => {
  expect(foldName('Ka\u0308SE.JPG')).toBe(foldName('k\u00e4se.jpg'));
});
