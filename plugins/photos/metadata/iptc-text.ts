import type { Tags } from './description.ts';

/** True where the file's IPTC states that its texts are UTF-8 (1:90 is `ESC % G`). */
export const declaresUtf8 = (tags: Tags): boolean => String(tags['IPTC:CodedCharacterSet'] ?? '').endsWith('%G');

/**
 * A text of IPTC that states no character set, as a reader that took it for Latin-1 or Windows-1252 gives it: where its
 * bytes are UTF-8, as most programs write without saying so, it is read again as that.
 */
export function fromIptcBytes(text: string): string {
  const bytes = Buffer.from(Array.from(text, (character) => BYTES.get(character) ?? character.charCodeAt(0)));
  const decoded = bytes.toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}

/** True where `fromIptcBytes` changes something: the bytes are UTF-8, and more than ASCII. */
export const isUndeclaredUtf8 = (text: string): boolean => fromIptcBytes(text) !== text;

/** What Windows-1252 has at 0x80 to 0x9f; Node's own decoder of that name decodes Latin-1 there in some versions. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const BYTES = new Map(Array.from(WINDOWS_1252, (character, index) => [character, 0x80 + index]));
