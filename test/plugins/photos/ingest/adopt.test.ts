import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jpegOf, sha256, writeCard } from '../../../support/camera-files.ts';
import { temporaryFolder } from '../../../support/hub.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { openBed } from './bed.ts';

const FEBRUARY = '2016:02:01 12:00:00';
const ARCHIVE = {
  '2016-W05/P1010001.JPG': { date: FEBRUARY, seed: 1 },
  '2016-W05/P1010001.RW2': Buffer.from('raw'),
  '2016-W06/P1010002.JPG': { date: '2016:02:08 12:00:00', seed: 2 },
  'undated/scan.jpg': { seed: 3 },
} as const;

describe('adopt', () => {
  it('takes an archive in as it lies and touches no file', async () => {
    const bed = await openBed();
    await writeCard(bed.archiveRoot, ARCHIVE);
    const before = await listing(bed.archiveRoot);
    expect(await bed.adopt({ dryRun: true })).toMatchObject({ ok: true, new: 4 });
    expect(bed.context.catalogue.totals().files).toBe(0);
    expect(await bed.adopt()).toMatchObject({ ok: true, new: 4, known: 0, failed: 0, undated: 2 });
    expect(await listing(bed.archiveRoot)).toEqual(before);
    expect(bed.context.catalogue.inShot('2016-W05/P1010001')).toHaveLength(2);
    expect(bed.context.catalogue.find('2016-W06/P1010002.JPG')).toMatchObject({
      captured: '2016-02-08T12:00:00',
      folder: '2016-W06',
      state: 'verified',
    });
    // What it took in is not imported again.
    await writeCard(bed.card, { 'P1010001.JPG': ARCHIVE['2016-W05/P1010001.JPG'] });
    expect(await bed.import()).toMatchObject({ new: 0, known: 1 });
    expect(await bed.adopt()).toMatchObject({ new: 0, known: 4 });
  });

  it('tells what was moved, edited and removed since', async () => {
    const bed = await openBed();
    await writeCard(bed.archiveRoot, ARCHIVE);
    await bed.adopt();
    const at = (path: string) => join(bed.archiveRoot, path);
    await rename(at('undated/scan.jpg'), at('2016-W05/scan.jpg'));
    await writeFile(at('2016-W06/P1010002.JPG'), jpegOf({ date: FEBRUARY, bytes: 5000 }));
    await rm(at('2016-W05/P1010001.RW2'));
    expect(bed.outcomes(await bed.adopt())).toEqual({
      '2016-W05/P1010001.JPG': 'known 2016-W05/P1010001.JPG',
      '2016-W05/P1010001.RW2': 'missing 2016-W05/P1010001.RW2',
      '2016-W05/scan.jpg': 'moved 2016-W05/scan.jpg',
      '2016-W06/P1010002.JPG': 'edited 2016-W06/P1010002.JPG',
    });
    const { catalogue } = bed.context;
    expect(catalogue.find('2016-W05/P1010001.RW2')?.state).toBe('missing');
    expect(catalogue.find('undated/scan.jpg')).toBeUndefined();
    expect(catalogue.find('2016-W06/P1010002.JPG')?.originalSha256).toBe(
      sha256(jpegOf(ARCHIVE['2016-W06/P1010002.JPG'])),
    );
  });

  it('looks through one folder only when told to', async () => {
    const bed = await openBed();
    await writeCard(bed.archiveRoot, ARCHIVE);
    expect(await bed.adopt({ folder: join(bed.archiveRoot, '2016-W05') })).toMatchObject({ new: 2 });
    expect(bed.context.catalogue.find('2016-W05/P1010001.JPG')?.shot).toBe('2016-W05/P1010001');
    await expect(bed.adopt({ folder: bed.card })).rejects.toMatchObject({ code: 'adopt_path' });
  });

  it('rebuilds a lost catalogue that still knows the cards and what was culled', async () => {
    const bed = await openBed();
    const shots = { 'P1.JPG': { date: FEBRUARY, seed: 1 }, 'P2.JPG': { date: FEBRUARY, seed: 2 } };
    await writeCard(bed.card, shots);
    await bed.import();
    // A title written into the file since.
    const titled = Buffer.concat([jpegOf(shots['P1.JPG']), Buffer.from('title')]);
    await writeFile(join(bed.archiveRoot, '2016-W05/P1.JPG'), titled);
    const { catalogue, originals } = bed.context;
    catalogue.update('2016-W05/P1.JPG', { currentSha256: sha256(titled), size: titled.length });
    catalogue.discard(sha256(jpegOf(shots['P2.JPG'])), '2016-W05/P2.JPG');
    await rm(join(bed.archiveRoot, '2016-W05/P2.JPG'));
    await originals.save();

    const again = await openBed({ archiveRoot: bed.archiveRoot });
    expect(await again.adopt()).toMatchObject({ ok: true, new: 1 });
    const report = await again.import({ root: bed.card });
    expect(again.outcomes(report)).toEqual({ 'P1.JPG': 'known 2016-W05/P1.JPG', 'P2.JPG': 'discarded' });
  });

  it('takes another archive in only when told so', async () => {
    const [bed, other] = [await openBed(), await openBed()];
    await writeCard(bed.card, { 'P1.JPG': { date: FEBRUARY } });
    await bed.import();
    await writeCard(other.archiveRoot, ARCHIVE);
    await other.adopt();
    await rm(bed.archiveRoot, { recursive: true });
    await rename(other.archiveRoot, bed.archiveRoot);
    expect((await bed.context.archive.status()).state).toBe('archive_other');
    expect(await bed.adopt()).toMatchObject({ ok: true, new: 4 });
    expect(bed.context.catalogue.find('2016-W05/P1.JPG')?.state).toBe('missing');
    expect((await bed.context.archive.status()).state).toBe('ok');
  });
});

testNeeding('exiftool')('adopt reads the titles, captions and positions that ExifTool wrote', async () => {
  const bed = await openBed();
  await writeCard(bed.archiveRoot, { '2016-W05/1.JPG': { date: FEBRUARY }, '2016-W05/2.JPG': { date: FEBRUARY } });
  const file = (name: string) => join(bed.archiveRoot, '2016-W05', name);
  const write = (name: string, ...tags: string[]) =>
    execFileSync('exiftool', ['-q', '-overwrite_original', '-codedcharacterset=utf8', ...tags, file(name)]);
  const place = ['-GPSLatitude=51.5', '-GPSLatitudeRef=N', '-GPSLongitude=0.12', '-GPSLongitudeRef=W'];
  write('1.JPG', '-IPTC:ObjectName=Größe', '-IPTC:Caption-Abstract=Über den Dächern', ...place);
  write('2.JPG', '-XMP-dc:Title=写真', '-XMP-dc:Description=Zweites', '-XMP-dc:Subject=a', '-XMP-dc:Subject=b');
  await bed.adopt();
  const { catalogue } = bed.context;
  expect(catalogue.find('2016-W05/1.JPG')).toMatchObject({
    title: 'Größe',
    caption: 'Über den Dächern',
    latitude: expect.closeTo(51.5, 6),
    longitude: expect.closeTo(-0.12, 6),
  });
  expect(catalogue.find('2016-W05/2.JPG')).toMatchObject({ title: '写真', caption: 'Zweites', keywords: ['a', 'b'] });
});

it('an archive that an empty mount point hides is not made anew', async () => {
  const folder = await temporaryFolder();
  const bed = await openBed({ archiveRoot: join(folder, 'nas/photos') });
  await mkdir(join(folder, 'nas'));
  await bed.import();
  await rename(join(folder, 'nas'), join(folder, 'away'));
  await expect(bed.import()).rejects.toMatchObject({ code: 'archive_missing' });
  expect(await readdir(folder)).not.toContain('nas');
});

const listing = async (root: string) => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes('.cupboard'));
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mtimeMs, ino, size } = await stat(path);
      return [path, mtimeMs, ino, size];
    }),
  );
};
