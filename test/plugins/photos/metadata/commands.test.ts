import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect } from 'vitest';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../../../support/hub.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { allJudgedByExiftool, judgedByExiftool, makeJpeg, pixelsOf } from './judges.ts';

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly changed: number;
  readonly skipped: number;
  readonly failed: number;
  readonly files: readonly Readonly<Record<string, unknown>>[];
}

interface CataloguedFile {
  readonly path: string;
  readonly sha256: string;
  readonly original_sha256: string;
  readonly state: string;
  readonly caption: string | null;
  readonly title: string | null;
  readonly latitude: number | null;
  readonly captured: string;
}

class Bed {
  constructor(
    readonly hub: RunningHub,
    readonly archive: string,
  ) {}

  async command<T = Answer>(name: string, args: object = {}): Promise<T> {
    const { body } = await this.hub.api<T>('POST', `/api/v1/plugins/photos/commands/${name}`, args);
    return body;
  }

  /** Read beside the plugin, as sqlite3 would. */
  async catalogue(): Promise<readonly CataloguedFile[]> {
    const store = new Database(join(this.hub.dataDir, 'plugin-data/photos/store.db'), { readonly: true });
    try {
      return store.prepare<[], CataloguedFile>('SELECT *, current_sha256 AS sha256 FROM files ORDER BY path').all();
    } finally {
      store.close();
    }
  }

  /** What outside judges see in the archive must be what the catalogue says. */
  async expectInStep(): Promise<void> {
    for (const { path, sha256 } of await this.catalogue()) {
      const bytes = await readFile(join(this.archive, path));
      expect([path, sha256Of(bytes)]).toEqual([path, sha256]);
    }
  }
}

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const MAKE = ['-Make=Panasonic', '-Model=DMC-TZ10'];

/** A hub with the photos taken at these times in its archive. */
async function archiveOf(
  photos: Readonly<Record<string, string>>,
  config: object = {},
  others: Readonly<Record<string, string>> = {},
): Promise<Bed> {
  const folder = await temporaryFolder();
  const card = join(folder, 'card');
  await mkdir(card);
  await Promise.all(
    Object.entries(photos).map(([name, time]) => makeJpeg(join(card, name), ...MAKE, `-DateTimeOriginal=${time}`)),
  );
  for (const [name, text] of Object.entries(others)) await writeFile(join(card, name), text);
  const archive = join(folder, 'archive');
  const hub = await startHub({ config: { timezone: 'Europe/Berlin', plugins: { photos: { archive, ...config } } } });
  const bed = new Bed(hub, archive);
  const imported = await bed.command<{ ok: boolean; new: number }>('import', { path: card });
  expect(imported).toMatchObject({ ok: true, new: Object.keys(photos).length + Object.keys(others).length });
  return bed;
}

const WEEK = {
  'P1010001.JPG': '2016:02:03 12:00:00',
  'P1010002.JPG': '2016:02:03 12:05:00',
  'P1010003.JPG': '2016:02:03 12:10:00',
};
const [FIRST, SECOND, THIRD] = Object.keys(WEEK).map((name) => `2016-W05/${name}`) as [string, string, string];

describe('the commands that write metadata', () => {
  testNeeding('exiftool')('title a week, caption photos, repeat a caption, and keep both hashes', async () => {
    const bed = await archiveOf(WEEK);
    const before = await bed.catalogue();
    expect(await bed.command('title', { week: '2016-W05', title: 'Fasching in Köln' })).toMatchObject({
      ok: true,
      changed: 3,
    });
    expect(await bed.command('caption', { files: [FIRST], caption: 'Der Zug' })).toMatchObject({
      ok: true,
      changed: 1,
    });
    expect(await bed.command('caption', { files: [SECOND], caption: '' })).toMatchObject({ ok: true, changed: 1 });
    expect(await bed.command('keywords', { files: [SECOND], add: ['Köln', 'Zug'] })).toMatchObject({ changed: 1 });
    expect(await bed.command('keywords', { week: '2016-W05', remove: ['Zug'] })).toMatchObject({
      changed: 1,
      skipped: 2,
    });

    expect(await judgedByExiftool(join(bed.archive, SECOND))).toMatchObject({
      'IPTC:ObjectName': 'Fasching in Köln',
      'XMP-dc:Title': 'Fasching in Köln',
      'IPTC:Caption-Abstract': 'Der Zug',
      'XMP-dc:Description': 'Der Zug',
      'IFD0:ImageDescription': 'Der Zug',
      'IPTC:Keywords': 'Köln',
    });
    const after = await bed.catalogue();
    expect(after.map(({ title, caption, state }) => [title, caption, state])).toEqual([
      ['Fasching in Köln', 'Der Zug', 'verified'],
      ['Fasching in Köln', 'Der Zug', 'verified'],
      ['Fasching in Köln', null, 'verified'],
    ]);
    expect(after.map((file) => file.original_sha256)).toEqual(before.map((file) => file.sha256));
    await bed.expectInStep();
    expect(await bed.command('caption', { files: [SECOND], caption: 'Der Zug' })).toMatchObject({
      changed: 0,
      skipped: 1,
    });
    expect(await readdir(join(bed.archive, '.cupboard/metadata'))).toEqual([]);
  });

  testNeeding('exiftool')('geotag by place, range and track, and never over a position unless told', async () => {
    const home = { latitude: 48.1, longitude: 11.5, altitude: 519 };
    const bed = await archiveOf(WEEK, { places: { home } });
    expect(
      await bed.command('geotag', { week: '2016-W05', first: '10002', last: '10003', place: 'home' }),
    ).toMatchObject({ ok: true, changed: 2, files: [{ path: SECOND }, { path: THIRD }] });
    // Noon in Berlin is 11:00 in UTC.
    const gpx = `<gpx><trk><trkseg><trkpt lat="50" lon="7"><time>2016-02-03T10:55:00Z</time></trkpt>
      <trkpt lat="51" lon="8"><time>2016-02-03T11:05:00Z</time></trkpt></trkseg></trk></gpx>`;
    expect(await bed.command('geotag', { week: '2016-W05', gpx })).toMatchObject({ ok: true, changed: 1, skipped: 2 });
    const tags = await judgedByExiftool(join(bed.archive, FIRST));
    expect([tags['Composite:GPSLatitude'], tags['Composite:GPSLongitude']]).toEqual([50.5, 7.5]);
    expect(tags['Composite:GPSDateTime']).toBe('2016:02:03 11:00:00Z');

    expect(
      await bed.command('geotag', { files: [FIRST], place: 'home', overwrite: true, dry_run: true }),
    ).toMatchObject({
      changed: 1,
    });
    expect((await judgedByExiftool(join(bed.archive, FIRST)))['Composite:GPSLatitude']).toBe(50.5);
    expect(await bed.command('geotag', { files: [FIRST], place: 'home', overwrite: true })).toMatchObject({
      changed: 1,
    });
    expect((await judgedByExiftool(join(bed.archive, FIRST)))['Composite:GPSAltitude']).toBe(519);
    expect((await bed.catalogue()).map(({ latitude }) => latitude)).toEqual([48.1, 48.1, 48.1]);
    expect(await bed.command('geotag', { week: '2016-W05', place: 'hom' })).toMatchObject({
      ok: false,
      error: 'there is no place "hom"; known: home',
    });
    await bed.expectInStep();
  });

  testNeeding('exiftool')('places of the config, of the page and of photo-scripts', async () => {
    const bed = await archiveOf(WEEK, { places: { home: { latitude: 1, longitude: 2 } } });
    const text = `_LOC_HUT=(-M "set Exif.GPSInfo.GPSLatitude 37/1 46/1 30/1" -M "set Exif.GPSInfo.GPSLatitudeRef N" -M "set Exif.GPSInfo.GPSLongitude 122/1 25/1 10/1" -M "set Exif.GPSInfo.GPSLongitudeRef W")
LOCATION['hut']="_LOC_HUT"`;
    expect(await bed.command('import_places', { text, dry_run: true })).toMatchObject({ ok: true, changed: 1 });
    expect(await bed.command('import_places', { text })).toMatchObject({ ok: true, changed: 1, problems: [] });
    expect(await bed.command('set_place', { name: 'home' })).toEqual({ ok: true });
    expect(await bed.command('set_place', { name: 'lake', latitude: -3, longitude: 4, altitude: 5 })).toEqual({
      ok: true,
    });
    expect(await bed.command('places')).toEqual({
      ok: true,
      places: {
        hut: { latitude: 37.775, longitude: expect.closeTo(-122.41944, 4), from: 'page' },
        lake: { latitude: -3, longitude: 4, altitude: 5, from: 'page' },
      },
    });
    expect(await bed.command('geotag', { files: [FIRST], place: 'hut' })).toMatchObject({ ok: true, changed: 1 });
  });

  testNeeding('exiftool')('RAW gets a sidecar, and what somebody wrote into one stays', async () => {
    const sidecar = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"/></rdf:RDF></x:xmpmeta>`;
    const bed = await archiveOf(
      WEEK,
      {},
      {
        'P1010001.RW2': 'raw 1',
        'P1010002.RW2': 'raw 2',
        'P1010002.RW2.xmp': sidecar,
      },
    );
    expect(await bed.command('caption', { files: [FIRST, SECOND], caption: 'roh' })).toMatchObject({
      ok: true,
      changed: 4,
    });
    expect(await judgedByExiftool(join(bed.archive, '2016-W05/P1010001.xmp'))).toMatchObject({
      'XMP-dc:Description': 'roh',
    });
    expect(await judgedByExiftool(join(bed.archive, '2016-W05/P1010002.RW2.xmp'))).toMatchObject({
      'XMP-dc:Description': 'roh',
      'XMP-xmp:Rating': 5,
    });
    expect(await readFile(join(bed.archive, '2016-W05/P1010001.RW2'), 'utf8')).toBe('raw 1');
    expect((await bed.catalogue()).map(({ path }) => path)).toContain('2016-W05/P1010001.xmp');
    await bed.expectInStep();
  });

  testNeeding('exiftool')(
    'a clock that was wrong is shown, then corrected; the shot goes to its week as a whole',
    async () => {
      const bed = await archiveOf(
        { 'P1010001.JPG': '2016:01:31 23:30:00', 'P1010002.JPG': '2016:01:30 12:00:00' },
        {},
        { 'P1010001.RW2': 'raw', 'P1010001.WAV': 'note' },
      );
      const args = { camera: 'Panasonic DMC-TZ10', offset: '+1:00:00', from: '2016-01-31' };
      const preview = await bed.command('clock', { ...args, preview: true });
      expect(preview).toMatchObject({ ok: true, changed: 3 });
      expect(preview.files[0]).toMatchObject({ becomes: '2016-02-01T00:30:00', moves_to: '2016-W05' });
      expect(await readdir(join(bed.archive, '2016-W04'))).toHaveLength(4);

      expect(await bed.command('clock', args)).toMatchObject({ ok: true, failed: 0 });
      expect(await readdir(join(bed.archive, '2016-W04'))).toEqual(['P1010002.JPG']);
      expect(await readdir(join(bed.archive, '2016-W05'))).toEqual([
        'P1010001.JPG',
        'P1010001.RW2',
        'P1010001.WAV',
        'P1010001.xmp',
      ]);
      const tags = await judgedByExiftool(join(bed.archive, '2016-W05/P1010001.JPG'));
      expect(tags['ExifIFD:DateTimeOriginal']).toBe('2016:02:01 00:30:00');
      const sidecar = await judgedByExiftool(join(bed.archive, '2016-W05/P1010001.xmp'));
      expect(sidecar['XMP-exif:DateTimeOriginal']).toBe('2016:02:01 00:30:00');
      expect((await bed.catalogue()).map(({ path, captured }) => [path, captured])).toEqual([
        ['2016-W04/P1010002.JPG', '2016-01-30T12:00:00'],
        ['2016-W05/P1010001.JPG', '2016-02-01T00:30:00'],
        ['2016-W05/P1010001.RW2', '2016-02-01T00:30:00'],
        ['2016-W05/P1010001.WAV', '2016-02-01T00:30:00'],
        ['2016-W05/P1010001.xmp', '2016-02-01T00:30:00'],
      ]);
      await bed.expectInStep();
      expect(await bed.command('clock', { camera: 'Leica', offset: 5 })).toMatchObject({
        ok: false,
        error: 'no photo was taken with "Leica"; cameras: Panasonic DMC-TZ10',
      });
    },
  );

  testNeeding('exiftool')('a batch goes on where kill -9 stopped it: each file is the old or the new one', async () => {
    const names = Array.from({ length: 24 }, (_, index) => `P10100${String(index + 10)}.JPG`);
    const bed = await archiveOf(
      Object.fromEntries(names.map((name, index) => [name, `2016:02:03 12:00:${index + 10}`])),
    );
    const originals = new Map((await bed.catalogue()).map(({ path, sha256 }) => [path, sha256]));
    const answer = bed.command('caption', { week: '2016-W05', caption: 'überlebt' }).catch(() => undefined);
    await waitFor('some captions', async () => {
      const written = (await bed.catalogue()).filter(({ caption }) => caption !== null).length;
      return written >= 3;
    });
    await bed.hub.kill();
    await answer;
    const paths = names.map((name) => join(bed.archive, '2016-W05', name));
    const cut = await allJudgedByExiftool(paths, '-Caption-Abstract');
    expect(new Set(cut.map((tags) => tags['IPTC:Caption-Abstract']))).toEqual(new Set(['überlebt', undefined]));
    await Promise.all(paths.map((path) => pixelsOf(path)));

    const again = new Bed(await startHub({ dataDir: bed.hub.dataDir }), bed.archive);
    await waitFor('the rest', async () => (await again.catalogue()).every(({ caption }) => caption === 'überlebt'), 60);
    for (const { path, original_sha256, state } of await again.catalogue()) {
      expect([original_sha256, state]).toEqual([originals.get(path), 'verified']);
    }
    const whole = await allJudgedByExiftool(paths, '-Caption-Abstract');
    expect(whole.map((tags) => tags['IPTC:Caption-Abstract'])).toEqual(names.map(() => 'überlebt'));
    await again.expectInStep();
    expect(await readdir(join(bed.archive, '2016-W05'))).toEqual(names);
    expect(await readdir(join(bed.archive, '.cupboard/metadata'))).toEqual([]);
  });

  testNeeding('exiftool')('without an ExifTool that runs they say so and queue nothing', async () => {
    const bed = await archiveOf(WEEK, { exiftool: '/nonexistent/exiftool' });
    const before = await stat(join(bed.archive, FIRST));
    expect(await bed.command('caption', { files: [FIRST], caption: 'x' })).toMatchObject({
      ok: false,
      advice: 'sudo apt install libimage-exiftool-perl',
    });
    expect((await stat(join(bed.archive, FIRST))).mtimeMs).toBe(before.mtimeMs);
  });

  testNeeding('exiftool')('refuse what makes no sense with the reason', async () => {
    const bed = await archiveOf(WEEK);
    for (const [name, args, error] of [
      ['title', { title: 'x' }, 'nothing is selected'],
      ['title', { title: 'x', week: '2099-W01' }, 'no photo in 2099-W01'],
      ['caption', { caption: '', files: [FIRST] }, undefined],
      ['caption', { caption: 'x', files: ['2016-W05/none.jpg'] }, 'not in the catalogue'],
      ['geotag', { files: [FIRST] }, 'one of place'],
      ['geotag', { files: [FIRST], gpx: '<kml/>' }, 'no GPX'],
      ['clock', { camera: 'Panasonic DMC-TZ10', offset: 'soon' }, 'expected'],
      ['import_places', {}, 'file or text'],
    ] as const) {
      const answer = await bed.command(name, args);
      if (error === undefined) expect(answer).toMatchObject({ ok: true, changed: 0, skipped: 1 });
      else expect([name, answer.ok, answer.error]).toEqual([name, false, expect.stringContaining(error)]);
    }
  });
});
