import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type Described, exiftoolCommand, exiv2Command } from '../../../../plugins/photos/metadata/shell.ts';
import { temporaryFolder } from '../../../support/hub.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { judgedByExiftool, makeJpeg } from './judges.ts';

const DESCRIBED: Described = {
  title: 'Father\'s "60th"',
  caption: 'Grüße $HOME `id` \\ & <b>',
  position: { latitude: -37.7750001, longitude: 122.99999999, altitude: -12.5 },
};

describe.each([
  ['exiv2', exiv2Command],
  ['exiftool', exiftoolCommand],
] as const)('the %s command line', (program, render) => {
  testNeeding('exiftool', program)('writes in a shell what it says', async () => {
    const folder = await temporaryFolder();
    const names = ["it's #1 $(touch pwned).jpg", '-dash.jpg'];
    for (const name of names) await makeJpeg(join(folder, name));
    await promisify(execFile)('sh', ['-c', render(DESCRIBED, names)], { cwd: folder });
    for (const name of names) {
      const tags = await judgedByExiftool(join(folder, name));
      expect(tags['Composite:GPSLatitude']).toBeCloseTo(-37.7750001, 6);
      expect(tags['Composite:GPSLongitude']).toBeCloseTo(123, 6);
      expect(tags['Composite:GPSAltitude']).toBe(-12.5);
      expect(tags).toMatchObject({
        'IPTC:ObjectName': DESCRIBED.title,
        'XMP-dc:Title': DESCRIBED.title,
        'IPTC:Caption-Abstract': DESCRIBED.caption,
        'XMP-dc:Description': DESCRIBED.caption,
        'IFD0:ImageDescription': DESCRIBED.caption,
        'IPTC:CodedCharacterSet': '\u001b%G',
      });
      expect(tags).not.toHaveProperty('GPS:GPSTimeStamp');
    }
    const { stdout } = await promisify(execFile)('ls', [folder]);
    expect(stdout).not.toContain('pwned\n');
  });
});

test('a place alone is what geotag.sh ran', () => {
  const home = { position: { latitude: 37.775, longitude: -122.41944444444445 } };
  expect(exiv2Command(home, ['P1010001.JPG'])).toBe(
    "exiv2 -M 'set Exif.GPSInfo.GPSLatitude 37/1 46/1 300000/10000' -M 'set Exif.GPSInfo.GPSLatitudeRef N'" +
      " -M 'set Exif.GPSInfo.GPSLongitude 122/1 25/1 100000/10000' -M 'set Exif.GPSInfo.GPSLongitudeRef W'" +
      " -M 'set Exif.GPSInfo.GPSMapDatum WGS-84' P1010001.JPG",
  );
});
