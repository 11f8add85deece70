import { execFile } from 'node:child_process';
import { copyFile, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openHeadReader } from '../../../../plugins/photos/ingest/read-head.ts';
import { describeHead, describeTags } from '../../../../plugins/photos/metadata/description.ts';
import { createExifTool } from '../../../../plugins/photos/metadata/exiftool.ts';
import { CannotProveError, hashImage } from '../../../../plugins/photos/metadata/image-data.ts';
import { createDeepReader, toHead } from '../../../../plugins/photos/metadata/read.ts';
import { stageRewrite } from '../../../../plugins/photos/metadata/rewrite.ts';
import { containerOf, planTags } from '../../../../plugins/photos/metadata/tags.ts';
import { cameraSamples } from '../../../support/camera-files.ts';
import { temporaryFolder } from '../../../support/hub.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { EXIFTOOL, judgedByExiftool, makeJpeg } from './judges.ts';
import { makeMov, makeTiff } from './samples.ts';

function tools() {
  const exiftool = createExifTool();
  onTestFinished(() => exiftool.end());
  const warnings: string[] = [];
  const deep = createDeepReader(exiftool, (message) => warnings.push(message));
  return { exiftool, warnings, reader: openHeadReader(deep), deep };
}

describe('the reading rules', () => {
  test('EXIF comes first, then XMP, then IPTC', () => {
    expect(
      describeTags({ 'IFD0:ImageDescription': 'e', 'XMP-dc:Description': 'x', 'IPTC:Caption-Abstract': 'i' }),
    ).toEqual({
      caption: 'e',
    });
    expect(describeTags({ 'XMP-dc:Title': 'x', 'IPTC:ObjectName': 'i' })).toEqual({ title: 'x' });
  });

  test('IPTC that was changed after the XMP was written wins over it', () => {
    const tags = {
      'Photoshop:IPTCDigest': 'aa',
      'File:CurrentIPTCDigest': 'bb',
      'XMP-dc:Title': 'old',
      'IPTC:ObjectName': 'new',
      'XMP-dc:Subject': ['old'],
      'IPTC:Keywords': ['new'],
    };
    expect(describeTags(tags)).toEqual({ title: 'new', keywords: ['new'] });
    expect(describeTags({ ...tags, 'Photoshop:IPTCDigest': 'bb' })).toEqual({ title: 'old', keywords: ['old'] });
  });

  test('a text that IPTC has no room for is taken whole from XMP, whatever the digest says', () => {
    const tags = { 'Photoshop:IPTCDigest': 'a', 'File:CurrentIPTCDigest': 'b', 'IPTC:ObjectName': 'Long ti' };
    expect(describeTags({ ...tags, 'XMP-dc:Title': 'Long title' })).toEqual({ title: 'Long title' });
  });

  test.each(['OLYMPUS DIGITAL CAMERA', 'SONY DSC', '   ', '     '])('"%s" is the camera and no caption', (text) => {
    expect(describeTags({ 'IFD0:ImageDescription': text })).toEqual({});
    expect(describeHead({ ifd0: { ImageDescription: text } })).toEqual({});
  });

  test('where exifr finds two different texts it does not choose', () => {
    expect(describeHead({ iptc: { ObjectName: 'a' }, dc: { title: 'b' } })).toBeUndefined();
    expect(describeHead({ iptc: { ObjectName: 'a' }, dc: { title: 'a b' } })).toEqual({ title: 'a b' });
  });

  test('a position at 0, 0 or off the globe is none', () => {
    const at = (latitude: number, longitude: number) =>
      describeTags({ 'Composite:GPSLatitude': latitude, 'Composite:GPSLongitude': longitude });
    expect([at(0, 0), at(91, 1), at(1, 181)]).toEqual([{}, {}, {}]);
    expect(at(-1, 2)).toEqual({ latitude: -1, longitude: 2 });
  });
});

describe('reading files', () => {
  testNeeding('exiftool')('exifr and ExifTool tell the same of what ExifTool wrote', async () => {
    const path = join(await temporaryFolder(), 'a.jpg');
    await makeJpeg(
      path,
      '-codedcharacterset=utf8',
      '-IPTC:ObjectName=Tür & <Tor>',
      '-XMP-dc:Title=Tür & <Tor>',
      '-IPTC:Keywords=é',
      '-IPTC:Keywords=b',
      '-XMP-dc:Subject=é',
      '-XMP-dc:Subject=b',
      '-EXIF:ImageDescription=日本',
      '-DateTimeOriginal=2016:02:03 12:00:00',
      '-OffsetTimeOriginal=+01:00',
      '-GPSLatitude=48.5',
      '-GPSLatitudeRef=S',
      '-GPSLongitude=11.25',
      '-GPSLongitudeRef=W',
      '-GPSAltitude=12',
      '-GPSAltitudeRef=Below',
      '-Make=NIKON CORPORATION',
      '-Model=NIKON D90',
    );
    const { reader, deep } = tools();
    const expected = {
      title: 'Tür & <Tor>',
      keywords: ['é', 'b'],
      caption: '日本',
      latitude: -48.5,
      longitude: -11.25,
      altitude: -12,
      camera: 'NIKON D90',
    };
    for (const head of [await reader.read(path), await deep.read(path)]) {
      expect(head).toMatchObject(expected);
      expect(head?.times[0]).toEqual({ from: 'DateTimeOriginal', text: '2016:02:03 12:00:00', offset: '+01:00' });
    }
  });

  testNeeding('exiftool')(
    'UTF-8 that says nothing of it, as bash and exiv2 wrote it for years, is read right',
    async () => {
      const path = join(await temporaryFolder(), 'a.jpg');
      await makeJpeg(
        path,
        '-charset',
        'iptc=utf8',
        '-IPTC:ObjectName=Größe “x” €',
        '-DateTimeOriginal=2016:02:03 12:00:00',
      );
      const { reader, deep } = tools();
      expect(await reader.read(path)).toMatchObject({ title: 'Größe “x” €' });
      expect(await deep.read(path)).toMatchObject({ title: 'Größe “x” €' });
    },
  );

  testNeeding('exiftool')('a text changed by a program that knows no XMP is found by its digest', async () => {
    const path = join(await temporaryFolder(), 'a.jpg');
    await makeJpeg(
      path,
      '-DateTimeOriginal=2016:02:03 12:00:00',
      '-IPTC:ObjectName=old',
      '-XMP-dc:Title=old',
      '-IPTCDigest=new',
    );
    await promisify(execFile)(EXIFTOOL, ['-q', '-overwrite_original', '-IPTC:ObjectName=new', path]);
    expect(await tools().reader.read(path)).toMatchObject({ title: 'new' });
  });

  testNeeding('exiftool')('a sidecar speaks for its RAW', async () => {
    const folder = await temporaryFolder();
    const raw = join(folder, 'IMG_1.CR2');
    await writeFile(raw, 'not readable');
    const args = ['-q', '-XMP-dc:Title=vom Beiwagen', '-XMP-exif:DateTimeOriginal=2016:02:03 12:00:00'];
    await promisify(execFile)(EXIFTOOL, [...args, join(folder, 'IMG_1.xmp')]);
    const head = await tools().reader.read(raw);
    expect(head).toMatchObject({ title: 'vom Beiwagen' });
    expect(head?.times[0]?.text).toBe('2016:02:03 12:00:00');
  });

  test('without an ExifTool nothing is known of a video, which is said once', async () => {
    const warnings: string[] = [];
    const deep = createDeepReader(createExifTool('/nonexistent'), (message) => warnings.push(message));
    const path = join(await temporaryFolder(), 'a.mov');
    await makeMov(path, { created: new Date('2016-02-03T11:00:00Z') });
    expect([await deep.read(path), await deep.read(path)]).toEqual([undefined, undefined]);
    expect(warnings).toEqual([expect.stringContaining('libimage-exiftool-perl')]);
  });
});

describe('video', () => {
  testNeeding('exiftool')('states its times in order of trust', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'MVI_1.MOV');
    await makeMov(path, { created: new Date('2016-02-03T11:00:00Z') });
    const { deep } = tools();
    expect((await deep.read(path))?.times).toEqual([
      { from: 'QuickTime CreateDate', text: '2016:02:03 11:00:00', utc: true },
    ]);
    await makeJpeg(join(folder, 'thm.jpg'), '-DateTimeOriginal=2016:02:03 12:00:01', '-Model=PowerShot');
    await copyFile(join(folder, 'thm.jpg'), join(folder, 'MVI_1.THM'));
    const args = ['-q', '-overwrite_original', '-Keys:CreationDate=2016:02:03 12:00:02+01:00'];
    await promisify(execFile)(EXIFTOOL, [...args, path]);
    const head = await deep.read(path);
    expect(head?.times.map(({ from }) => from)).toEqual([
      'CreationDate',
      'DateTimeOriginal of the THM',
      'QuickTime CreateDate',
    ]);
    expect(head?.times[0]).toEqual({ from: 'CreationDate', text: '2016:02:03 12:00:02', offset: '+01:00' });
    expect(head?.camera).toBe('PowerShot');
  });

  test("a header's time of 0 is none, a maker's own stands before it", () => {
    expect(toHead({ 'QuickTime:CreateDate': '0000:00:00 00:00:00' }).times).toEqual([]);
    const tags = {
      'QuickTime:CreateDate': '2016:02:03 11:00:00',
      'H264:DateTimeOriginal': '2016:02:03 12:00:00+01:00 DST',
    };
    expect(toHead(tags).times).toEqual([
      { from: 'DateTimeOriginal', text: '2016:02:03 12:00:00', offset: '+01:00' },
      { from: 'QuickTime CreateDate', text: '2016:02:03 11:00:00', utc: true },
    ]);
  });
});

describe('writing formats other than JPEG', () => {
  testNeeding('exiftool')('TIFF and MOV hold what was written, their picture unchanged', async () => {
    const folder = await temporaryFolder();
    const { exiftool, deep } = tools();
    const [tiff, mov] = [join(folder, 'a.tif'), join(folder, 'a.mov')];
    await makeTiff(tiff);
    await makeMov(mov, { created: new Date('2016-02-03T11:00:00Z') });
    for (const path of [tiff, mov]) {
      const before = await hashImage(path, exiftool);
      const { size, mtimeMs } = await stat(path);
      const changes = {
        title: 'Tōkyō',
        caption: 'c',
        keywords: ['k'],
        position: { latitude: -35.5, longitude: 139.75 },
      };
      const { tags } = planTags(changes, containerOf(path) as NonNullable<ReturnType<typeof containerOf>>);
      const known = { sha256: before.file, size, mtime: Math.trunc(mtimeMs) };
      await (await stageRewrite(exiftool, path, join(folder, '.s'), tags, known)).commit();
      expect((await hashImage(path, exiftool)).image).toBe(before.image);
      expect(await deep.read(path)).toMatchObject({
        title: 'Tōkyō',
        caption: 'c',
        keywords: ['k'],
        latitude: expect.closeTo(-35.5, 5),
        longitude: expect.closeTo(139.75, 5),
      });
    }
    expect(await judgedByExiftool(tiff)).toMatchObject({ 'IPTC:ObjectName': 'Tōkyō', 'IFD0:ImageDescription': 'c' });
    expect(await judgedByExiftool(mov)).toMatchObject({ 'Keys:Title': 'Tōkyō', 'XMP-dc:Title': 'Tōkyō' });
  });
});

const samples = cameraSamples();

/** Real camera files do not belong into the repository; a folder of them may be named. */
describe.skipIf(samples === undefined)('sample files of cameras (needs CUPBOARD_SAMPLES)', () => {
  testNeeding('exiftool')('are read, and written in place or beside with the picture unchanged', async () => {
    const folder = await temporaryFolder();
    const { exiftool, deep } = tools();
    for (const name of await readdir(samples as string)) {
      const path = join(folder, basename(name));
      await copyFile(join(samples as string, name), path);
      const container = containerOf(path);
      if (container === undefined) continue;
      const before = await hashImage(path, exiftool).catch((error: unknown) => {
        if (!(error instanceof CannotProveError)) throw error; // cut short: it would get a sidecar
      });
      if (before === undefined) continue;
      const { size, mtimeMs } = await stat(path);
      const { tags } = planTags({ title: 'Ä', caption: 'é' }, container);
      const known = { sha256: before.file, size, mtime: Math.trunc(mtimeMs) };
      await (await stageRewrite(exiftool, path, join(folder, '.s'), tags, known)).commit();
      expect([name, (await deep.read(path))?.title]).toEqual([name, 'Ä']);
    }
  });
});
