import type { Exifr } from 'exifr';
import type { FoundTime, Head, HeadReader } from './head.ts';

const OPTIONS = {
  tiff: true,
  ifd0: {},
  ifd1: false,
  exif: true,
  gps: true,
  xmp: true,
  iptc: true,
  icc: false,
  jfif: false,
  ihdr: false,
  interop: false,
  mergeOutput: false,
  // Revived dates are in the zone of the process: the most reported defect of this field.
  reviveValues: false,
  translateValues: false,
} as const;

type Tags = Readonly<Record<string, unknown>>;
type Segments = Readonly<Record<string, Tags | undefined>>;

/**
 * Reads what a file tells of itself: with exifr, which takes half a millisecond, and where that finds no capture time
 * (videos, most RAW formats) with `slow`.
 */
export function openHeadReader(slow: HeadReader): HeadReader {
  return {
    async read(path, signal) {
      const quick = await readQuickly(path);
      if (quick && quick.times.length > 0) return quick;
      return (await slow.read(path, signal)) ?? quick;
    },
  };
}

/** The reader of exifr: its types hide the open file, and its CommonJS build has only the default export. */
type Reading = Exifr & { readonly file?: { close?(): Promise<void> } };

async function readQuickly(path: string): Promise<Head | undefined> {
  const { default: exifr } = await import('exifr');
  const reading: Reading = new (exifr.Exifr as unknown as typeof Exifr)(OPTIONS);
  try {
    await reading.read(path);
    const segments = (await reading.parse()) as Segments | undefined;
    return segments && headOf(segments);
  } catch {
    return undefined; // not a format it knows, or damaged: then there is nothing to be learnt from it
  } finally {
    await reading.file?.close?.(); // which it forgets for files it does not understand
  }
}

/** Puts exifr's segments into our terms. */
export function headOf({
  ifd0 = {},
  exif = {},
  gps = {},
  xmp = {},
  photoshop = {},
  dc = {},
  iptc = {},
}: Segments): Head {
  const position = positionOf(gps);
  return {
    times: timesOf(exif, gps, xmp, photoshop),
    ...position,
    ...optional('camera', cameraOf(ifd0, exif)),
    ...optional('title', text(dc['title']) ?? iptcText(iptc['ObjectName'])),
    ...optional('caption', text(dc['description']) ?? iptcText(iptc['Caption']) ?? text(ifd0['ImageDescription'])),
    ...optional('keywords', keywordsOf(dc['subject'], text) ?? keywordsOf(iptc['Keywords'], iptcText)),
  };
}

/** In the order of trust. OffsetTime belongs to ModifyDate and says nothing about these. */
function timesOf(exif: Tags, gps: Tags, xmp: Tags, photoshop: Tags): FoundTime[] {
  const time = (from: string, value: unknown, offset?: unknown): FoundTime[] =>
    text(value) === undefined ? [] : [{ from, text: text(value) as string, ...optional('offset', text(offset)) }];
  return [
    ...time('DateTimeOriginal', exif['DateTimeOriginal'], exif['OffsetTimeOriginal']),
    ...time('CreateDate', exif['CreateDate'], exif['OffsetTimeDigitized']),
    ...gpsTime(gps),
    ...time('XMP-photoshop:DateCreated', photoshop['DateCreated']),
    ...time('XMP-xmp:CreateDate', xmp['CreateDate']),
  ];
}

function gpsTime({ GPSDateStamp: date, GPSTimeStamp: time }: Tags): FoundTime[] {
  const parts = Array.isArray(time) ? time : String(time ?? '').split(':');
  if (typeof date !== 'string' || parts.length !== 3) return [];
  const clock = parts.map((part) => String(Math.floor(Number(part))).padStart(2, '0')).join(':');
  return [{ from: 'GPSDateTime', text: `${date} ${clock}`, utc: true }];
}

function positionOf({ latitude, longitude, GPSAltitude: altitude, GPSAltitudeRef: reference }: Tags) {
  const isPlace = isWithin(latitude, 90) && isWithin(longitude, 180) && !(latitude === 0 && longitude === 0);
  if (!isPlace) return {}; // 0, 0 is what a receiver without a fix writes
  const sign = (reference instanceof Uint8Array ? reference[0] : reference) === 1 ? -1 : 1;
  return { latitude, longitude, ...(isWithin(altitude, 1e5) && { altitude: sign * altitude }) };
}

const isWithin = (value: unknown, bound: number): value is number =>
  typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= bound;

function cameraOf(ifd0: Tags, exif: Tags): string | undefined {
  const [make, model] = [text(ifd0['Make']), text(ifd0['Model'])];
  const serial = text(exif['BodySerialNumber']) ?? text(exif['SerialNumber']);
  // Many models repeat the make: "Canon Canon EOS 350D".
  const name = model?.toLowerCase().startsWith((make ?? '').toLowerCase().split(' ')[0] ?? '')
    ? [model]
    : [make, model];
  return [...name, serial].filter((part) => part !== undefined).join(' ') || undefined;
}

function keywordsOf(value: unknown, read: (value: unknown) => string | undefined): string[] | undefined {
  const words = (Array.isArray(value) ? value : [value]).map(read).filter((word) => word !== undefined);
  return words.length > 0 ? words : undefined;
}

/** XMP texts in several languages come as objects, the default one first. */
function text(value: unknown): string | undefined {
  if (Array.isArray(value)) return text(value[0]);
  if (typeof value === 'object' && value !== null && 'value' in value) return text(value.value);
  const trimmed =
    typeof value === 'string' || typeof value === 'number' ? String(value).replace(/\0+$/, '').trim() : '';
  return trimmed === '' ? undefined : trimmed;
}

/** exifr reads IPTC as Latin-1; nearly all of it is UTF-8, and what is not does not decode as such. */
function iptcText(value: unknown): string | undefined {
  const read = text(value);
  if (read === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(read, 'latin1'));
  } catch {
    return read;
  }
}

const optional = <Key extends string, Value>(key: Key, value: Value | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [name in Key]?: Value };
