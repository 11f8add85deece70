import type { FoundTime, Head, HeadReader } from '../ingest/head.ts';
import { describeTags, type Tags } from './description.ts';
import { type ExifTool, ExifToolError } from './exiftool.ts';

/** Everything `describeTags` and `timesOf` look at; naming it spares ExifTool the rest of the file. */
const READ_OPTIONS = [
  '-fast2',
  '-Make',
  '-Model',
  '-SerialNumber',
  '-InternalSerialNumber',
  '-DateTimeOriginal',
  '-SubSecDateTimeOriginal',
  '-OffsetTimeOriginal',
  '-OffsetTimeDigitized',
  '-CreateDate',
  '-CreationDate',
  '-CreationDateValue',
  '-GPSDateTime',
  '-GPSLatitude',
  '-GPSLongitude',
  '-GPSAltitude',
  '-ImageDescription',
  '-XPTitle',
  '-IPTC:all',
  '-IPTCDigest',
  '-CurrentIPTCDigest',
  '-XMP-dc:Title',
  '-XMP-dc:Description',
  '-XMP-dc:Subject',
  '-Keys:all',
] as const;

/** Reads by ExifTool what exifr cannot: videos, RAW, and photos whose IPTC and XMP disagree. */
export function createDeepReader(exiftool: ExifTool): HeadReader {
  return {
    read: async (path) => {
      try {
        return toHead(await exiftool.read(path, READ_OPTIONS));
      } catch (error) {
        if (error instanceof ExifToolError) return undefined; // of no format that it knows
        throw error;
      }
    },
  };
}

/** What ExifTool's tags tell, in the terms of the import. */
export function toHead(tags: Tags): Head {
  const named = (...tail: string[]) => firstText(tags, (name) => tail.some((end) => name.endsWith(`:${end}`)));
  const camera = [named('Make'), named('Model'), named('SerialNumber', 'InternalSerialNumber')].filter(Boolean);
  return {
    times: timesOf(tags),
    ...(camera.length > 0 && { camera: camera.join(' ') }),
    ...describeTags(tags),
  };
}

/**
 * Capture times in order of trust. A video's header time comes last: it should be UTC and often is not, while
 * CreationDate and the maker's own notes state the wall clock.
 */
function timesOf(tags: Tags): FoundTime[] {
  const isMakersOwn = (name: string) => name.endsWith(':DateTimeOriginal') && !/^(XMP|ExifIFD|Composite)/.test(name);
  const found: (FoundTime | undefined)[] = [
    time(tags, 'CreationDate', 'Keys:CreationDate'),
    time(tags, 'CreationDateValue', 'XML:CreationDateValue'),
    time(tags, 'DateTimeOriginal', 'ExifIFD:DateTimeOriginal', tags['ExifIFD:OffsetTimeOriginal']),
    time(tags, 'DateTimeOriginal', Object.keys(tags).find(isMakersOwn)),
    time(tags, 'CreateDate', 'ExifIFD:CreateDate', tags['ExifIFD:OffsetTimeDigitized']),
    time(tags, 'GPSDateTime', 'Composite:GPSDateTime'),
    time(tags, 'XMP DateTimeOriginal', 'XMP-exif:DateTimeOriginal'),
    time(tags, 'XMP CreateDate', 'XMP-xmp:CreateDate'),
    time(tags, 'QuickTime CreateDate', 'QuickTime:CreateDate'),
  ];
  const isUtc = (one: FoundTime) => one.from === 'QuickTime CreateDate' || one.from === 'GPSDateTime';
  return found
    .filter((one) => one !== undefined)
    .map((one) => (isUtc(one) ? { from: one.from, text: one.text, utc: true } : one));
}

function time(tags: Tags, from: string, name: string | undefined, offset?: unknown): FoundTime | undefined {
  const value = name === undefined ? undefined : tags[name];
  const parts = typeof value === 'string' ? /^(.*?)(Z|[+-]\d\d:\d\d)?(?: DST)?$/.exec(value.trim()) : null;
  if (parts === null || /^[0: ]*$/.test(parts[1] ?? '')) return undefined;
  const zone = parts[2] === 'Z' ? '+00:00' : (parts[2] ?? (typeof offset === 'string' ? offset : undefined));
  return { from, text: parts[1] as string, ...(zone !== undefined && { offset: zone }) };
}

function firstText(tags: Tags, matches: (name: string) => boolean): string | undefined {
  const name = Object.keys(tags).find((candidate) => matches(candidate));
  const value = name === undefined ? '' : String(tags[name]).trim();
  return value === '' ? undefined : value;
}
