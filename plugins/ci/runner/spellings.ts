/** Shorter fragments would mask half the log. */
const MIN_ENCODED = 4;
const MIN_PIECE = 8;

/** Every text that gives a secret away. */
export function spellings(secret: string): string[] {
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
