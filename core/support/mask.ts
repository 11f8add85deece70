/** Shown where a secret stood. */
const MASK = '•••';

/** Shorter values would hide innocent text everywhere; no service hands out keys this short. */
const SHORTEST = 4;

/** Answers a function that hides every value in a text, whichever way it was encoded on its road there. */
export function createMask(values: readonly string[]): (text: string) => string {
  const forms = new Set(values.filter((value) => value.length >= SHORTEST).flatMap(encodings));
  if (forms.size === 0) return (text) => text;
  // Longest first, so that no part of a longer form is left standing beside the mask.
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
  return (text) => text.replace(pattern, MASK);
}

function encodings(value: string): string[] {
  const percent = encodeURIComponent(value);
  const form = new URLSearchParams([['', value]]).toString().slice(1);
  const urls = [percent, form].flatMap((text) => [
    text,
    text.replace(/%../g, (code) => code.toLowerCase()),
    // A URL inside a URL.
    encodeURIComponent(text),
  ]);
  const base64 = [0, 1, 2].flatMap((offset) => base64Core(value, offset));
  return [value, JSON.stringify(value).slice(1, -1), ...urls, ...base64].filter((text) => text.length >= SHORTEST);
}

/**
 * Base64 works on groups of three bytes, so `user:secret` shows the secret in one of three ways. Answers the characters
 * that stand for nothing but the secret when `offset` bytes stand before it in its group, in both alphabets.
 */
function base64Core(value: string, offset: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]);
  const core = bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
}
