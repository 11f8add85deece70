import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { GeosyncError, parseDifference, parseGeosync } from '../../../../plugins/photos/metadata/geosync.ts';
import { GpxError, parseGpx } from '../../../../plugins/photos/metadata/gpx.ts';
import { positionAt } from '../../../../plugins/photos/metadata/track.ts';
import { wallClockToUtc } from '../../../../plugins/photos/metadata/zone.ts';
import { temporaryFolder } from '../../../support/hub.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { allJudgedByExiftool, EXIFTOOL, makeJpeg } from './judges.ts';

/** Two segments with a pause, a wide gap inside the first, a fix without height, and a crossing of the date line. */
const GPX = `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1"><metadata><time>2016-02-03T00:00:00Z</time></metadata>
<trk><name>a &amp; b</name><trkseg>
<trkpt lat="48.1" lon="11.5"><ele>500</ele><time>2016-02-03T10:00:00Z</time></trkpt>
<trkpt lat="48.2" lon="11.6"><time>2016-02-03T10:10:00Z</time></trkpt>
<trkpt lat="48.3" lon="11.8"><ele>620.5</ele><time>2016-02-03T10:20:00Z</time></trkpt>
<trkpt lat="48.9" lon="12.8"><ele>300</ele><time>2016-02-03T11:40:00Z</time></trkpt>
</trkseg><trkseg>
<trkpt lat="-18.0" lon="179.9"><ele>-4</ele><time>2016-02-03T12:00:00.500Z</time></trkpt>
<trkpt lat="-18.1" lon="-179.8"><ele>6</ele><time>2016-02-03T12:10:00Z</time></trkpt>
<trkpt lat="1" lon="2"><ele>6</ele></trkpt>
</trkseg></trk></gpx>`;

/** Camera times in UTC: before, at, between and after fixes, in gaps within and beyond half an hour. */
const TIMES = [
  '09:29:59',
  '09:30:00',
  '09:45:00',
  '10:00:00',
  '10:05:00',
  '10:10:00',
  '10:17:30',
  '10:20:00',
  '10:49:59',
  '10:51:00',
  '11:00:00',
  '11:10:00',
  '11:11:00',
  '11:50:00',
  '12:03:07',
  '12:06:00',
  '12:40:00',
  '12:40:01',
];

const run = promisify(execFile);

/** The tags of a photo at each of the times after `exiftool -geotag`. */
async function geotagged(options: readonly string[], zone: string) {
  const folder = await temporaryFolder();
  const [gpx, base] = [join(folder, 'track.gpx'), join(folder, 'base.jpg')];
  await writeFile(gpx, GPX);
  await makeJpeg(base);
  const pathOf = (time: string) => join(folder, `${time.replaceAll(':', '')}.jpg`);
  const photos = TIMES.flatMap((time) => [
    '-o',
    pathOf(time),
    `-DateTimeOriginal=2016:02:03 ${time}`,
    base,
    '-execute',
  ]);
  await run(EXIFTOOL, photos);
  const geotag = ['-q', '-overwrite_original', '-geotag', gpx, ...options, ...TIMES.map(pathOf)];
  // Exit code 1 where some photo is off the track.
  await run(EXIFTOOL, geotag, { env: { ...process.env, TZ: zone } }).catch(() => undefined);
  const tags = await allJudgedByExiftool(TIMES.map(pathOf));
  return TIMES.map((time, index) => [time, tags[index] as Record<string, unknown>] as const);
}

/** The same by our own rules must be what ExifTool wrote, to the hundredth of a second of arc. */
async function compare(options: readonly string[], zone: string, correction: (time: number) => number) {
  const fixes = parseGpx(GPX);
  let located = 0;
  for (const [time, tags] of await geotagged(options, zone)) {
    const taken = wallClockToUtc(`2016-02-03T${time}`, zone) as number;
    const ours = positionAt(fixes, taken + correction(taken));
    const [latitude, longitude] = [tags['Composite:GPSLatitude'], tags['Composite:GPSLongitude']] as number[];
    if (latitude === undefined || longitude === undefined) {
      expect([time, typeof ours]).toEqual([time, 'string']);
      continue;
    }
    if (typeof ours === 'string') throw new Error(`${time}: ExifTool finds ${latitude}, ${longitude}, we say ${ours}`);
    located += 1;
    expect(ours.latitude, time).toBeCloseTo(latitude, 6);
    expect(ours.longitude, time).toBeCloseTo(longitude, 6);
    const altitude = tags['Composite:GPSAltitude'] as number | undefined;
    if (altitude === undefined) expect(ours.altitude, time).toBeUndefined();
    else expect(ours.altitude, time).toBeCloseTo(altitude, 1);
  }
  return located;
}

describe('where a track says a photo was taken', () => {
  testNeeding('exiftool')("is where ExifTool's -geotag says", async () => {
    expect(await compare([], 'UTC', () => 0)).toBeGreaterThan(10);
  });

  testNeeding('exiftool')('also with a zone and a clock that is off by a constant', async () => {
    const correction = parseGeosync(['-1:30'], 'Europe/Berlin');
    expect(await compare(['-geosync=-1:30'], 'Europe/Berlin', correction)).toBeGreaterThan(5);
  });

  testNeeding('exiftool')('also with a clock that drifts between two sync points and beyond them', async () => {
    const pairs = ['2016:02:03 10:00:10@2016:02:03 10:00:00', '2016:02:03 11:58:00@2016:02:03 12:00:00'];
    const options = pairs.map((pair) => `-geosync=${pair}`);
    expect(await compare(options, 'UTC', parseGeosync(pairs, 'UTC'))).toBeGreaterThan(10);
  });
});

describe('tracks that cannot be used', () => {
  test.each([
    ['no XML', 'hello', /no <gpx>/],
    ['another XML', '<kml/>', /no <gpx>/],
    ['a track without times', '<gpx><trk><trkseg><trkpt lat="1" lon="2"/></trkseg></trk></gpx>', /no track point/],
    ['no track', '<gpx></gpx>', /no <gpx>|no track point/],
    ['places off the globe', GPX.replace(/lat="[^"]+"/g, 'lat="99"'), /no track point/],
  ])('%s is refused with the reason', (_, text, reason) => {
    expect(() => parseGpx(text)).toThrow(GpxError);
    expect(() => parseGpx(text)).toThrow(reason);
  });

  test('entities are not expanded', () => {
    const bomb = `<!DOCTYPE gpx [<!ENTITY a "${'1'.repeat(1000)}"><!ENTITY b "${'&a;'.repeat(1000)}">]>${GPX.replace('500', '&b;')}`;
    expect(parseGpx(bomb.replace(/<\?xml.*?\?>/, ''))).toHaveLength(6);
  });
});

describe('a difference of time', () => {
  test.each([
    ['-25', -25_000],
    ['1:20', 80_000],
    ['+1:00:00.5', 3_600_500],
    ['-1 12:00:00', -129_600_000],
  ])('%s', (text, ms) => expect(parseDifference(text)).toBe(ms));

  test.each(['', 'soon', '1:2:3:4', '1 2 3', '2016:02:03 10:00:00@'])('"%s" is none', (text) => {
    expect(() => parseGeosync([text], 'UTC')).toThrow(GeosyncError);
  });

  test('a difference beside pairs is refused: which would count?', () => {
    expect(() => parseGeosync(['-1', '2016-02-03 10:00:00@2016-02-03 10:00:00'], 'UTC')).toThrow(GeosyncError);
  });
});
