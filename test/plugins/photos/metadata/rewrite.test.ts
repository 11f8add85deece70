import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hashFile } from '../../../../plugins/photos/ingest/copy.ts';
import { createExifTool, type ExifTool } from '../../../../plugins/photos/metadata/exiftool.ts';
import { stageRewrite, stageSidecar, sweepStaged } from '../../../../plugins/photos/metadata/rewrite.ts';
import { type Changes, containerOf, planTags, tidyChanges } from '../../../../plugins/photos/metadata/tags.ts';
import { temporaryFolder } from '../../../support/hub.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { EXIFTOOL, judgedByExiftool, judgedByExiv2, makeJpeg, pixelsOf } from './judges.ts';

function exiftool(program?: string): ExifTool {
  const tool = createExifTool(program);
  onTestFinished(() => tool.end());
  return tool;
}

/** What the catalogue would know of it. */
const known = (path: string) => hashFile(path);

async function write(path: string, changes: Changes, tool: ExifTool) {
  const staging = join(path, '../.staging');
  const { tags } = planTags(tidyChanges(changes), containerOf(path) ?? 'xmp');
  const staged = await stageRewrite(tool, path, staging, tags, await known(path));
  await staged.commit();
  expect(await known(path)).toEqual({ sha256: staged.sha256, size: staged.size, mtime: staged.mtime });
  expect(await readdir(staging)).toEqual([]);
  return staged;
}

const MADE = { mode: 0o640, group: undefined };

/** Texts made to be taken for arguments, entities, encodings or ends of lines by somebody on the way. */
const HOSTILE = [
  '-execute',
  '-overwrite_original\n-o\n/tmp/evil',
  '@/etc/passwd',
  '<html & &amp; &lt;b&gt; &#65; "double" \'single\'',
  '=-XMP:all=',
  '# no comment\n#[HEAD]',
  '{ready}\n-stay_open\nFalse',
  'Zürich 日本 🏔️ e\u0301\ttab',
  '$(touch /tmp/x) `id` $PATH %s %d |;',
  '\\n \\u0041 \\',
];

describe('writing into a JPEG', () => {
  testNeeding('exiftool', 'exiv2')('title, caption and keywords are in step for exiftool and exiv2', async () => {
    const path = join(await temporaryFolder(), 'P1010001.JPG');
    await makeJpeg(path, '-Make=Panasonic', '-DateTimeOriginal=2016:02:03 12:00:00');
    await utimes(path, 1454500000, 1454500000);
    const pixels = await pixelsOf(path);
    const tool = exiftool();
    await write(path, { title: 'Sörens Fest', caption: 'Grüße aus 東京', keywords: ['été', 'a, b'] }, tool);

    const tags = await judgedByExiftool(path);
    expect(tags).toMatchObject({
      'IPTC:CodedCharacterSet': '\u001b%G',
      'IPTC:ObjectName': 'Sörens Fest',
      'XMP-dc:Title': 'Sörens Fest',
      'IPTC:Caption-Abstract': 'Grüße aus 東京',
      'XMP-dc:Description': 'Grüße aus 東京',
      'IFD0:ImageDescription': 'Grüße aus 東京',
      'IPTC:Keywords': ['été', 'a, b'],
      'XMP-dc:Subject': ['été', 'a, b'],
      'IFD0:Make': 'Panasonic',
      'ExifIFD:DateTimeOriginal': '2016:02:03 12:00:00',
    });
    expect(tags['Photoshop:IPTCDigest']).toBe(tags['File:CurrentIPTCDigest']);
    expect(
      await judgedByExiv2(
        path,
        'Iptc.Application2.ObjectName',
        'Iptc.Application2.Caption',
        'Exif.Image.ImageDescription',
        'Xmp.dc.description',
      ),
    ).toEqual({
      'Iptc.Application2.ObjectName': 'Sörens Fest',
      'Iptc.Application2.Caption': 'Grüße aus 東京',
      'Exif.Image.ImageDescription': 'Grüße aus 東京',
      'Xmp.dc.description': 'lang="x-default" Grüße aus 東京',
    });
    expect(await pixelsOf(path)).toEqual(pixels);
    expect((await stat(path)).mtimeMs).toBe(1454500000000);
  });

  testNeeding('exiftool')('no text is ever taken for an argument, and each arrives as it was given', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'a.jpg');
    const tool = exiftool();
    await makeJpeg(path);
    for (const text of HOSTILE) {
      await write(path, { title: text.slice(0, 30), caption: text, keywords: [text.slice(0, 40)] }, tool);
      const whole = text.normalize('NFC');
      const tags = await judgedByExiftool(path, '-struct');
      expect([tags['IPTC:Caption-Abstract'], tags['XMP-dc:Description'], tags['IFD0:ImageDescription']]).toEqual([
        whole,
        whole,
        whole,
      ]);
      expect(String(tags['IPTC:Keywords']).trim()).toBe(whole.slice(0, 40).trim());
    }
    expect(await readdir(folder)).toEqual(['.staging', 'a.jpg']);
  });

  testNeeding('exiftool')('text that was there in Latin-1, or in UTF-8 that says nothing of it, is kept', async () => {
    const folder = await temporaryFolder();
    const tool = exiftool();
    for (const [name, charset] of [
      ['latin.jpg', 'Latin'],
      ['silent.jpg', 'UTF8'],
    ] as const) {
      const path = join(folder, name);
      await makeJpeg(path, '-charset', `iptc=${charset}`, '-IPTC:By-line=Jörg Weiß', '-IPTC:City=Zürich');
      await write(path, { caption: 'Ünter' }, tool);
      expect(await judgedByExiftool(path)).toMatchObject({
        'IPTC:By-line': 'Jörg Weiß',
        'IPTC:City': 'Zürich',
        'IPTC:Caption-Abstract': 'Ünter',
      });
    }
  });

  testNeeding('exiftool', 'exiv2')('a named point reads the same in exiftool and exiv2, without a time', async () => {
    const path = join(await temporaryFolder(), 'a.jpg');
    await makeJpeg(path);
    await write(path, { position: { latitude: -33.870094, longitude: -151.2, altitude: 25.5 } }, exiftool());
    const tags = await judgedByExiftool(path);
    expect(tags['Composite:GPSLatitude']).toBeCloseTo(-33.870094, 7);
    expect(tags['Composite:GPSLongitude']).toBeCloseTo(-151.2, 7);
    expect(tags['Composite:GPSAltitude']).toBe(25.5);
    expect(tags).not.toHaveProperty('GPS:GPSTimeStamp');
    expect(
      await judgedByExiv2(
        path,
        'Exif.GPSInfo.GPSLatitudeRef',
        'Exif.GPSInfo.GPSMapDatum',
        'Exif.GPSInfo.GPSAltitudeRef',
      ),
    ).toEqual({
      'Exif.GPSInfo.GPSLatitudeRef': 'S',
      'Exif.GPSInfo.GPSMapDatum': 'WGS-84',
      'Exif.GPSInfo.GPSAltitudeRef': '0',
    });
  });

  testNeeding('exiftool')("works with the system's ExifTool, which has no ImageDataHash", async () => {
    const path = join(await temporaryFolder(), 'a.jpg');
    await makeJpeg(path);
    await write(path, { caption: 'alt' }, exiftool(EXIFTOOL));
    expect(await judgedByExiftool(path)).toMatchObject({ 'IPTC:Caption-Abstract': 'alt' });
  });

  testNeeding('exiftool')('what follows the picture, as the video of a motion photo does, stays', async () => {
    const path = join(await temporaryFolder(), 'a.jpg');
    await makeJpeg(path);
    const tail = Buffer.from('ftypmp42 a video that only the phone knows of');
    await writeFile(path, Buffer.concat([await readFile(path), tail]));
    await write(path, { caption: 'x' }, exiftool());
    expect((await readFile(path)).subarray(-tail.length)).toEqual(tail);
  });
});

describe('what is refused', () => {
  testNeeding('exiftool')('a writer that touches the picture: the file stays as it was', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'a.jpg');
    await makeJpeg(path);
    const before = await known(path);
    const tool = exiftool();
    const spoiling: ExifTool = {
      ...tool,
      write: async (source, output, tags, options) => {
        const warnings = await tool.write(source, output, tags, options);
        const bytes = await readFile(output);
        const last = bytes.length - 20;
        bytes.writeUInt8((bytes[last] as number) ^ 1, last);
        await writeFile(output, bytes);
        return warnings;
      },
    };
    await expect(
      stageRewrite(spoiling, path, join(folder, '.staging'), { 'XMP-dc:Title': 'x' }, before),
    ).rejects.toMatchObject({ reason: 'image_changed' });
    expect(await known(path)).toEqual(before);
    expect(await readdir(join(folder, '.staging'))).toEqual([]);
  });

  testNeeding('exiftool')('rot is not sealed with a new hash; an edit by somebody is taken along', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'a.jpg');
    await makeJpeg(path);
    const tool = exiftool();
    const now = await known(path);
    const stage = (mtime: number) =>
      stageRewrite(tool, path, join(folder, '.staging'), { 'XMP-dc:Title': 'x' }, { ...now, mtime, sha256: 'other' });
    await expect(stage(now.mtime)).rejects.toMatchObject({ reason: 'rot' });
    await (await stage(now.mtime - 1000)).commit();
    expect(await judgedByExiftool(path)).toMatchObject({ 'XMP-dc:Title': 'x' });
  });

  testNeeding('exiftool')('a file that another program changes while it is written', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'a.jpg');
    await makeJpeg(path);
    const staged = await stageRewrite(exiftool(), path, join(folder, '.s'), { 'XMP-dc:Title': 'x' }, await known(path));
    await makeJpeg(path);
    const theirs = await known(path);
    await expect(staged.commit()).rejects.toMatchObject({ reason: 'file_changed' });
    expect(await known(path)).toEqual(theirs);
  });

  test('a file that is no picture, with the reason', async () => {
    const folder = await temporaryFolder();
    for (const [name, bytes] of [
      ['text.jpg', 'hello'],
      ['cut.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 1])],
      ['empty.jpg', ''],
    ] as const) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      await expect(
        stageRewrite(exiftool(), path, join(folder, '.s'), { 'XMP-dc:Title': 'x' }, await known(path)),
      ).rejects.toThrow(/JPEG/);
    }
  });
});

describe('sidecars', () => {
  testNeeding('exiftool', 'exiv2')('are made, and read by exiv2', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'IMG_1.xmp');
    const { tags } = planTags({ caption: 'Ötzi', position: { latitude: 46.78, longitude: 10.84 } }, 'xmp');
    await (await stageSidecar(exiftool(), path, join(folder, '.s'), tags, MADE)).commit();
    expect(await judgedByExiv2(path, 'Xmp.dc.description')).toEqual({ 'Xmp.dc.description': 'lang="x-default" Ötzi' });
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    const read = await judgedByExiftool(path);
    expect(read['XMP-exif:GPSLatitude']).toBeCloseTo(46.78, 6);
  });

  testNeeding('exiftool')('that somebody edited keep everything but what is written', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'IMG_1.xmp');
    await writeFile(
      path,
      `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
       <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:tool="http://example.org/tool/"
       xmp:Rating="4" tool:recipe="warm"><xmp:Label>Red</xmp:Label></rdf:Description></rdf:RDF></x:xmpmeta>`,
    );
    await (await stageSidecar(exiftool(), path, join(folder, '.s'), { 'XMP-dc:Title': 'neu' }, MADE)).commit();
    expect(await judgedByExiftool(path)).toMatchObject({
      'XMP-xmp:Rating': 4,
      'XMP-xmp:Label': 'Red',
      'XMP-tool:Recipe': 'warm',
      'XMP-dc:Title': 'neu',
    });
  });

  testNeeding('exiftool')('that appear meanwhile are not replaced', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'IMG_1.xmp');
    const staged = await stageSidecar(exiftool(), path, join(folder, '.s'), { 'XMP-dc:Title': 'x' }, MADE);
    await writeFile(path, 'theirs');
    await expect(staged.commit()).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path, 'utf8')).toBe('theirs');
  });
});

test('what a killed write left is swept, other files are not', async () => {
  const folder = await temporaryFolder();
  for (const name of ['metadata-0011.jpg', 'metadata-0011.jpg_exiftool_tmp', 'P1010001.JPG_exiftool_tmp']) {
    await writeFile(join(folder, name), 'x');
  }
  await sweepStaged(folder);
  expect(await readdir(folder)).toEqual(['P1010001.JPG_exiftool_tmp']);
});
