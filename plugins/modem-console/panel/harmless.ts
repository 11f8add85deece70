/**
 * Makes what a serial line says fit to be shown in a terminal emulator: text, line ends, colours and the cursor moves of
 * a shell pass; everything else is made visible. What is left has no sequence the emulator would answer (device
 * attributes, reports), no title, no clipboard, and nothing that swallows text until a terminator that never comes.
 */

const ESCAPE = '\x1b';
/** What may follow an escape: cursor moves, erasing, inserting and deleting, colours. */
const DRAWING = /^\[[0-9;]{0,24}[ABCDGHJKLMPX@m]$/;
/** What may become that. */
const BEGINNING = /^(\[[0-9;]{0,24})?$/;
/** True colours are set as inline styles, which the page's policy forbids. */
const TRUE_COLOUR = /[34]8;2/;

export class Harmless {
  readonly #decoder = new TextDecoder('utf-8');
  /** What came after an escape; undefined outside of a sequence. */
  #sequence: string | undefined;

  /** @param bytes as they came, cut anywhere */
  take(bytes: Uint8Array): string {
    let shown = '';
    for (const character of this.#decoder.decode(bytes, { stream: true })) shown += this.#show(character);
    return shown;
  }

  #show(character: string): string {
    const begun = this.#sequence;
    if (begun === undefined) {
      if (character !== ESCAPE) return visible(character);
      this.#sequence = '';
      return '';
    }
    const sequence = begun + character;
    if (BEGINNING.test(sequence)) {
      this.#sequence = sequence;
      return '';
    }
    this.#sequence = undefined;
    if (DRAWING.test(sequence)) return TRUE_COLOUR.test(sequence) ? '' : ESCAPE + sequence;
    // The last character may begin another sequence.
    return visible(ESCAPE) + begun + this.#show(character);
  }
}

/** Control characters as their pictures, but for those that every console uses. */
function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if ('\n\r\t\b'.includes(character)) return character;
  if (code === 0 || code === 7) return '';
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return code >= 0x80 && code < 0xa0 ? '\ufffd' : character;
}
