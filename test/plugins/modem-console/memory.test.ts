import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkRange,
  hasEcosPrompt,
  parseQuantity,
  parseRows,
  parseValue,
  valueBytes,
} from '../../../plugins/modem-console/memory.ts';
import { damage, INTERRUPTION, NO_FAULTS, seededRandom } from '../../../plugins/modem-console/simulator/faults.ts';

const hex = (value: number, digits = 8) => value.toString(16).padStart(digits, '0');
const answer = (address: number, value: number) =>
  `0x${hex(address)}\r\nValue at ${hex(address)}: ${hex(value)} (hex)  ${value} (dec)\r\n\r\n`;
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const address = fc.integer({ min: 0x2000_0000, max: 0x3fff_ffff }).map((index) => index * 4);

describe('the bootloader’s answer', () => {
  it('is the value printed for the address that was asked, as bytes', () => {
    expect(parseValue(answer(0x80004000, 0x5d000080), 0x80004000)).toEqual({ value: 0x5d000080, bytes: 4 });
    expect(parseValue(answer(0x80004000, 1), 0x80004004)).toBeUndefined();
    expect(parseValue('Value at 80004000: 5d (hex)  93 (dec)\n', 0x80004000)).toEqual({ value: 0x5d, bytes: 1 });
    expect(parseValue('Value at 80004000: 5d00 (hex)  23808 (dec)\n', 0x80004000)).toEqual({ value: 0x5d00, bytes: 2 });
    expect(valueBytes({ value: 0x5d000080, bytes: 4 }).toString('hex')).toBe('5d000080');
    expect(valueBytes({ value: 0x5d00, bytes: 2 }).toString('hex')).toBe('5d00');
  });

  it('is not believed where hex and decimal differ, or another thread cut it', () => {
    expect(parseValue('Value at 80004000: 5d000081 (hex)  1560281216 (dec)\r\n', 0x80004000)).toBeUndefined();
    const whole = answer(0x80004000, 7);
    const cut = `${whole.slice(0, 30)}${INTERRUPTION}${whole.slice(30)}`;
    expect(parseValue(cut, 0x80004000)).toBeUndefined();
    expect(parseValue(cut + whole, 0x80004000)?.value).toBe(7);
  });

  it('is right or refused on any line that damages bytes', () => {
    const faults = { ...NO_FAULTS, noise: 0.02, dropped: 0.02, doubled: 0.02, interrupted: 0.3 };
    fc.assert(
      fc.property(address, word, fc.nat(), (at, value, seed) => {
        const damaged = damage(Buffer.from(answer(at, value)), faults, seededRandom(seed)).toString('latin1');
        expect([undefined, value]).toContain(parseValue(damaged, at)?.value);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the rows of the eCos console', () => {
  const row = (at: number, bytes: Buffer) => {
    const words = [0, 4, 8, 12].map((offset) => hex(bytes.readUInt32BE(offset)));
    return `${hex(at)}: ${words.join('  ')} | ${bytes.toString('latin1').replace(/[^ -~]/g, '.')}`;
  };

  it('are taken from among other lines, inside the range only, and only where text and words agree', () => {
    const text = Buffer.from('CG3100D-2\0\x80 | x\n');
    const dump = Buffer.alloc(16);
    text.copy(dump);
    const lines = [
      'CM> /read_memory -s 4 -n 48 0x80001000',
      row(0x80001000, dump),
      `${row(0x80001010, dump).slice(0, 40)}Scanning DS Channel at 123000000 Hz...`,
      '80001020: 1195848241  808464451  757270527  0 | CG3100D-2.......',
      row(0x80001030, dump),
      row(0x80001020, dump).replace('CG', 'XG'),
    ];
    const rows = parseRows(lines.join('\r\n'), 0x80001000, 48);
    expect([...rows]).toEqual([[0x80001000, dump]]);
  });

  it('come back as they were written', () => {
    fc.assert(
      fc.property(address, fc.uint8Array({ minLength: 16, maxLength: 16 }), (at, bytes) => {
        const rows = parseRows(`\r\n${row(at, Buffer.from(bytes))}\r\n`, at, 16);
        expect(rows.get(at)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('are asked for at a privileged prompt only, whatever follows it on its line', () => {
    expect(['\r\nCM> ', 'CM/CmHal> ', '\nCM/NonVol/Thomson BFC Vendor NonVol> Scanning'].every(hasEcosPrompt)).toBe(
      true,
    );
    expect(['\r\nCM/Console> ', 'Console> ', 'CM_Console> ', 'Login: '].some(hasEcosPrompt)).toBe(false);
  });
});

describe('a range', () => {
  it('is refused below the RAM, off the words, and beyond the end', () => {
    expect(() => checkRange(0x80000000, 4)).not.toThrow();
    expect(() => checkRange(0x7ffffffc, 4)).toThrow('from 0x80000000 on');
    expect(() => checkRange(0x80000002, 4)).toThrow('crashes');
    expect(() => checkRange(0x80000000, 6)).toThrow('multiple of 4');
    expect(() => checkRange(0x80000000, 0)).toThrow('positive');
    expect(() => checkRange(0xfffffffc, 8)).toThrow('beyond');
    expect(() => checkRange(Number.NaN, 4)).toThrow('no number');
  });

  it('is written as people write it', () => {
    expect(['0x80004000', '64k', '2 MiB', '4096', 12].map(parseQuantity)).toEqual([
      0x80004000, 65536, 2097152, 4096, 12,
    ]);
    expect(() => parseQuantity('many')).toThrow('expected a number');
  });
});
