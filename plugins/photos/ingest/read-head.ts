import type { Exifr } from 'exifr';
import { sidecarOf } from '../metadata/companions.ts';
import { describeHead } from '../metadata/description.ts';
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
type Segments = Readonly<Record<string, Tags>>;

/**
 * Reads what a file tells of itself: with exifr, which takes half a millisecond, and where that finds no capture time
 * (videos, most RAW formats) or cannot tell which of two texts is the newer, with `slow`. What stands in the sidecar of a
 * file that is not written in place comes first.
 */
export function openHeadReader(slow: HeadReader): HeadReader {
  const readOwn = async (path: string, signal?: AbortSignal) => {
    const segments = await readQuickly(path);
    const quick = segments && headOf(segments);
    if (quick && quick.times.length > 0 && describeHead(segments) !== undefined) return quick;
    return (await slow.read(path, signal)) ?? quick;
  };
  return {
    async read(path, signal) {
      const sidecar = await sidecarOf(path);
      const own = await readOwn(path, signal);
      const beside = sidecar === undefined ? undefined : await slow.read(sidecar, signal);
      return beside ? { ...own, ...beside, times: [...beside.times, ...(own?.times ?? [])] } : own;
    },
  };
}

/** The reader of exifr: its types hide the open file, and its CommonJS build has only the default export. */
type Reading = Exifr & { readonly file?: { close?(): Promise<void> } };

async function readQuickly(path: string): Promise<Segments | undefined> {
  const { default: exifr } = await import('exifr');
  const reading: Reading = new (exifr.Exifr as unknown as typeof Exifr)(OPTIONS);
  try {
    await reading.read(path);
    return (await reading.parse()) as Segments | undefined;
  } catch {
    return undefined; // not a format it knows, or damaged: then there is nothing to be learnt from it
  } finally {
    await reading.file?.close?.(); // which it forgets for files it does not understand
  }
}

/** Puts exifr's segments into our terms. */
function headOf(segments: Segments): Head {
  const { ifd0 = {}, exif = {}, gps = {}, xmp = {}, photoshop = {} } = segments;
  const serial = text(exif['BodySerialNumber']) ?? text(exif['SerialNumber']);
  return {
    times: timesOf(exif, gps, xmp, photoshop),
    ...optional('camera', cameraName(text(ifd0['Make']), text(ifd0['Model']), serial)),
    ...describeHead(segments),
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

/** One name for a camera; many models repeat the make: "Canon Canon EOS 350D". */
export function cameraName(make?: string, model?: string, serial?: string): string | undefined {
  const name = model?.toLowerCase().startsWith((make ?? '').toLowerCase().split(' ')[0] ?? '')
    ? [model]
    : [make, model];
  return [...name, serial].filter((part) => part !== undefined).join(' ') || undefined;
}

function text(value: unknown): string | undefined {
  const trimmed =
    typeof value === 'string' || typeof value === 'number' ? String(value).replace(/\0+$/, '').trim() : '';
  return trimmed === '' ? undefined : trimmed;
}

const optional = <Key extends string, Value>(key: Key, value: Value | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [name in Key]?: Value };
