import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cameraSamples, jpegOf, sha256, touch, writeCard } from '../../../support/camera-files.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { type Bed, openBed } from './bed.ts';

const FEBRUARY = '2016:02:01 12:00:00'; // 2016-W05
const archived = (bed: Bed, path: string) => readFile(join(bed.archiveRoot, path));
const visible = async (bed: Bed) =>
  (await readdir(bed.archiveRoot, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.cupboard'))
    .map((entry) => join(entry.parentPath, entry.name).slice(bed.archiveRoot.length + 1))
    .sort();

describe('an import', () => {
  it('puts files into weekly folders, bit for bit, with their mtime and mode', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { 'DCIM/100TEST/P1010001.JPG': { date: FEBRUARY }, 'DCIM/100TEST/P1010002.JPG': {} });
    const source = join(bed.card, 'DCIM/100TEST/P1010001.JPG');
    await touch(source, Date.UTC(2016, 1, 1, 11));
    const report = await bed.import();
    expect(report).toMatchObject({ ok: true, new: 2, known: 0, failed: 0, undated: 1, verified: 2 });
    expect(bed.outcomes(report)).toEqual({
      'DCIM/100TEST/P1010001.JPG': 'imported 2016-W05/P1010001.JPG',
      'DCIM/100TEST/P1010002.JPG': 'imported undated/P1010002.JPG',
    });
    expect(report.bytes).toBe(
      (await stat(source)).size + (await stat(join(bed.card, 'DCIM/100TEST/P1010002.JPG'))).size,
    );
    const copy = join(bed.archiveRoot, '2016-W05/P1010001.JPG');
    const judge = execFileSync('sha256sum', [source, copy], { encoding: 'utf8' }).match(/^[0-9a-f]{64}/gm);
    expect(judge?.[0]).toBe(judge?.[1]);
    expect(await stat(copy)).toMatchObject({ mtimeMs: Date.UTC(2016, 1, 1, 11), mode: 0o100644, nlink: 1 });
    expect(bed.context.catalogue.find('2016-W05/P1010001.JPG')).toMatchObject({
      captured: '2016-02-01T12:00:00',
      capturedFrom: 'DateTimeOriginal',
      camera: 'Cupboard Test 1',
      state: 'verified',
      originalSha256: judge?.[0],
    });
    expect(await readdir(join(bed.archiveRoot, '.cupboard/incoming'))).toEqual([]);
  });

  it('notes the mtime that the archive keeps, whatever its steps: a scrub compares them', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { '1.JPG': { date: FEBRUARY } });
    await touch(join(bed.card, '1.JPG'), 1_454_324_400_123.7);
    await bed.import();
    const kept = await stat(join(bed.archiveRoot, '2016-W05/1.JPG'));
    expect(Math.abs(kept.mtimeMs - 1_454_324_400_123)).toBeLessThanOrEqual(1);
    expect(bed.context.catalogue.find('2016-W05/1.JPG')?.mtime).toBe(Math.floor(kept.mtimeMs));
  });

  it('knows everything the second time without reading it', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { 'DCIM/1.JPG': { date: FEBRUARY }, 'DCIM/2.JPG': { date: FEBRUARY } });
    await bed.import();
    // Content that cannot be right any more shows that it was not looked at.
    const file = join(bed.card, 'DCIM/1.JPG');
    const { size, mtimeMs } = await stat(file);
    await writeFile(file, Buffer.alloc(size));
    await touch(file, mtimeMs);
    expect(await bed.import()).toMatchObject({ new: 0, known: 2, bytes: 0 });
  });

  it('knows files whose mtime shifted with daylight saving, and reads those that changed', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { 'DCIM/1.JPG': { date: FEBRUARY }, 'DCIM/2.JPG': { date: FEBRUARY, bytes: 3000 } });
    await bed.import();
    const file = join(bed.card, 'DCIM/1.JPG');
    await touch(file, (await stat(file)).mtimeMs + 3_600_000);
    await writeFile(join(bed.card, 'DCIM/2.JPG'), jpegOf({ date: FEBRUARY, bytes: 3001 }));
    const report = await bed.import();
    expect(bed.outcomes(report)).toEqual({
      'DCIM/1.JPG': 'known 2016-W05/1.JPG',
      'DCIM/2.JPG': 'imported 2016-W05/2-1.JPG',
    });
  });

  it('keeps both files of one name, and stores no content twice', async () => {
    const bed = await openBed();
    await writeCard(bed.card, {
      'DCIM/100/IMG_0001.JPG': { date: FEBRUARY, seed: 'a' },
      'DCIM/101/IMG_0001.JPG': { date: FEBRUARY, seed: 'b' },
      'DCIM/102/IMG_0007.JPG': { date: FEBRUARY, seed: 'a' },
      'DCIM/103/img_0001.jpg': { date: FEBRUARY, seed: 'c' },
    });
    expect(bed.outcomes(await bed.import())).toEqual({
      'DCIM/100/IMG_0001.JPG': 'imported 2016-W05/IMG_0001.JPG',
      'DCIM/101/IMG_0001.JPG': 'imported 2016-W05/IMG_0001-1.JPG',
      'DCIM/102/IMG_0007.JPG': 'duplicate 2016-W05/IMG_0001.JPG',
      'DCIM/103/img_0001.jpg': 'imported 2016-W05/img_0001-2.jpg',
    });
    // Content met before under that name is simply known.
    expect(await bed.import({ card: 'another' })).toMatchObject({ new: 0, known: 4 });
  });

  it('gives a group one week and one suffix', async () => {
    const bed = await openBed();
    const group = (seed: string) => ({
      'IMG_1.JPG': { date: FEBRUARY, seed },
      'IMG_1.CR2': Buffer.from(`raw ${seed}`),
      'IMG_1.JPG.XMP': '<x:xmpmeta/>',
      'IMG_1.WAV': `note ${seed}`,
    });
    await writeCard(join(bed.card, '100'), group('a'));
    await writeCard(join(bed.card, '101'), group('b'));
    const report = await bed.import();
    expect(report).toMatchObject({ new: 8, failed: 0, undated: 0 });
    expect(await visible(bed)).toEqual(
      ['IMG_1', 'IMG_1-1']
        .flatMap((stem) => ['.CR2', '.JPG', '.JPG.XMP', '.WAV'].map((rest) => `2016-W05/${stem}${rest}`))
        .sort(),
    );
    const { catalogue } = bed.context;
    expect(catalogue.inShot('2016-W05/IMG_1-1').map(({ path }) => path)).toHaveLength(4);
    expect((await archived(bed, '2016-W05/IMG_1-1.WAV')).toString()).toBe('note b');
  });

  it('joins a member that comes later to its group', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { '100/IMG_1.JPG': { date: FEBRUARY }, '101/IMG_1.JPG': { date: FEBRUARY } });
    await bed.import();
    await writeCard(bed.card, { '101/IMG_1.CR2': Buffer.from('raw without a date') });
    expect(bed.outcomes(await bed.import())).toMatchObject({ '101/IMG_1.CR2': 'imported 2016-W05/IMG_1-1.CR2' });
  });

  it('keeps the sidecar of each shot, also where they say the same', async () => {
    const bed = await openBed();
    const shots = {
      'IMG_1.JPG': { date: FEBRUARY, seed: 1 },
      'IMG_1.XMP': 'the same',
      'IMG_2.JPG': { date: '2016:02:08 12:00:00', seed: 2 },
      'IMG_2.XMP': 'the same',
    };
    await writeCard(bed.card, shots);
    expect(await bed.import()).toMatchObject({ new: 4 });
    // A photo changed on the card does not follow its sidecar to the shot of another week.
    await writeCard(bed.card, { 'IMG_2.JPG': { date: '2016:02:08 12:00:00', seed: 3, bytes: 2500 } });
    const report = await bed.import();
    expect(report).toMatchObject({ new: 1, known: 3 });
    expect(bed.outcomes(report)).toMatchObject({ 'IMG_2.JPG': 'imported 2016-W06/IMG_2-1.JPG' });
    expect(bed.context.catalogue.find('2016-W06/IMG_2-1.JPG')?.shot).toBe('2016-W06/IMG_2-1');
  });

  it('takes the date of a video from the THM beside it', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { 'MVI_1.AVI': 'no date in here', 'MVI_1.THM': { date: FEBRUARY } });
    expect(await bed.import()).toMatchObject({ new: 2, undated: 0 });
    expect(await visible(bed)).toEqual(['2016-W05/MVI_1.AVI', '2016-W05/MVI_1.THM']);
  });

  it('counts an empty file as failed, and imports it when it has content', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { '1.JPG': '', '2.JPG': { date: FEBRUARY } });
    const report = await bed.import();
    expect(report).toMatchObject({ ok: true, new: 1, failed: 1 });
    expect(report.files[0]).toMatchObject({ source: '1.JPG', outcome: 'empty' });
    await writeCard(bed.card, { '1.JPG': { date: FEBRUARY } });
    expect(await bed.import()).toMatchObject({ new: 1, known: 1, failed: 0 });
  });

  it('never brings back what is missing or was discarded', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { '1.JPG': { date: FEBRUARY, seed: 1 }, '2.JPG': { date: FEBRUARY, seed: 2 } });
    await bed.import();
    await rm(join(bed.archiveRoot, '2016-W05/1.JPG'));
    const { catalogue } = bed.context;
    catalogue.discard(sha256(jpegOf({ date: FEBRUARY, seed: 2 })), '2016-W05/2.JPG');
    await rm(join(bed.archiveRoot, '2016-W05/2.JPG'));
    catalogue.remove('2016-W05/2.JPG');
    for (const card of [undefined, 'another']) {
      const report = await bed.import(card === undefined ? {} : { card });
      expect(report).toMatchObject({ new: 0, known: 2, failed: 0 });
      expect(bed.outcomes(report)).toEqual({ '1.JPG': 'missing 2016-W05/1.JPG', '2.JPG': 'discarded' });
    }
    expect(catalogue.find('2016-W05/1.JPG')?.state).toBe('missing');
    expect(await visible(bed)).toEqual([]);
  });

  it('takes over what a crash left in place without a row, and sweeps what it left half done', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { 'IMG_1.JPG': { date: FEBRUARY, seed: 1 }, 'IMG_1.XMP': 'x' });
    await bed.context.archive.open();
    await writeCard(bed.archiveRoot, {
      '2016-W05/IMG_1.JPG': { date: FEBRUARY, seed: 1 },
      '.cupboard/incoming/copy-half': 'half a ph',
    });
    expect(bed.outcomes(await bed.import())).toEqual({
      'IMG_1.JPG': 'imported 2016-W05/IMG_1.JPG',
      'IMG_1.XMP': 'imported 2016-W05/IMG_1.XMP',
    });
    expect(await visible(bed)).toEqual(['2016-W05/IMG_1.JPG', '2016-W05/IMG_1.XMP']);
    expect(await readdir(join(bed.archiveRoot, '.cupboard/incoming'))).toEqual([]);
  });

  it('changes nothing in a dry run and says what it would do', async () => {
    const bed = await openBed();
    await writeCard(bed.card, {
      '1.JPG': { date: FEBRUARY, seed: 1 },
      '2/1.JPG': { date: FEBRUARY, seed: 2 },
      '3.JPG': '',
    });
    const report = await bed.import({ dryRun: true });
    expect(report).toMatchObject({ ok: true, dry_run: true, new: 2, failed: 1, verified: 0 });
    expect(bed.outcomes(report)).toMatchObject({ '2/1.JPG': 'imported 2016-W05/1-1.JPG' });
    expect(existsSync(bed.archiveRoot)).toBe(false);
    expect(bed.context.catalogue.totals().files).toBe(0);
  });
});

describe('hostile cards', () => {
  it('full of symbolic links, pipes and odd names lose nothing and lead nowhere', async () => {
    const bed = await openBed();
    await writeCard(bed.card, {
      'DCIM/100/a\nb\u202e.JPG': { date: FEBRUARY },
      'DCIM/100/._1.JPG': 'resource fork',
      'DCIM/100/.Trashes/2.JPG': { date: FEBRUARY },
      'MISC/3.JPG': { date: FEBRUARY },
      'DCIM/CANONMSC/M0100.CTG': 'list',
    });
    const bytes = Buffer.concat([
      Buffer.from(`${bed.card}/DCIM/100/`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('x.JPG'),
    ]);
    await writeFile(bytes, jpegOf({ date: FEBRUARY }));
    await symlink('/etc/passwd', join(bed.card, 'DCIM/100/link.JPG'));
    await symlink('..', join(bed.card, 'DCIM/100/loop'));
    execFileSync('mkfifo', [join(bed.card, 'DCIM/100/pipe.JPG')]);
    const report = await bed.import();
    expect(report).toMatchObject({ ok: true, new: 2, failed: 0 });
    expect(bed.outcomes(report)).toMatchObject({
      'DCIM/100/link.JPG': 'skipped',
      'DCIM/100/loop': 'skipped',
      'DCIM/100/pipe.JPG': 'skipped',
    });
    expect(await visible(bed)).toEqual(['2016-W05/__x.JPG', '2016-W05/a_b_.JPG']);
    expect(await bed.import()).toMatchObject({ new: 0, known: 2 });
  });

  it('may hold names of 255 bytes', async () => {
    const bed = await openBed();
    const name = `${'ä'.repeat(125)}.JPG`;
    await writeCard(bed.card, { [`1/${name}`]: { date: FEBRUARY }, [`2/${name}`]: { date: FEBRUARY } });
    expect(await bed.import()).toMatchObject({ new: 2, failed: 0 });
    expect(await bed.import()).toMatchObject({ new: 0, known: 2 });
  });

  it.skipIf(process.getuid?.() === 0)(
    'may hold folders that cannot be read (not for root, who reads all)',
    async () => {
      const bed = await openBed();
      await writeCard(bed.card, { 'a/1.JPG': { date: FEBRUARY }, 'b/2.JPG': { date: FEBRUARY } });
      await chmod(join(bed.card, 'a'), 0);
      expect(await bed.import()).toMatchObject({ ok: true, new: 1, failed: 1 });
      await chmod(join(bed.card, 'a'), 0o755);
    },
  );
});

describe('the archive', () => {
  it('is never written to while its disk is away', async () => {
    const bed = await openBed();
    await writeCard(bed.card, { '1.JPG': { date: FEBRUARY } });
    await bed.import();
    await rename(bed.archiveRoot, `${bed.archiveRoot}-elsewhere`);
    await mkdir(bed.archiveRoot); // what an unmounted disk leaves
    await writeCard(bed.card, { '2.JPG': { date: FEBRUARY } });
    await expect(bed.import()).rejects.toMatchObject({ code: 'archive_missing' });
    await expect(bed.adopt()).rejects.toMatchObject({ code: 'archive_missing' });
    expect(await readdir(bed.archiveRoot)).toEqual([]);
    expect(bed.context.catalogue.find('2016-W05/1.JPG')?.state).toBe('verified');
    await rm(bed.archiveRoot, { recursive: true });
    await rename(`${bed.archiveRoot}-elsewhere`, bed.archiveRoot);
    expect(await bed.import()).toMatchObject({ new: 1, known: 1 });
  });

  it('is not taken for another one', async () => {
    const [bed, other] = [await openBed(), await openBed()];
    await writeCard(bed.card, { '1.JPG': { date: FEBRUARY } });
    await bed.import();
    await other.import();
    await rm(bed.archiveRoot, { recursive: true });
    await rename(other.archiveRoot, bed.archiveRoot);
    await expect(bed.import()).rejects.toMatchObject({ code: 'archive_other' });
  });

  it('does not import itself', async () => {
    const bed = await openBed();
    await bed.import();
    await expect(bed.import({ root: bed.archiveRoot })).rejects.toMatchObject({ code: 'import_path' });
    await expect(bed.import({ root: join(bed.archiveRoot, '..') })).rejects.toMatchObject({ code: 'import_path' });
  });

  it('keeps its reserve free', async () => {
    const bed = await openBed({ settings: { reserve: Number.MAX_SAFE_INTEGER } });
    await writeCard(bed.card, { '1.JPG': { date: FEBRUARY } });
    const report = await bed.import();
    expect(report).toMatchObject({ ok: false, error: 'archive_full', new: 0, failed: 1 });
    expect(report.files).toEqual([{ source: '1.JPG', outcome: 'failed', reason: 'archive_full' }]);
  });
});

it('ends early when asked and goes on where it stopped', async () => {
  const bed = await openBed();
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}.JPG`, { date: FEBRUARY, seed: i }]));
  await writeCard(bed.card, files);
  const stop = new AbortController();
  const report = await bed.import({
    signal: stop.signal,
    onProgress: ({ done }) => {
      if (done >= 64) stop.abort('source_gone');
    },
  });
  expect(report).toMatchObject({ ok: false, error: 'source_gone' });
  expect(report.new).toBeGreaterThanOrEqual(64);
  expect(report.new + report.failed).toBe(200);
  expect(await bed.import()).toMatchObject({ ok: true, new: 200 - report.new, known: report.new });
  expect(await visible(bed)).toHaveLength(200);
});

testNeeding('exiftool')('reads the dates that ExifTool writes and reads', async () => {
  const bed = await openBed();
  await writeCard(bed.card, { '1.JPG': { date: FEBRUARY }, '2.JPG': {} });
  const tags = ['-DateTimeOriginal=2018:12:31 23:59:59', '-OffsetTimeOriginal=-05:00', '-OffsetTime=+09:00'];
  const titles = [
    '-codedcharacterset=utf8',
    '-IPTC:ObjectName=Grüße',
    '-IPTC:Keywords=Käse',
    '-GPSLatitude=48.1',
    '-GPSLatitudeRef=S',
  ];
  const place = ['-GPSLongitude=11.5', '-GPSLongitudeRef=E', '-GPSAltitude=10', '-GPSAltitudeRef#=1'];
  execFileSync('exiftool', ['-q', '-overwrite_original', ...tags, ...titles, ...place, join(bed.card, '2.JPG')]);
  expect(execFileSync('exiftool', ['-s3', '-DateTimeOriginal', join(bed.card, '1.JPG')], { encoding: 'utf8' })).toBe(
    `${FEBRUARY}\n`,
  );
  await bed.import();
  expect(bed.context.catalogue.find('2019-W01/2.JPG')).toMatchObject({
    captured: '2018-12-31T23:59:59',
    utcOffset: '-05:00',
    title: 'Grüße',
    keywords: ['Käse'],
    latitude: expect.closeTo(-48.1, 6),
    longitude: expect.closeTo(11.5, 6),
    altitude: -10,
  });
});

const samples = cameraSamples();
describe.skipIf(samples === undefined)('sample files of cameras (needs CUPBOARD_SAMPLES)', () => {
  it('land in the week of their wall-clock date', async () => {
    const bed = await openBed();
    const report = await bed.import({ root: samples as string });
    expect(bed.outcomes(report)).toMatchObject({
      'Apple.jpg': 'imported 2016-W39/Apple.jpg',
      'Canon.jpg': 'imported 2003-W49/Canon.jpg',
      'CanonRaw.cr2': 'imported 2005-W31/CanonRaw.cr2',
      'GPS.jpg': 'imported 2002-W28/GPS.jpg',
      'IPTC.jpg': 'imported undated/IPTC.jpg',
      'Panasonic.rw2': 'imported 2004-W35/Panasonic.rw2',
    });
    expect(report.failed).toBe(0);
  });
});
