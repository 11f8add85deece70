import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import type { Hub } from '../../../../core/sdk/contract.ts';
import { errorText } from '../../../../core/support/errors.ts';
import { createLogger } from '../../../../core/support/log.ts';
import type { CatalogueFile } from '../../../../plugins/photos/catalogue.ts';
import type { Config } from '../../../../plugins/photos/config.ts';
import { hashFile } from '../../../../plugins/photos/ingest/copy.ts';
import type { Ingest } from '../../../../plugins/photos/ingest/index.ts';
import { Jobs } from '../../../../plugins/photos/ingest/jobs.ts';
import { metadataCommands, openMetadata } from '../../../../plugins/photos/metadata/index.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { openBed } from '../ingest/bed.ts';
import { judgedByExiftool, makeJpeg } from './judges.ts';

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly changed: number;
  readonly skipped: number;
  readonly failed: number;
  readonly files: readonly Readonly<Record<string, unknown>>[];
}

type Handler = (args: object) => Promise<object> | object;

/** The commands on a real archive and catalogue; only the hub around them is none. */
interface Bed {
  readonly archive: string;
  command<T = Answer>(name: string, args?: object): Promise<T>;
  catalogue(): readonly CatalogueFile[];
  /** What is on the disk must be what the catalogue says. */
  expectInStep(): Promise<void>;
}

const MAKE = ['-Make=Panasonic', '-Model=DMC-TZ10'];

/** An archive with the photos taken at these times, and other files as they are given, imported into it. */
async function archiveOf(
  photos: Readonly<Record<string, string>>,
  config: object = {},
  others: Readonly<Record<string, string>> = {},
): Promise<Bed> {
  const bed = await openBed();
  await Promise.all(
    Object.entries(photos).map(([name, time]) => makeJpeg(join(bed.card, name), ...MAKE, `-DateTimeOriginal=${time}`)),
  );
  for (const [name, text] of Object.entries(others)) await writeFile(join(bed.card, name), text);
  await bed.import();
  const handlers = new Map<string, Handler>();
  const stop = new AbortController();
  const hub = {
    id: 'photos',
    config: { week: 'iso', places: {}, ...config },
    timezone: 'Europe/Berlin',
    log: createLogger('test', () => undefined),
    signal: stop.signal,
    command: (name: string, handler: Handler) => handlers.set(name, handler),
    every: (_: number, task: () => Promise<void>) => void task(),
    event: async () => undefined,
    progress: () => undefined,
  } as unknown as Hub<Config>;
  const metadata = openMetadata(hub);
  onTestFinished(async () => {
    stop.abort();
    await metadata.close();
  });
  const { archive, catalogue } = bed.context;
  const copying = { mode: 0o644, group: undefined };
  metadataCommands(
    { hub, store: bed.store, archive, catalogue, jobs: new Jobs(), copying } as unknown as Ingest,
    metadata,
  );
  return {
    archive: bed.archiveRoot,
    command: async <T>(name: string, args: object = {}) => {
      try {
        return (await (handlers.get(name) as Handler)(args)) as T;
      } catch (error) {
        return { ok: false, error: errorText(error) } as T; // as the hub answers it
      }
    },
    catalogue: () => [...catalogue.all()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    expectInStep: async () => {
      for (const { path, currentSha256 } of catalogue.all()) {
        expect([path, (await hashFile(archive.absolute(path))).sha256]).toEqual([path, currentSha256]);
      }
    },
  };
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
    const before = bed.catalogue();
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
    const after = bed.catalogue();
    expect(after.map(({ title, caption, state }) => [title, caption, state])).toEqual([
      ['Fasching in Köln', 'Der Zug', 'verified'],
      ['Fasching in Köln', 'Der Zug', 'verified'],
      ['Fasching in Köln', null, 'verified'],
    ]);
    expect(after.map((file) => file.originalSha256)).toEqual(before.map((file) => file.currentSha256));
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
    expect(bed.catalogue().map(({ latitude }) => latitude)).toEqual([48.1, 48.1, 48.1]);
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
    expect(bed.catalogue().map(({ path }) => path)).toContain('2016-W05/P1010001.xmp');
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
      expect(bed.catalogue().map(({ path, captured }) => [path, captured])).toEqual([
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
