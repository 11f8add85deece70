import { declaresUtf8, fromIptcBytes } from './iptc-text.ts';
import { isOnGlobe, type Position } from './position.ts';

/** What people said of a photo. An absent field is not there; a text is never empty. */
export interface Description {
  readonly title?: string;
  readonly caption?: string;
  readonly keywords?: readonly string[];
  readonly latitude?: Position['latitude'];
  readonly longitude?: Position['longitude'];
  readonly altitude?: number;
}

/** One text as the three kinds of metadata in a file have it. */
interface Texts {
  readonly exif?: string | undefined;
  readonly iptc?: string | undefined;
  readonly xmp?: string | undefined;
}

/**
 * Is the IPTC what its last writer left beside the XMP? `changed`: a program that knows no XMP has written it since;
 * `unknown`: the digest was not looked at.
 */
type IptcState = 'in_step' | 'changed' | 'unknown';

/**
 * Values as ExifTool prints them with `-G1 -n -json`, which is how `readTags` asks.
 * @example describeTags({ 'XMP-dc:Title': 'Tower', 'Composite:GPSLatitude': 48.8583, 'Composite:GPSLongitude': 2.2945 })
 */
export type Tags = Readonly<Record<string, unknown>>;

/** The description in ExifTool's tags, by the reading rules of the Metadata Working Group. */
export function describeTags(tags: Tags): Description {
  const [stored, current] = [tags['Photoshop:IPTCDigest'], tags['File:CurrentIPTCDigest']];
  const state: IptcState = stored === undefined || current === undefined || stored === current ? 'in_step' : 'changed';
  const isUtf8 = declaresUtf8(tags);
  const first = (...names: string[]) => names.map((name) => textOf(tags[name])).find((text) => text !== undefined);
  return describe(
    {
      title: {
        iptc: iptcText(tags['IPTC:ObjectName'], isUtf8),
        xmp: first('XMP-dc:Title', 'Keys:Title', 'IFD0:XPTitle'),
      },
      caption: {
        exif: captionOf(tags['IFD0:ImageDescription']),
        iptc: iptcText(tags['IPTC:Caption-Abstract'], isUtf8),
        xmp: first('XMP-dc:Description', 'Keys:Description'),
      },
      iptcKeywords: listOf(tags['IPTC:Keywords']).map((word) => (isUtf8 ? word : fromIptcBytes(word))),
      xmpKeywords: listOf(tags['XMP-dc:Subject']),
      position: toPosition(
        tags['Composite:GPSLatitude'],
        tags['Composite:GPSLongitude'],
        tags['Composite:GPSAltitude'],
      ),
    },
    state,
  ) as Description;
}

/** What exifr answers with `mergeOutput: false, reviveValues: false, translateValues: false, iptc: true, xmp: true`. */
export interface HeadSegments {
  readonly ifd0?: Tags;
  readonly gps?: Tags;
  readonly iptc?: Tags;
  readonly dc?: Tags;
}

/**
 * The description in what exifr read, or `undefined` where IPTC and XMP disagree: only the digest tells which is the
 * newer, and exifr does not know it. Then ask ExifTool.
 */
export function describeHead({ ifd0 = {}, gps = {}, iptc = {}, dc = {} }: HeadSegments): Description | undefined {
  const height = toNumber(gps['GPSAltitude']);
  const isBelow = gps['GPSAltitudeRef'] === 1 || (gps['GPSAltitudeRef'] as Uint8Array | undefined)?.[0] === 1;
  return describe(
    {
      title: { iptc: iptcText(iptc['ObjectName']), xmp: xmpText(dc['title']) },
      caption: {
        exif: captionOf(ifd0['ImageDescription']),
        iptc: iptcText(iptc['Caption']),
        xmp: xmpText(dc['description']),
      },
      iptcKeywords: listOf(iptc['Keywords']).map(fromIptcBytes),
      xmpKeywords: listOf(dc['subject']).map(fromXml),
      position: toPosition(gps['latitude'], gps['longitude'], isBelow && height !== undefined ? -height : height),
    },
    'unknown',
  );
}

interface Found {
  readonly title: Texts;
  readonly caption: Texts;
  readonly iptcKeywords: readonly string[];
  readonly xmpKeywords: readonly string[];
  readonly position: Position | undefined;
}

function describe(found: Found, state: IptcState): Description | undefined {
  const { position, iptcKeywords, xmpKeywords } = found;
  const [title, caption] = [choose(found.title, state), choose(found.caption, state)];
  const hasBoth = iptcKeywords.length > 0 && xmpKeywords.length > 0;
  const agree = !hasBoth || isSameList(iptcKeywords, xmpKeywords);
  if (title === null || caption === null || (!agree && state === 'unknown')) return undefined;
  const isIptcNewer = state === 'changed' && iptcKeywords.length > 0 && !agree;
  const keywords = isIptcNewer || xmpKeywords.length === 0 ? iptcKeywords : xmpKeywords;
  return {
    ...(title !== undefined && { title }),
    ...(caption !== undefined && { caption }),
    ...(keywords.length > 0 && { keywords }),
    ...position,
  };
}

/** EXIF, then XMP unless the IPTC was changed after it, then IPTC; `null`: it takes the digest to tell. */
function choose({ exif, iptc, xmp }: Texts, state: IptcState): string | undefined | null {
  if (exif !== undefined) return exif;
  // An IPTC text is cut at its dataset's length: XMP that goes on from there is the whole of it.
  if (iptc === undefined || xmp === undefined || xmp.startsWith(iptc)) return xmp ?? iptc;
  if (state === 'unknown') return null;
  return state === 'changed' ? iptc : xmp;
}

const isSameList = (iptc: readonly string[], xmp: readonly string[]): boolean =>
  iptc.length === xmp.length && iptc.every((word, index) => xmp[index]?.startsWith(word));

/** What cameras put into ImageDescription by themselves. */
const CAMERA_CAPTION =
  /^(olympus digital camera|minolta digital camera|sony dsc|digital camera|samsung|kodak digital still camera|default|exif_jpeg_picture|dcim\W.*|[^\p{L}\p{N}]*)$/iu;

function captionOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined || CAMERA_CAPTION.test(text) ? undefined : text;
}

function textOf(value: unknown): string | undefined {
  const text =
    typeof value === 'number' ? String(value) : typeof value === 'string' ? value.replace(/\0+$/, '').trim() : '';
  return text === '' ? undefined : text;
}

const listOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).map(textOf).filter((text) => text !== undefined);

function iptcText(value: unknown, isUtf8 = false): string | undefined {
  const text = textOf(value);
  return text === undefined || isUtf8 ? text : fromIptcBytes(text);
}

/** exifr leaves XML entities as they stand. */
const fromXml = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(amp|lt|gt|quot|apos));/gi, (_, decimal, hex, name) =>
    name === undefined
      ? String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
      : (ENTITIES[name.toLowerCase()] as string),
  );
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** A language alternative: the default text of `{lang, value}`, of a list of them, or a plain text. */
function xmpText(value: unknown): string | undefined {
  const alternatives = (Array.isArray(value) ? value : [value]) as ({ lang?: string; value?: unknown } | unknown)[];
  const isDefault = (one: unknown) => (one as { lang?: string } | undefined)?.lang === 'x-default';
  const chosen = alternatives.find(isDefault) ?? alternatives[0];
  const text = textOf(typeof chosen === 'object' && chosen !== null ? (chosen as { value?: unknown }).value : chosen);
  return text === undefined ? undefined : fromXml(text);
}

/** No position at 0, 0: receivers without a fix write it, and there is only sea. */
function toPosition(north: unknown, east: unknown, height: unknown): Position | undefined {
  const [latitude, longitude, altitude] = [north, east, height].map(toNumber);
  if (latitude === undefined || longitude === undefined || (latitude === 0 && longitude === 0)) return undefined;
  if (!isOnGlobe({ latitude, longitude })) return undefined;
  return { latitude, longitude, ...(altitude !== undefined && { altitude }) };
}

const toNumber = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
