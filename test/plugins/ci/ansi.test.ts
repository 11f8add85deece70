import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PLAIN, plainText, renderAnsi } from '../../../plugins/ci/ansi.ts';

const pieces = (line: string) => renderAnsi(line).pieces;

describe('renderAnsi', () => {
  it('keeps colours and styles', () => {
    expect(pieces('ok \x1b[1;32mPASS\x1b[0m done')).toEqual([
      { text: 'ok ', look: {} },
      { text: 'PASS', look: { bold: true, foreground: 2 } },
      { text: ' done', look: {} },
    ]);
    expect(pieces('\x1b[97;41;4mx\x1b[24;39my\x1b[mz')).toEqual([
      { text: 'x', look: { foreground: 15, background: 1, underline: true } },
      { text: 'y', look: { background: 1 } },
      { text: 'z', look: {} },
    ]);
  });

  it('carries the look from line to line', () => {
    const { look } = renderAnsi('\x1b[31mfirst');
    expect(renderAnsi('second', look).pieces).toEqual([{ text: 'second', look: { foreground: 1 } }]);
    expect(renderAnsi('\x1b[0m', look).look).toEqual(PLAIN);
  });

  it.each([
    ['38;5;9', 9],
    ['38;5;196', 9],
    ['38;5;22', 2],
    ['38:5:21', 12],
    ['38;5;244', 8],
    ['38;5;255', 15],
    ['38;2;255;0;0', 9],
    ['38;2;0;90;0', 2],
    ['38;2;250;250;250', 15],
  ])('shows the colour %s as the nearest of sixteen', (code, foreground) => {
    expect(pieces(`\x1b[${code}mx`)).toEqual([{ text: 'x', look: { foreground } }]);
  });

  it('drops what a terminal would obey', () => {
    expect(plainText('a\x1b[2J\x1b[10;5Hb\x1b]0;title\x07c\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\')).toBe(
      'abclink',
    );
    expect(plainText('a\x1bP1$r0m\x1b\\b\x1b(Bc\x1b7d\x9b31me')).toBe('abcde');
    // Cut off: its own line is the most that it costs.
    expect(plainText('before\x1b]0;never ends')).toBe('before');
    expect(plainText('before\x1b[31')).toBe('before');
  });

  it('shows what a progress bar left', () => {
    expect(plainText('10 %\r50 %\r100 %')).toBe('100 %');
    expect(plainText('done\r')).toBe('done');
  });

  it('makes control characters and turned text visible', () => {
    expect(plainText('a\0b\x07c\td\x7f')).toBe('a␀b␇c\td␡');
    expect(plainText('if (x\u202e) // \u2066safe')).toBe('if (x<U+202E>) // <U+2066>safe');
  });

  it('never throws, never leaves an escape, whatever comes', () => {
    const noise = fc.array(
      fc.constantFrom('\x1b', '[', ']', ';', '38', '5', '2', 'm', '\x07', '\\', '\x9b', 'é', '😀'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          noise.map((parts) => parts.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (line) => {
          const { pieces } = renderAnsi(line);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
          for (const { text } of pieces) expect(text).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
        },
      ),
      { numRuns: 200 },
    );
  });
});
