import type { ImageHeader } from './boot.ts';

const EMPTY_HEADER: ImageHeader = {
  signature: null,
  control: null,
  major: null,
  minor: null,
  built: null,
  length: null,
  load_address: null,
  filename: null,
  hcs: null,
  crc: null,
};

type Field = { readonly pattern: RegExp; readonly read: (match: RegExpExecArray) => Partial<ImageHeader> };

const hexField = (label: string, digits: number, key: 'signature' | 'control' | 'load_address' | 'hcs' | 'crc') => ({
  pattern: new RegExp(`(?:^|\\s)${label}: ([\\da-f]{${digits}})$`, 'i'),
  read: ([, value = '']: RegExpExecArray) => ({ [key]: value }),
});
/** Revisions are printed in hex: 0017 is 23. */
const revisionField = (label: string, key: 'major' | 'minor') => ({
  pattern: new RegExp(`(?:^|\\s)${label}: ([\\da-f]{4})$`, 'i'),
  read: ([, value = '']: RegExpExecArray) => ({ [key]: Number.parseInt(value, 16) }),
});

/** In the order printed. */
const FIELDS: readonly Field[] = [
  hexField('Signature', 4, 'signature'),
  hexField('Control', 4, 'control'),
  revisionField('Major Rev', 'major'),
  revisionField('Minor Rev', 'minor'),
  {
    pattern: /(?:^|\s)Build Time: (\d{4})\/(\d{1,2})\/(\d{1,2}) (\d\d:\d\d:\d\d) Z$/,
    read: ([, year = '', month = '', day = '', time = '']) => ({ built: isoTime(year, month, day, time) }),
  },
  { pattern: /(?:^|\s)File Length: (\d+) bytes$/, read: ([, length]) => ({ length: Number(length) }) },
  hexField('Load Address', 8, 'load_address'),
  { pattern: /(?:^|\s)Filename: (\S.*)$/, read: ([, filename = '']) => ({ filename }) },
  hexField('HCS', 4, 'hcs'),
  hexField('CRC', 8, 'crc'),
];

const TITLE = /^\s*Image (\d{1,2}) Program Header:$/;

export const isImageTitle = (text: string): boolean => TITLE.test(text);
const FOUND = /(?<!\w)Found image (\d{1,2}) at offset ([\da-f]+)$/i;

interface Block {
  /** `undefined` where the title was lost; the "Found image" line after it may tell. */
  readonly index: number | undefined;
  /** Place of the last field read; -1 before the first. */
  readonly last: number;
  readonly header: ImageHeader;
}

/** Program headers as they are printed, maybe several times over: the last block of each image counts. */
export class ImageBlocks {
  readonly headers = new Map<number, ImageHeader>();
  readonly offsets = new Map<number, number>();
  #block: Block | undefined;

  /** True where the line belongs to a header. */
  take(text: string): boolean {
    const title = TITLE.exec(text);
    if (title) {
      this.#block = { index: Number(title[1]), last: -1, header: EMPTY_HEADER };
      return true;
    }
    const found = FOUND.exec(text);
    if (found) {
      this.#close(Number(found[1]), Number.parseInt(found[2] ?? '', 16));
      return true;
    }
    return this.#takeField(text);
  }

  #takeField(text: string): boolean {
    for (const [place, { pattern, read }] of FIELDS.entries()) {
      const match = pattern.exec(text);
      if (!match) continue;
      const header = read(match);
      // A field that comes again belongs to a block whose title was lost, unless the line itself came twice.
      const fresh = !this.#block || place < this.#block.last || (place === this.#block.last && !this.#has(header));
      const block: Block = fresh || !this.#block ? { index: undefined, last: -1, header: EMPTY_HEADER } : this.#block;
      this.#block = { ...block, last: place, header: { ...block.header, ...header } };
      if (this.#block.index !== undefined) this.headers.set(this.#block.index, this.#block.header);
      return true;
    }
    return false;
  }

  #has(part: Partial<ImageHeader>): boolean {
    const header: ImageHeader | undefined = this.#block?.header;
    return Object.entries(part).every(([key, value]) => header?.[key as keyof ImageHeader] === value);
  }

  #close(index: number, offset: number): void {
    if (this.#block && this.#block.index === undefined) this.headers.set(index, this.#block.header);
    if (!this.headers.has(index)) this.headers.set(index, EMPTY_HEADER);
    this.offsets.set(index, offset);
    this.#block = undefined;
  }
}

function isoTime(year: string, month: string, day: string, time: string): string | null {
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}T${time}Z`;
  // A digit that was lost or changed on the wire can make a day that no calendar has.
  const parsed = Date.parse(iso);
  return Number.isNaN(parsed) || new Date(parsed).toISOString() !== iso.replace('Z', '.000Z') ? null : iso;
}
