import { describe, expect, test } from 'vitest';
import { parseGeotagLocations } from '../../../../plugins/photos/metadata/geotag-locations.ts';

/** A file in the form that photo-scripts' geotag.sh sources. */
const FILE = `declare -A LOCATION

# sample command-line from www.easygeotag.info

_LOC_HOME=(-M "set Exif.GPSInfo.GPSLatitude 37/1 46/1 30/1" -M "set Exif.GPSInfo.GPSLatitudeRef N" -M "set Exif.GPSInfo.GPSLongitude 122/1 25/1 10/1" -M "set Exif.GPSInfo.GPSLongitudeRef W")
_LOC_HUT=(
  -M 'set Exif.GPSInfo.GPSLatitude 33/1 52/1 1234/100'
  -M 'set Exif.GPSInfo.GPSLatitudeRef S'
  -M 'set Exif.GPSInfo.GPSLongitude 151/1 12/1 0/1'
  -M 'set Exif.GPSInfo.GPSLongitudeRef E'
  -M 'set Exif.GPSInfo.GPSAltitude 250/10'
  -M 'set Exif.GPSInfo.GPSAltitudeRef 1'
)
_LOC_SPARE=(-M "set Exif.GPSInfo.GPSLatitude 0/1 0/1 1/1" -M "set Exif.GPSInfo.GPSLatitudeRef N" -M "set Exif.GPSInfo.GPSLongitude 0/1 0/1 1/1" -M "set Exif.GPSInfo.GPSLongitudeRef E")

LOCATION['home']="_LOC_HOME"
LOCATION[the hut]=_LOC_HUT
# LOCATION['old']="_LOC_GONE"

# Local variables:
# mode: sh
# End:
`;

describe('the geotag-locations file of photo-scripts', () => {
  test('gives the named points in degrees, south and west negative', () => {
    const { places, problems } = parseGeotagLocations(FILE);
    expect(problems).toEqual([]);
    expect(places['home']?.latitude).toBeCloseTo(37.775, 10);
    expect(places['home']?.longitude).toBeCloseTo(-122.4194444444, 9);
    expect(places['home']?.altitude).toBeUndefined();
    expect(places['the hut']?.latitude).toBeCloseTo(-33.8700944444, 9);
    expect(places['the hut']?.altitude).toBe(-25);
  });

  test('calls an array that no line names after itself', () => {
    expect(Object.keys(parseGeotagLocations(FILE).places)).toEqual(['home', 'the hut', 'spare']);
  });

  test.each([
    [`LOCATION['x']="_LOC_X"`, 'x: no array _LOC_X'],
    [
      FILE.replace('37/1 46/1 30/1', '37/1 46/0 30/1'),
      'home: GPSLatitude "37/1 46/0 30/1" is not degrees/1 minutes/1 seconds/1',
    ],
    [FILE.replace('LatitudeRef N', 'LatitudeRef Q'), 'home: GPSLatitudeRef is "Q", not N or S'],
    [FILE.replace(/ -M "set Exif.GPSInfo.GPSLongitudeRef W"/, ''), 'home: no GPSLongitudeRef'],
    [FILE.replace('37/1 46/1', '97/1 46/1'), 'home: 97.775, -122.41944444444445 is no point on the globe'],
  ])('says what is wrong with a place and reads the others', (text, problem) => {
    expect(parseGeotagLocations(text).problems).toContain(problem);
  });

  test('never runs the file', () => {
    const text = `${FILE}\nLOCATION['$(touch /tmp/run)']="\`id\`"\nrm -rf /\n`;
    expect(Object.keys(parseGeotagLocations(text).places)).toEqual(['home', 'the hut', 'spare']);
  });
});
