import { basename } from 'node:path';
import { endingOf } from '../ingest/kinds.ts';
import type { Position } from './position.ts';

/** What is to be written into a photo; an absent field stays as it is, `null` and an empty list remove it. */
export interface Changes {
  readonly title?: string | null;
  readonly caption?: string | null;
  readonly keywords?: readonly string[];
  readonly position?: Position;
  /** When the GPS was there, epoch ms: the position is from a track. Absent: a named point. */
  readonly gpsTime?: number;
  /** Tags of other kinds with their values, such as shifted dates. */
  readonly raw?: Readonly<Record<string, string>>;
}

/** How a kind of file keeps metadata: which of IPTC, EXIF, XMP and QuickTime keys it has room for. */
export type Container = 'exif_iptc_xmp' | 'exif_xmp' | 'quicktime' | 'xmp';

const CONTAINERS: Readonly<Record<string, Container>> = {
  jpg: 'exif_iptc_xmp',
  jpeg: 'exif_iptc_xmp',
  tif: 'exif_iptc_xmp',
  tiff: 'exif_iptc_xmp',
  dng: 'exif_iptc_xmp',
  heic: 'exif_xmp',
  heif: 'exif_xmp',
  thm: 'exif_iptc_xmp',
  mp4: 'quicktime',
  mov: 'quicktime',
};

/** The container of a file that is written in place; `undefined`: its metadata goes into an `.xmp` sidecar. */
export const containerOf = (path: string): Container | undefined => CONTAINERS[extensionOf(path)];

/** `jpg` for `P1010001.JPG`. */
export const extensionOf = (path: string): string => endingOf(basename(path));

/** Values as exiftool-vendored takes them; `null` removes the tag. */
export type TagValues = Record<string, string | number | readonly string[] | null>;

export interface Planned {
  readonly tags: TagValues;
  /** IPTC fields whose text was cut to the field's length; XMP and EXIF hold it whole. */
  readonly shortened: readonly string[];
}

/** IPTC-IIM 4.2: most bytes in each dataset. */
const IPTC_BYTES = { 'IPTC:ObjectName': 64, 'IPTC:Caption-Abstract': 2000, 'IPTC:Keywords': 64 } as const;

/**
 * The tags that carry the changes in a container, in step: IPTC and EXIF where there is room for them, XMP always.
 * Texts are taken to be tidied. Plain tags rather than MWG's, which write IPTC only where the file has some already.
 */
export function planTags(changes: Changes, container: Container): Planned {
  const tags: TagValues = {};
  const shortened: string[] = [];
  const hasIptc = container === 'exif_iptc_xmp';
  const hasExif = hasIptc || container === 'exif_xmp';
  const isQuicktime = container === 'quicktime';
  const iptc = (tag: keyof typeof IPTC_BYTES, text: string | null) => {
    if (text === null) return null;
    const fitted = fitBytes(text, IPTC_BYTES[tag]);
    if (fitted !== text && !shortened.includes(tag)) shortened.push(tag);
    return fitted;
  };
  const { title, caption, keywords } = changes;
  if (title !== undefined) {
    tags['XMP-dc:Title'] = title;
    if (hasIptc) tags['IPTC:ObjectName'] = iptc('IPTC:ObjectName', title);
    if (isQuicktime) tags['Keys:Title'] = title;
  }
  if (caption !== undefined) {
    tags['XMP-dc:Description'] = caption;
    if (hasIptc) tags['IPTC:Caption-Abstract'] = iptc('IPTC:Caption-Abstract', caption);
    if (hasExif) tags['EXIF:ImageDescription'] = caption;
    if (isQuicktime) tags['Keys:Description'] = caption;
  }
  if (keywords !== undefined) {
    tags['XMP-dc:Subject'] = listOrNone(keywords);
    if (hasIptc) tags['IPTC:Keywords'] = listOrNone(keywords.map((word) => iptc('IPTC:Keywords', word) as string));
  }
  if (hasIptc && (title !== undefined || caption !== undefined || keywords !== undefined)) {
    // Without it readers take the bytes for Latin-1. The digest tells them that IPTC and XMP were written together.
    tags['IPTC:CodedCharacterSet'] = 'UTF8';
    tags['Photoshop:IPTCDigest'] = 'new';
  }
  if (changes.position !== undefined)
    Object.assign(tags, positionTags(changes, changes.position, hasExif, isQuicktime));
  return { tags: { ...tags, ...changes.raw }, shortened };
}

function positionTags(changes: Changes, position: Position, hasExif: boolean, isQuicktime: boolean): TagValues {
  const { latitude, longitude, altitude } = position;
  const above = altitude === undefined ? null : altitude < 0 ? 'Below Sea Level' : 'Above Sea Level';
  const height = altitude === undefined ? null : Math.abs(altitude);
  const group = hasExif ? 'EXIF' : 'XMP-exif';
  const tags: TagValues = {
    [`${group}:GPSLatitude`]: hasExif ? Math.abs(latitude) : latitude,
    [`${group}:GPSLongitude`]: hasExif ? Math.abs(longitude) : longitude,
    [`${group}:GPSAltitude`]: height,
    [`${group}:GPSAltitudeRef`]: above,
    [`${group}:GPSMapDatum`]: 'WGS-84',
    [`${group}:GPSProcessingMethod`]: changes.gpsTime === undefined ? 'MANUAL' : 'GPS',
  };
  if (isQuicktime) tags['Keys:GPSCoordinates'] = [latitude, longitude, altitude ?? 0].join(', ');
  if (!hasExif) return tags;
  return {
    ...tags,
    'EXIF:GPSLatitudeRef': latitude < 0 ? 'S' : 'N',
    'EXIF:GPSLongitudeRef': longitude < 0 ? 'W' : 'E',
    ...(changes.gpsTime !== undefined && gpsTimeTags(changes.gpsTime)),
    ...Object.fromEntries(CONTRADICTING.map((tag) => [tag, null])),
  };
}

/** The position of an earlier writer in XMP, and the quality of a fix that the new position did not come from. */
const CONTRADICTING = [
  'XMP-exif:GPSLatitude',
  'XMP-exif:GPSLongitude',
  'XMP-exif:GPSAltitude',
  'XMP-exif:GPSAltitudeRef',
  'EXIF:GPSHPositioningError',
  'EXIF:GPSDOP',
  'EXIF:GPSSatellites',
];

/** In UTC; GPSTimeStamp keeps what is below a second. */
function gpsTimeTags(time: number): TagValues {
  const [date = '', clock = ''] = new Date(time).toISOString().split('T');
  return { 'EXIF:GPSDateStamp': date.replaceAll('-', ':'), 'EXIF:GPSTimeStamp': clock.replace(/(\.000)?Z$/, '') };
}

/** The changes as they are kept: see `tidyText`; each keyword once, none empty. */
export function tidyChanges(changes: Changes): Changes {
  const { title, caption, keywords } = changes;
  return {
    ...changes,
    ...(title !== undefined && { title: tidyText(title) }),
    ...(caption !== undefined && { caption: tidyText(caption) }),
    ...(keywords !== undefined && { keywords: tidyKeywords(keywords) }),
  };
}

/** Each keyword once, without empty ones. */
export const tidyKeywords = (keywords: readonly string[]): string[] => [
  ...new Set(keywords.map(tidyText).filter((word) => word !== null)),
];

/** The start of a text that fits into so many bytes of UTF-8, whole characters (grapheme clusters) only. */
export function fitBytes(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  let fitted = '';
  let bytes = 0;
  for (const { segment } of graphemes.segment(text)) {
    bytes += Buffer.byteLength(segment);
    if (bytes > most) break;
    fitted += segment;
  }
  return fitted.trimEnd();
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * NFC, one kind of line end, no other control characters: these end texts early in one reader or another. Half a
 * surrogate pair becomes U+FFFD. An empty text is none.
 */
function tidyText(text: string | null): string | null {
  if (text === null) return null;
  const clean = Buffer.from(text.normalize('NFC').replace(/\r\n?/g, '\n'))
    .toString()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
    .trim();
  return clean === '' ? null : clean;
}

const listOrNone = (words: readonly string[]): readonly string[] | null => (words.length === 0 ? null : words);
