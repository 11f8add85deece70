/** How a piece of a console line looks. Colours are indices of the sixteen of ECMA-48 and its bright half. */
export interface Look {
  readonly foreground?: number;
  readonly background?: number;
  readonly bold?: true;
  readonly dim?: true;
  readonly italic?: true;
  readonly underline?: true;
  readonly strike?: true;
  readonly inverse?: true;
}

export interface Piece {
  readonly text: string;
  readonly look: Look;
}

export const PLAIN: Look = {};

/**
 * Escape sequences of ECMA-48 and their ends: CSI (`ESC [ ... m`), strings such as titles and links (OSC, DCS, SOS, PM,
 * APC up to BEL or ST), two-character ones. An unfinished one swallows the rest of its line, never more.
 */
const ESCAPE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /(?:\x1b\[|\x9b)([0-?]*)[ -/]*(?:([@-~])|$)|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]).*?(?:\x07|\x1b\\|\x9c|$)|\x1b[ -/]*(?:[0-~]|$)/gsu;

/**
 * A line of console output as text with looks: colours and styles are kept, everything else a terminal would obey is
 * dropped or made visible. Nothing of it is markup: whoever draws it sets it as text.
 *
 * @param look how the line before ended; sequences hold over lines
 */
export function renderAnsi(line: string, look: Look = PLAIN): { readonly pieces: Piece[]; readonly look: Look } {
  const pieces: Piece[] = [];
  const add = (raw: string) => {
    const text = visible(raw);
    if (text !== '') pieces.push({ text, look });
  };
  let from = 0;
  const written = overwritten(line);
  for (const found of written.matchAll(ESCAPE)) {
    add(written.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[2] === 'm') look = changed(look, found[1] ?? '');
  }
  add(written.slice(from));
  return { pieces, look };
}

/** The same without looks, to search in and to copy. */
export const plainText = (line: string): string =>
  renderAnsi(line)
    .pieces.map(({ text }) => text)
    .join('');

/** What progress bars leave on the line: what was written after the last return to its start. */
function overwritten(line: string): string {
  const end = line.replace(/\r+$/, '');
  return end.slice(end.lastIndexOf('\r') + 1);
}

/**
 * Control characters as their pictures (U+2400 on), except tabs; characters that would turn the order of the text
 * around, so that code reads as what it is not, as their numbers.
 */
function visible(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      .replace(/[\x00-\x08\x0a-\x1f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)))
      .replace(/[\x7f-\x9f]/g, '\u2421')
      .replace(
        /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
        (character) => `<U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`,
      )
  );
}

type Style = 'bold' | 'dim' | 'italic' | 'underline' | 'strike' | 'inverse';
const ON: Readonly<Record<number, Style>> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  9: 'strike',
  21: 'underline',
};
const OFF: Readonly<Record<number, readonly (keyof Look)[]>> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  29: ['strike'],
  39: ['foreground'],
  49: ['background'],
};

/** Select Graphic Rendition (ECMA-48, 8.3.117) applied to a look. */
function changed(before: Look, parameters: string): Look {
  // Both forms of extended colours are in use: 38;5;1 and 38:5:1 (ISO 8613-6), the latter with an empty colour space.
  const codes = parameters.split(/[;:]/).map((each) => (each === '' ? 0 : Number(each)));
  let look = before;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index]!;
    const on = ON[code];
    const off = OFF[code];
    if (code === 0) look = PLAIN;
    else if (on) look = { ...look, [on]: true };
    else if (off) look = without(look, off);
    else if (code === 38 || code === 48) {
      const { colour, used } = extended(codes.slice(index + 1));
      if (colour !== undefined) look = { ...look, [code === 38 ? 'foreground' : 'background']: colour };
      index += used;
    } else {
      const named = namedColour(code);
      if (named) look = { ...look, ...named };
    }
  }
  return look;
}

function without(look: Look, keys: readonly (keyof Look)[]): Look {
  return Object.fromEntries(Object.entries(look).filter(([key]) => !keys.includes(key as keyof Look)));
}

function namedColour(code: number): Look | undefined {
  if (code >= 30 && code <= 37) return { foreground: code - 30 };
  if (code >= 40 && code <= 47) return { background: code - 40 };
  if (code >= 90 && code <= 97) return { foreground: code - 82 };
  if (code >= 100 && code <= 107) return { background: code - 92 };
  return undefined;
}

/** `5;n` or `2;r;g;b` as the nearest of the sixteen, which can be read in light and dark. */
function extended([kind, ...rest]: readonly number[]): { colour?: number; used: number } {
  const [first = 0, second = 0, third = 0] = rest;
  if (kind === 5) return { colour: ofPalette(first), used: 2 };
  if (kind === 2) return { colour: nearest(first, second, third), used: 4 };
  return { used: 1 };
}

/** xterm's 256: the sixteen, a cube of 6 by 6 by 6, 24 greys. */
function ofPalette(index: number): number {
  if (index < 16) return index;
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return nearest(grey, grey, grey);
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

/** By which of red, green and blue stand out, so that the hue stays what it was; the brightest becomes a bright one. */
function nearest(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  if (most - least < 40) return most < 64 ? 0 : most < 160 ? 8 : most < 224 ? 7 : 15;
  const middle = (most + least) / 2;
  const hue = (red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0);
  return most > 215 ? hue + 8 : hue;
}
