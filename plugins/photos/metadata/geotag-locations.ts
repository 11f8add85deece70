import { isOnGlobe, type Position, parseRationals } from './position.ts';

/** What a geotag-locations file holds. */
export interface Locations {
  readonly places: Readonly<Record<string, Position>>;
  /** What could not be read, for people: `home: no GPSLatitudeRef`. */
  readonly problems: readonly string[];
}

/**
 * Reads the named points of photo-scripts' `~/.geotag-locations`: bash arrays of `-M "set Exif.GPSInfo..."` arguments
 * for exiv2, and `LOCATION['name']="ARRAY"` lines that name them. The text is read, never run. An array without a name
 * is called after itself (`_LOC_HOME`: `home`).
 */
export function parseGeotagLocations(text: string): Locations {
  const script = text.replace(/^\s*#.*$/gm, '');
  const arrays = new Map([...script.matchAll(ARRAY)].map((found) => [found[1] as string, found[2] as string]));
  const named = [...script.matchAll(NAME)].map((found) => ({ name: found[2] as string, array: found[4] as string }));
  const unnamed = [...arrays.keys()]
    .filter((array) => !named.some((entry) => entry.array === array))
    .map((array) => ({ name: array.replace(/^_?LOC_/i, '').toLowerCase(), array }));
  const places: Record<string, Position> = {};
  const problems: string[] = [];
  for (const { name, array } of [...named, ...unnamed]) {
    const settings = arrays.get(array);
    const position = settings === undefined ? `no array ${array}` : parseSettings(settings);
    if (typeof position === 'string') problems.push(`${name}: ${position}`);
    else places[name] = position;
  }
  return { places, problems };
}

const ARRAY = /^\s*(?:declare\s+-a\s+)?(\w+)=\(([^)]*)\)/gm;
const NAME = /^\s*LOCATION\[(['"]?)([^\]'"]+)\1\]=(['"]?)(\w+)\3/gm;
const SETTING = /set\s+Exif\.GPSInfo\.(\w+)\s+(?:(?:Ascii|Byte|Rational)\s+)?([^"'\n]+)/g;

/** The position that the arguments of one array set, or what is wrong with it. */
function parseSettings(settings: string): Position | string {
  const tags = new Map([...settings.matchAll(SETTING)].map((found) => [found[1], (found[2] as string).trim()]));
  const latitude = signed(tags, 'GPSLatitude', { N: 1, S: -1 });
  const longitude = signed(tags, 'GPSLongitude', { E: 1, W: -1 });
  if (typeof latitude === 'string') return latitude;
  if (typeof longitude === 'string') return longitude;
  if (!isOnGlobe({ latitude, longitude })) return `${latitude}, ${longitude} is no point on the globe`;
  if (!tags.has('GPSAltitude')) return { latitude, longitude };
  const metres = parseRationals(tags.get('GPSAltitude') as string);
  if (metres === undefined) return `GPSAltitude "${tags.get('GPSAltitude')}" is not number/number`;
  return { latitude, longitude, altitude: tags.get('GPSAltitudeRef') === '1' ? -metres : metres };
}

function signed(
  tags: ReadonlyMap<string | undefined, string>,
  tag: string,
  signs: Readonly<Record<string, number>>,
): number | string {
  const [written, reference] = [tags.get(tag), tags.get(`${tag}Ref`)];
  if (written === undefined) return `no ${tag}`;
  if (reference === undefined) return `no ${tag}Ref`;
  const sign = signs[reference.toUpperCase()];
  if (sign === undefined) return `${tag}Ref is "${reference}", not ${Object.keys(signs).join(' or ')}`;
  const degrees = parseRationals(written);
  return degrees === undefined ? `${tag} "${written}" is not degrees/1 minutes/1 seconds/1` : sign * degrees;
}
