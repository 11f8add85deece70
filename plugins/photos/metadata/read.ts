import type { FoundTime, Head, HeadReader } from '../ingest/head.ts';
import { cameraName } from '../ingest/read-head.ts';
import { thumbnailOf } from './companions.ts';
import { describeTags, type Tags } from './description.ts';
import { type ExifTool, ExifToolError, ExifToolMissingError } from './exiftool.ts';

/**
 * Everything `describeTags` and `timesOf` look at. Not with `-fast`: that ends before the header of a film whose camera
 * wrote it last, as most do.
 */
const READ_OPTIONS = [
  '-Make',
  '-Model',
  '-SerialNumber',
  '-InternalSerialNumber',
  '-DateTimeOriginal',
  '-DateCreated',
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

/**
 * Reads by ExifTool what exifr cannot: videos, RAW, sidecars, and photos whose IPTC and XMP disagree. Without an ExifTool
 * nothing is known of them, which is said once: to bring them in is worth more than their date.
 */
export function createDeepReader(exiftool: ExifTool, warn: (message: string) => void): HeadReader {
  let isWarned = false;
  return {
    read: async (path) => {
      try {
        const tags = await exiftool.read(path, READ_OPTIONS);
        const thumbnail = await thumbnailOf(path);
        return toHead(tags, thumbnail === undefined ? {} : await exiftool.read(thumbnail, READ_OPTIONS));
      } catch (error) {
        if (error instanceof ExifToolError) return undefined; // of no format that it knows
        if (!(error instanceof ExifToolMissingError)) throw error;
        if (!isWarned) warn(`dates of videos and RAW files cannot be read: ${error.message}: ${error.advice}`);
        isWarned = true;
        return undefined;
      }
    },
  };
}

/**
 * What ExifTool's tags tell, in the terms of the import.
 * @param thumbnail tags of a video's THM, often the only EXIF it has
 */
export function toHead(tags: Tags, thumbnail: Tags = {}): Head {
  const named = (...tail: string[]) => {
    const all = { ...thumbnail, ...tags };
    return firstText(all, (name) => tail.some((end) => name.endsWith(`:${end}`)));
  };
  const camera = cameraName(named('Make'), named('Model'), named('SerialNumber', 'InternalSerialNumber'));
  return { times: timesOf(tags, thumbnail), ...(camera !== undefined && { camera }), ...describeTags(tags) };
}

/**
 * Capture times in order of trust. A video's header time comes last: it should be UTC and often is not, while
 * CreationDate and the maker's own notes state the wall clock.
 */
function timesOf(tags: Tags, thumbnail: Tags): FoundTime[] {
  const isMakersOwn = (name: string) => name.endsWith(':DateTimeOriginal') && !/^(XMP|ExifIFD|Composite)/.test(name);
  const found: (FoundTime | undefined)[] = [
    time(tags, 'CreationDate', 'Keys:CreationDate'),
    time(tags, 'CreationDateValue', 'XML:CreationDateValue'),
    time(thumbnail, 'DateTimeOriginal of the THM', 'ExifIFD:DateTimeOriginal', thumbnail['ExifIFD:OffsetTimeOriginal']),
    time(tags, 'DateTimeOriginal', 'ExifIFD:DateTimeOriginal', tags['ExifIFD:OffsetTimeOriginal']),
    time(tags, 'DateTimeOriginal', Object.keys(tags).find(isMakersOwn)),
    time(tags, 'CreateDate', 'ExifIFD:CreateDate', tags['ExifIFD:OffsetTimeDigitized']),
    time(tags, 'GPSDateTime', 'Composite:GPSDateTime'),
    time(tags, 'XMP-exif:DateTimeOriginal', 'XMP-exif:DateTimeOriginal'),
    time(tags, 'XMP-photoshop:DateCreated', 'XMP-photoshop:DateCreated'),
    time(tags, 'XMP-xmp:CreateDate', 'XMP-xmp:CreateDate'),
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
