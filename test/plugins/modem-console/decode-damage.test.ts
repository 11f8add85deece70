import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Boot } from '../../../plugins/modem-console/decode/boot.ts';
import { CM, decode, ECOS, text } from './transcripts.ts';

describe('any chunking', () => {
  const noisy = Buffer.from(`${text.replaceAll('\n', '\r\n')}${ECOS}\n\r${text}\n\rlogin: `, 'latin1');
  const whole = decode(noisy);

  it('gives the same boots', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(noisy.length), { maxLength: 60 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), noisy.length];
        const chunks = edges.slice(1).map((end, index) => noisy.subarray(edges[index], end));
        expect(decode(...chunks)).toEqual(whole);
      }),
    );
    expect(decode(...[...noisy].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it('does not depend on how lines end', () => {
    const withoutLine = (boots: Boot[]) => boots.map(({ line: _, events: __, ...boot }) => boot);
    for (const end of ['\r\n', '\n\r', '\r', '\n\n']) {
      expect(withoutLine(decode(text.replaceAll('\n', end)))).toEqual(withoutLine(decode(text)));
    }
  });

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => Array.isArray(decode(CM, bytes, CM))));
  });
});

describe('damage', () => {
  /** Without what counts lines. */
  const facts = (boots: Boot[]) => boots.map(({ line: _, events: __, ...boot }) => boot);

  it('to any one byte costs no boot and no other image', () => {
    fc.assert(
      fc.property(fc.nat(CM.length - 1), fc.integer({ min: 0, max: 255 }), (position, byte) => {
        const damaged = Buffer.from(CM);
        damaged[position] = byte;
        const boots = decode(CM, damaged, CM);
        expect(boots).toHaveLength(3);
        expect(facts([boots[0] as Boot, boots[2] as Boot])).toEqual(facts(decode(CM, CM)));
        const good = boots[1]?.images.filter(({ hcs_verdict }) => hcs_verdict === 'good') ?? [];
        expect(good.length).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  it('by lines of other threads between any two changes nothing', () => {
    const lines = text.split('\n');
    const foreign = '[00:00:12 01/01/1970] [Scan Downstream Thread] BcmCmDocsisCtlThread::Scan:  (CM) 123000000 Hz\0';
    fc.assert(
      fc.property(fc.array(fc.nat(lines.length - 1), { maxLength: 20 }), (places) => {
        const mixed = lines.flatMap((line, index) => (places.includes(index) ? [line, foreign] : [line]));
        expect(facts(decode(mixed.join('\r\n')))).toEqual(facts(decode(text)));
      }),
    );
  });

  it('by the time stamps of a terminal program changes nothing', () => {
    const stamped = text.split('\n').map((line) => `[2026-11-22 21:11:08.123] ${line}`);
    expect(facts(decode(stamped.join('\r\n')))).toEqual(facts(decode(text)));
  });

  it('by lines twice changes nothing', () => {
    const twice = text.split('\n').flatMap((line) => (/BCM338332|Program Header/.test(line) ? [line] : [line, line]));
    expect(facts(decode(twice.join('\n')))).toEqual(facts(decode(text)));
  });
});
