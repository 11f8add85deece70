import { endingOf, kindOf } from './kinds.ts';

/** Bytes of a name on every common file system. */
const LONGEST = 255;
/** Enough for `-99999`. */
const SUFFIX_BYTES = 6;

/** A name in two parts; a suffix goes between them. */
export interface SplitName {
  /** What members of one group share, but for its case: `IMG_1` of `IMG_1.JPG.XMP`. */
  readonly stem: string;
  /** The rest, with its dot: `.JPG.XMP`. */
  readonly rest: string;
}

/**
 * Makes a name from a card fit for any disk: NFC, no control characters, nothing that Windows, FAT or SMB refuse, not
 * hidden, at most 255 bytes with a suffix. The name of a normal photo stays as it is.
 */
export function safeName(name: string): string {
  const clean = name
    .normalize('NFC')
    // Control characters, U+FFFD for bytes that are no text, and what turns the direction of writing around.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .replace(/[\u0000-\u001f\u007f-\u009f\ufffd\u200e\u200f\u202a-\u202e\u2066-\u2069/\\:*?"<>|]/g, '_')
    .replace(/[. ]+$/, '')
    .replace(/^\.+/, '_');
  const ending = endingOf(clean);
  const tail = ending === '' || ending.length > 20 ? '' : clean.slice(-ending.length - 1);
  const body = clean.slice(0, clean.length - tail.length);
  return `${cutBytes(body, LONGEST - SUFFIX_BYTES - Buffer.byteLength(tail)) || '_'}${tail}`;
}

/** Splits a name where a suffix belongs; `IMG_1.XMP` and `IMG_1.JPG.XMP` both belong to `IMG_1`. */
export function splitName(name: string): SplitName {
  const ending = endingOf(name);
  let stem = ending === '' ? name : name.slice(0, -ending.length - 1);
  if (ending === 'xmp' && kindOf(stem) !== undefined) stem = stem.slice(0, -endingOf(stem).length - 1);
  // Sony's C0001.MP4 comes with C0001M01.XML.
  if (ending === 'xml') stem = stem.replace(/M\d\d$/i, '');
  return { stem, rest: name.slice(stem.length) };
}

/** `P1010001-1.JPG` for suffix 1; 0 leaves the name as it is. */
export const withSuffix = ({ stem, rest }: SplitName, suffix: number): string =>
  suffix === 0 ? `${stem}${rest}` : `${stem}-${suffix}${rest}`;

/** Equal for names that some disk takes for the same. */
export const foldName = (name: string): string => name.normalize('NFC').toLowerCase();

function cutBytes(text: string, bytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > bytes) cut = [...cut].slice(0, -1).join('');
  return cut;
}
