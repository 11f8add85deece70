const MASK = Buffer.from('***');
/** Shorter fragments would mask half the log. */
const MIN_ENCODED = 4;
const MIN_PIECE = 8;

interface Range {
  start: number;
  end: number;
}

/** Replaces secrets in a stream of bytes, in whatever encoding and however they are cut between chunks. */
export class Masker {
  private readonly needles: readonly Buffer[];
  private readonly longest: number;
  /** Bytes that could be the beginning of a secret, held back until more come. */
  private held: Buffer = Buffer.alloc(0);
  /** How many of them belong to a secret already masked, which overlaps what may begin there. */
  private covered = 0;

  constructor(secrets: Iterable<string>) {
    const texts = new Set([...secrets].flatMap(spellings));
    this.needles = [...texts].map((text) => Buffer.from(text)).filter((needle) => needle.length > 0);
    this.longest = Math.max(0, ...this.needles.map((needle) => needle.length));
  }

  push(chunk: Buffer): Buffer {
    if (this.needles.length === 0) return chunk;
    const bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    return this.emit(bytes, this.heldFrom(bytes));
  }

  /** What is held back when the stream ends. */
  flush(): Buffer {
    return this.emit(this.held, this.held.length);
  }

  /** A whole text, such as a message. */
  static mask(text: string, secrets: Iterable<string>): string {
    const masker = new Masker(secrets);
    return Buffer.concat([masker.push(Buffer.from(text)), masker.flush()]).toString();
  }

  private emit(bytes: Buffer, until: number): Buffer {
    const ranges = this.find(bytes);
    const parts: Buffer[] = [];
    let at = 0;
    for (const { start, end } of ranges) {
      if (start >= until) break;
      parts.push(bytes.subarray(at, start));
      if (start > 0 || this.covered === 0) parts.push(MASK);
      at = Math.min(end, until);
    }
    parts.push(bytes.subarray(at, until));
    const last = ranges.findLast(({ start, end }) => start < until && end > until);
    this.covered = last ? last.end - until : 0;
    this.held = Buffer.from(bytes.subarray(until));
    return Buffer.concat(parts);
  }

  /** Where secrets lie, those that overlap or touch as one. */
  private find(bytes: Buffer): Range[] {
    const found: Range[] = this.covered > 0 ? [{ start: 0, end: this.covered }] : [];
    for (const needle of this.needles) {
      for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
        found.push({ start: at, end: at + needle.length });
      }
    }
    found.sort((one, other) => one.start - other.start);
    const merged: Range[] = [];
    for (const range of found) {
      const previous = merged.at(-1);
      if (previous && range.start <= previous.end) previous.end = Math.max(previous.end, range.end);
      else merged.push({ ...range });
    }
    return merged;
  }

  /** Index from which on the bytes could begin a secret that is not all there. */
  private heldFrom(bytes: Buffer): number {
    for (let at = Math.max(0, bytes.length - this.longest + 1); at < bytes.length; at++) {
      const length = bytes.length - at;
      const isBeginning = this.needles.some(
        (needle) => needle.length > length && bytes.compare(needle, 0, length, at) === 0,
      );
      if (isBeginning) return at;
    }
    return bytes.length;
  }
}

/** Every text that gives a secret away. */
function spellings(secret: string): string[] {
  if (secret === '') return [];
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= MIN_PIECE);
  return [secret, secret.trim(), ...lines].filter((text) => text !== '').flatMap(encodings);
}

function encodings(text: string): string[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const spaced = [1, 2].flatMap((width) => [' ', ':'].map((by) => grouped(hex, width * 2, by)));
  const percent = encodeURIComponent(text);
  // Forms also encode what encodeURIComponent leaves alone.
  const form = new URLSearchParams({ _: text }).toString().slice(2);
  const everyPercent = hex.replaceAll(/../g, '%$&');
  const encoded = [
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
    // Tools break lines: base64 after 76 characters, xxd -p after 60, od and xxd after 16 bytes.
    ...pieces(bytes.toString('base64'), 76),
    ...pieces(hex, 60),
    ...pieces(hex, 32).flatMap((piece) => [grouped(piece, 2, ' '), grouped(piece, 4, ' ')]),
    hex,
    ...spaced,
    percent,
    form,
    encodeURI(text),
    everyPercent,
    JSON.stringify(text).slice(1, -1),
    ...shellSpellings(text),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  ].filter((spelling) => spelling.length >= MIN_ENCODED);
  const otherCase = [hex, ...spaced, everyPercent, ...pieces(hex, 60)].map((spelling) => spelling.toUpperCase());
  const lowerPercent = [percent, form].map((spelling) => spelling.replaceAll(/%../g, (byte) => byte.toLowerCase()));
  return [
    text,
    ...encoded,
    ...lowerPercent,
    form.replaceAll('+', '%20'),
    ...otherCase.filter((spelling) => spelling.length >= MIN_ENCODED),
  ];
}

/**
 * The base64 of bytes that stand `offset` bytes after a multiple of three in whatever is encoded, as far as it does not
 * depend on what stands beside them; of both alphabets.
 */
function base64At(bytes: Buffer, offset: number): string[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor((padded.length * 8) / 6);
  return (['base64', 'base64url'] as const).map((alphabet) => padded.toString(alphabet).slice(first, last));
}

/** As shells write a word: in single quotes, with backslashes, and as `set -x` and `printf %q` do with odd characters. */
function shellSpellings(text: string): string[] {
  const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', "'": "\\'", '\\': '\\\\' };
  return [
    text.replaceAll("'", String.raw`'\''`),
    text.replaceAll("'", `'"'"'`),
    text.replaceAll(/[^A-Za-z0-9_@%+=:,./-]/g, (character) => `\\${character}`),
    text.replaceAll(/["$`\\]/g, (character) => `\\${character}`),
    text.replaceAll(/[\n\t\r'\\]/g, (character) => escapes[character] ?? character),
  ];
}

function grouped(hex: string, digits: number, by: string): string {
  return (hex.match(new RegExp(`.{1,${digits}}`, 'g')) ?? []).join(by);
}

function pieces(text: string, length: number): string[] {
  if (text.length <= length) return [];
  return (text.match(new RegExp(`.{1,${length}}`, 'g')) ?? []).filter((piece) => piece.length >= MIN_PIECE);
}
