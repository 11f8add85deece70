import xterm from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Harmless } from '../../../plugins/modem-console/panel/harmless.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const show = (...chunks: Uint8Array[]) => {
  const harmless = new Harmless();
  return chunks.map((chunk) => harmless.take(chunk)).join('');
};

/** What a real emulator answers to a text. */
async function answersTo(text: string): Promise<string> {
  const terminal = new xterm.Terminal({ allowProposedApi: true });
  let answers = '';
  terminal.onData((data) => {
    answers += data;
  });
  await new Promise<void>((resolve) => terminal.write(text, resolve));
  terminal.dispose();
  return answers;
}

describe('what the terminal is shown', () => {
  it('keeps text, colours and the moves of a shell', () => {
    const text = 'a\tb\r\n\x1b[1;32mok\x1b[0m\x1b[K\x1b[2J\x1b[5;10H\x1b[38;5;120mx\b';
    expect(show(bytes(text))).toBe(text);
    expect(show(Buffer.from('Überlauf ✓'))).toBe('Überlauf ✓');
  });

  it('shows the rest instead of obeying it', () => {
    expect(show(bytes('\x1b]0;owned\x07title'))).toBe('␛]0;ownedtitle');
    expect(show(bytes('\x1b]52;c;cm0gLXJm\x1b\\'))).toBe('␛]52;c;cm0gLXJm␛\\');
    expect(show(bytes('\x1b[6n\x1b[c\x1b[?1049h'))).toBe('␛[6n␛[c␛[?1049h');
    expect(show(bytes('\x9b6n\0\x0e\x7f'))).toBe('�6n␎␡');
    expect(show(bytes('\x1b\x1b[31mred'))).toBe('␛\x1b[31mred');
  });

  it('does not depend on how the bytes are cut', () => {
    const any = fc.array(fc.constantFrom(0x1b, 0x5b, 0x5d, 0x3b, 0x30, 0x6d, 0x6e, 0x63, 0x9b, 0xc3, 0xa4, 0x0a, 0x41));
    fc.assert(
      fc.property(any, fc.nat(), (text, cut) => {
        const at = cut % (text.length + 1);
        expect(show(Uint8Array.from(text.slice(0, at)), Uint8Array.from(text.slice(at)))).toBe(
          show(Uint8Array.from(text)),
        );
      }),
    );
  });

  it('makes no emulator answer: an answer would be typed into the modem', async () => {
    const queries = ['\x1b[c', '\x1b[>c', '\x1b[5n', '\x1b[6n', '\x1b[?1$p', '\x1bP$qm\x1b\\', '\x1bZ', '\x1b[18t'];
    expect(await answersTo(queries.join(''))).not.toBe('');
    expect(await answersTo(show(bytes(`${queries.join('')}\x9b6n`)))).toBe('');
    const noise = fc.uint8Array({ maxLength: 300 });
    const escapes = fc
      .array(fc.constantFrom(...'\x1b[]P>?$0123456789;ncpqtZ\x9b'.split('')))
      .map((all) => bytes(all.join('')));
    await fc.assert(
      fc.asyncProperty(fc.oneof(noise, escapes), async (text) => {
        expect(await answersTo(show(text))).toBe('');
      }),
      { numRuns: 200 },
    );
  });
});
