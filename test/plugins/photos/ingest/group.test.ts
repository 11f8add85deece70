import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupFiles } from '../../../../plugins/photos/ingest/group.ts';
import { kindOf } from '../../../../plugins/photos/ingest/kinds.ts';
import type { ScannedFile } from '../../../../plugins/photos/ingest/scan.ts';

const fileOf = (path: string): ScannedFile => {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const folder = slash < 0 ? '' : path.slice(0, slash);
  return { path, location: `/card/${path}`, folder, name, kind: kindOf(name) ?? 'other', size: 1, mtime: 0 };
};
const grouped = (...paths: string[]) => {
  const { groups, alone } = groupFiles(paths.map(fileOf));
  return { groups: groups.map(({ members }) => members.map(({ path }) => path)), alone: alone.map(({ path }) => path) };
};

describe('groups', () => {
  it.each([
    ['RAW and JPEG', ['IMG_1.CR2', 'IMG_1.JPG']],
    ['whatever the case', ['img_1.jpg', 'IMG_1.CR2']],
    ['a video with THM, LRV and XML', ['MVI_1.MP4', 'MVI_1.LRV', 'MVI_1.THM', 'MVI_1.XML']],
    ['both spellings of XMP', ['IMG_1.JPG', 'IMG_1.CR2', 'IMG_1.JPG.XMP', 'IMG_1.xmp']],
    ['a voice note', ['P1010001.JPG', 'P1010001.WAV']],
    ['a live photo', ['IMG_1.HEIC', 'IMG_1.MOV']],
    ['Sony clips with their XML', ['C0001.MP4', 'C0001M01.XML']],
    ['GoPro chapters with their small copy', ['GX010001.MP4', 'GL010001.LRV']],
  ])('%s', (_, paths) => {
    const { groups, alone } = grouped(...paths);
    expect(alone).toEqual([]);
    expect(groups.map((members) => members.toSorted())).toEqual([paths.toSorted()]);
  });

  it('lets the JPEG speak for the RAW and the video for its THM', () => {
    expect(grouped('A.CR2', 'A.JPG').groups[0]?.[0]).toBe('A.JPG');
    expect(grouped('A.THM', 'A.MOV').groups[0]?.[0]).toBe('A.MOV');
  });

  it('keep folders apart, and names that only begin alike', () => {
    expect(grouped('100/IMG_1.JPG', '101/IMG_1.CR2', '100/IMG_10.JPG').groups).toHaveLength(3);
  });

  it('leave companions of nothing alone', () => {
    expect(grouped('song.mp3', 'MEDIAPRO.XML', 'IMG_1.XMP')).toEqual({
      groups: [],
      alone: ['song.mp3', 'MEDIAPRO.XML', 'IMG_1.XMP'],
    });
  });

  it('lose no file and hold none twice', () => {
    const name = fc.tuple(
      fc.constantFrom('', '100/', '101/'),
      fc.constantFrom('IMG_1', 'img_1', 'IMG_2', 'GX010001', 'GL010001', 'C0001', 'C0001M01'),
      fc.constantFrom('.JPG', '.cr2', '.MOV', '.THM', '.LRV', '.XMP', '.JPG.xmp', '.XML', '.WAV'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name.map((parts) => parts.join(''))), (paths) => {
        const { groups, alone } = grouped(...paths);
        expect([...groups.flat(), ...alone].toSorted()).toEqual(paths.toSorted());
      }),
    );
  });
});
