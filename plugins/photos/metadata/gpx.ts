import { XMLParser } from 'fast-xml-parser';

/** One fix of a track. */
export interface Fix {
  /** Epoch ms, UTC. */
  readonly time: number;
  /** Degrees, north positive. */
  readonly latitude: number;
  /** Degrees, east positive. */
  readonly longitude: number;
  /** Metres above sea level. */
  readonly altitude?: number;
  /** True for the first fix of a segment: between it and the fix before it nothing was recorded. */
  readonly first: boolean;
}

/** A file that is no GPX track. */
export class GpxError extends Error {}

interface Point {
  readonly lat?: string;
  readonly lon?: string;
  readonly ele?: string;
  readonly time?: string;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  removeNSPrefix: true,
  // A track holds no text that needs entities, and expanding them is how XML is made to explode.
  processEntities: false,
  isArray: (name) => name === 'trk' || name === 'trkseg' || name === 'trkpt',
});

/**
 * The fixes of a GPX 1.0 or 1.1 track in order of time; points without time or position are left out, of several at
 * one time the last stays.
 * @throws GpxError when the text is no GPX or holds no fix with a time
 */
export function parseGpx(text: string): readonly Fix[] {
  const document = read(text);
  const fixes = new Map<number, Fix>();
  for (const track of document.trk ?? []) {
    for (const segment of track.trkseg ?? []) {
      let first = true;
      for (const point of segment.trkpt ?? []) {
        const fix = toFix(point, first);
        if (fix === undefined) continue;
        fixes.set(fix.time, fix);
        first = false;
      }
    }
  }
  if (fixes.size === 0) throw new GpxError('the GPX file holds no track point with a time and a position');
  return [...fixes.values()].sort((a, b) => a.time - b.time);
}

interface Gpx {
  readonly trk?: readonly { readonly trkseg?: readonly { readonly trkpt?: readonly Point[] }[] }[];
}

function read(text: string): Gpx {
  let parsed: { gpx?: Gpx };
  try {
    parsed = parser.parse(text);
  } catch (error) {
    throw new GpxError('the GPX file is not well-formed XML', { cause: error });
  }
  if (typeof parsed.gpx !== 'object') throw new GpxError('the file is no GPX: it has no <gpx> element');
  return parsed.gpx;
}

/** A time without a zone is UTC: the GPX schema says that all times are. */
function toFix(point: Point, first: boolean): Fix | undefined {
  const written = point.time?.trim() ?? '';
  const time = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(written) ? written : `${written}Z`);
  const [latitude, longitude, altitude] = [point.lat, point.lon, point.ele].map(toNumber);
  if (Number.isNaN(time) || latitude === undefined || longitude === undefined) return undefined;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return undefined;
  return { time, latitude, longitude, first, ...(altitude !== undefined && { altitude }) };
}

function toNumber(text: string | undefined): number | undefined {
  const value = text === undefined || String(text).trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
