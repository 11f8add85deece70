import type { Tags } from './description.ts';
import { formatWallClock, type WallClock, wallClockMs } from './zone.ts';

/** Dates that the camera's clock set, as `group:tag` of ExifTool's `-G1`, with the group to write them under. */
const CLOCK_TAGS: Readonly<Record<string, string>> = {
  'ExifIFD:DateTimeOriginal': 'EXIF:DateTimeOriginal',
  'ExifIFD:CreateDate': 'EXIF:CreateDate',
  'XMP-exif:DateTimeOriginal': 'XMP-exif:DateTimeOriginal',
  'XMP-exif:DateTimeDigitized': 'XMP-exif:DateTimeDigitized',
  'XMP-xmp:CreateDate': 'XMP-xmp:CreateDate',
  'XMP-photoshop:DateCreated': 'XMP-photoshop:DateCreated',
  'QuickTime:CreateDate': 'QuickTime:CreateDate',
  'Track1:TrackCreateDate': 'QuickTime:TrackCreateDate',
  'Track1:MediaCreateDate': 'QuickTime:MediaCreateDate',
  'Keys:CreationDate': 'Keys:CreationDate',
};
/** IPTC keeps date and time apart. */
const IPTC_PAIRS = [
  ['IPTC:DateCreated', 'IPTC:TimeCreated'],
  ['IPTC:DigitalCreationDate', 'IPTC:DigitalCreationTime'],
] as const;

/** The tags to read before dates are shifted. */
export const SHIFTED_TAGS: readonly string[] = [...Object.keys(CLOCK_TAGS), 'IFD0:ModifyDate', ...IPTC_PAIRS.flat()];

/**
 * The dates in a file with a clock's error taken out, as values to write: absolute ones, so that writing twice is
 * writing once. Fractions and zones stay. ModifyDate follows only where the camera set it too: it equals the original.
 * @param seconds to add to what the camera's clock said
 */
export function shiftDates(tags: Tags, seconds: number): Record<string, string> {
  const shifted: Record<string, string> = {};
  for (const [read, write] of Object.entries(CLOCK_TAGS)) {
    const moved = shiftDate(tags[read], seconds);
    if (moved !== undefined) shifted[write] = moved;
  }
  const modified = tags['IFD0:ModifyDate'];
  if (modified !== undefined && modified === tags['ExifIFD:DateTimeOriginal']) {
    shifted['EXIF:ModifyDate'] = shifted['EXIF:DateTimeOriginal'] as string;
  }
  for (const [dateTag, timeTag] of IPTC_PAIRS) {
    if (tags[dateTag] === undefined || tags[timeTag] === undefined) continue;
    const moved = shiftDate(`${tags[dateTag]} ${tags[timeTag]}`, seconds);
    if (moved !== undefined) [shifted[dateTag], shifted[timeTag]] = moved.split(' ') as [string, string];
  }
  return shifted;
}

/** `2016:02:03 12:00:00[.5][+01:00]` moved; `undefined` for what is no date. */
function shiftDate(value: unknown, seconds: number): string | undefined {
  const found = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)(.*)$/.exec(String(value));
  if (found === null) return undefined;
  const moved = shiftWallClock(`${found[1]}-${found[2]}-${found[3]}T${found[4]}`, seconds);
  return moved === undefined ? undefined : `${toExifDate(moved)}${found[5]}`;
}

/** A wall clock moved by so many seconds; `undefined` when it is none. */
export function shiftWallClock(wall: WallClock, seconds: number): WallClock | undefined {
  const ms = wallClockMs(wall);
  return ms === undefined ? undefined : formatWallClock(ms + Math.round(seconds) * 1000);
}

/** `2016-02-03T12:00:00` as EXIF writes it: `2016:02:03 12:00:00`. */
export const toExifDate = (wall: WallClock): string => `${wall.slice(0, 10).replaceAll('-', ':')} ${wall.slice(11)}`;
