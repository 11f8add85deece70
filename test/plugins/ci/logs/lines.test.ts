import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineStamper, TextGuard } from '../../../../plugins/ci/logs/lines.ts';

const TIME = Date.UTC(2026, 10, 23, 14, 14, 0, 123);
const PREFIX = '2026-11-23 14:14:00.123 | ';

describe('LineStamper', () => {
  test('puts the time at which it began before every line', () => {
    const stamper = new LineStamper();
    const parts = [stamper.stamp(Buffer.from('one\ntw'), TIME), stamper.stamp(Buffer.from('o\n\n'), TIME + 500)];
    expect(Buffer.concat(parts).toString()).toBe(`${PREFIX}one\n${PREFIX}two\n2026-11-23 14:14:00.623 | \n`);
    expect(stamper.isMidLine).toBe(false);
  });

  test('breaks a line that does not end, between characters', () => {
    const text = 'ä'.repeat(40_000);
    const lines = new LineStamper()
      .stamp(Buffer.from(`x${text}\n`), TIME)
      .toString()
      .trimEnd()
      .split('\n');
    expect(lines.length).toBeGreaterThan(4);
    expect(lines.map((line) => line.slice(PREFIX.length)).join('')).toBe(`x${text}`);
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(16 * 1024 + 32);
  });

  test('breaks no line that is exactly as long as it may be', () => {
    const line = `${'x'.repeat(16 * 1024 - 1)}\n`;
    expect(new LineStamper().stamp(Buffer.from(line.repeat(2)), TIME).toString()).toBe(`${PREFIX}${line}`.repeat(2));
  });
});

describe('TextGuard', () => {
  const guarded = (chunks: readonly Uint8Array[]): Buffer => {
    const guard = new TextGuard();
    return Buffer.concat([...chunks.map((chunk) => guard.push(Buffer.from(chunk))), guard.flush()]);
  };

  test('passes text on, also where a character is cut between chunks', () => {
    const text = Buffer.from('Grüße, 世界 🙂\n');
    for (let cut = 0; cut <= text.length; cut++) {
      expect(guarded([text.subarray(0, cut), text.subarray(cut)]).toString()).toBe(text.toString());
    }
  });

  test('writes out NUL and bytes that are not UTF-8', () => {
    expect(guarded([Buffer.from([0x61, 0, 0xff, 0xc3, 0x62, 0xe4, 0xb8])]).toString()).toBe(
      'a\\x00\\xff\\xc3b\\xe4\\xb8',
    );
  });

  test('makes UTF-8 without NUL of any bytes, the same however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 12 })), (chunks) => {
        const text = guarded(chunks);
        expect(isUtf8(text) && !text.includes(0)).toBe(true);
        expect(text.equals(guarded([Buffer.concat(chunks)]))).toBe(true);
      }),
    );
  });
});
