import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DESTRUCTIVE_KEYS, type DestructiveKey, Guard, type Permission } from '../../../plugins/modem-console/guard.ts';
import { BANNER, MENU, PARTITION_MAP, QUESTION } from '../../../plugins/modem-console/simulator/transcripts.ts';

const KEYS = Object.keys(DESTRUCTIVE_KEYS) as DestructiveKey[];
const NONE: Permission = { allowed: [], confirmed: true };
const bytes = (text: string) => Buffer.from(text, 'latin1');
const guardAfter = (...texts: string[]) => {
  const guard = new Guard();
  for (const text of texts) guard.observe(bytes(text));
  return guard;
};
const refused = (guard: Guard, keys: string, permission = NONE) => guard.check(bytes(keys), permission)?.key;

describe('the guard', () => {
  it('refuses every destructive key at the menu, says why, and lets the reading ones pass', () => {
    const guard = guardAfter(BANNER, QUESTION, MENU);
    for (const key of KEYS) {
      expect(guard.check(bytes(key), NONE)).toEqual({
        key,
        reason: expect.stringContaining(`${DESTRUCTIVE_KEYS[key]}; it is sent only where allow_destructive`),
      });
    }
    expect(refused(guard, 'p')).toBeUndefined();
    expect(refused(guard, 'r')).toBeUndefined();
    expect(refused(guard, 'bzi12\r')).toBeUndefined();
  });

  it('sends a destructive key only where the settings name it and the request confirms it', () => {
    const guard = guardAfter(MENU);
    expect(refused(guard, 'm', { allowed: ['m'], confirmed: true })).toBeUndefined();
    expect(guard.check(bytes('m'), { allowed: ['m'], confirmed: false })?.reason).toContain('did not confirm');
    expect(refused(guard, 'w', { allowed: ['m'], confirmed: true })).toBe('w');
    expect(refused(guard, 'mX', { allowed: ['m'], confirmed: true })).toBe('X');
  });

  it('takes what is not known for a bootloader, until something else has spoken', () => {
    expect(refused(new Guard(), 'X')).toBe('X');
    expect(refused(guardAfter(PARTITION_MAP), 'X')).toBe('X');
    expect(refused(guardAfter('\r\nCG3100D login: '), 'Xe')).toBeUndefined();
    expect(refused(guardAfter('sensor 12 of 40\r\n'.repeat(25)), 'Xe')).toBeUndefined();
    const guard = guardAfter('\r\nCG3100D login: ');
    guard.reset();
    expect(refused(guard, 'X')).toBe('X');
  });

  it('lets text through at prompts for text, but only up to the line end', () => {
    const guard = guardAfter(MENU, '\r\nRead memory.  Hex address: ');
    expect(refused(guard, '0xdecade00')).toBeUndefined();
    expect(refused(guard, '0x80000000\re')).toBe('e');
    guard.sent(bytes('0x80000000\r'));
    expect(refused(guard, 'e')).toBe('e');
    guard.observe(bytes('\r\nValue at 80000000: 00000000 (hex)  0 (dec)\r\n\r\nRead memory.  Hex address: '));
    expect(refused(guard, 'e')).toBeUndefined();
  });

  it('answers y to a question only for a key that was itself permitted', () => {
    const question = '\r\nAre you sure you want to do this? [n] ';
    const allowX = { allowed: ['X'], confirmed: true };
    expect(refused(guardAfter(MENU, question), 'y', allowX)).toBe('y');
    expect(refused(guardAfter(MENU, question), 'n\r', NONE)).toBeUndefined();
    const guard = guardAfter(MENU);
    guard.sent(bytes('X'));
    guard.observe(bytes(`X\r\n${question}`));
    expect(refused(guard, 'y', { allowed: ['X'], confirmed: false })).toBe('y');
    expect(refused(guard, 'y', allowX)).toBeUndefined();
  });

  it('sends nothing at all to the second prompt of a destructive key: an empty line means sector 0 there', () => {
    const guard = guardAfter(MENU, 'e\r\n\r\nEnter sector offset in SPI flash: ');
    expect(refused(guard, '\r')).toBe('\r');
    expect(refused(guardAfter(MENU, 'w\r\nWrite memory.  Hex address: '), '\r')).toBe('\r');
    expect(refused(guard, '10000\r', { allowed: ['e'], confirmed: true })).toBeUndefined();
  });

  it('knows where a password begins', () => {
    const secretFrom = (guard: Guard, keys: string) => guard.secretFrom(bytes(keys));
    expect(secretFrom(guardAfter('\r\nPassword: '), 'secret\r')).toBe(0);
    expect(secretFrom(guardAfter('\r\nPassword: \r\n'), 'hello')).toBe(5);
    const login = guardAfter('\r\nCG3100D login: ');
    expect(secretFrom(login, 'adm')).toBe(3);
    expect(secretFrom(login, 'admin\rsecret\r')).toBe(6);
    login.observe(bytes('admin'));
    login.sent(bytes('\r'));
    expect(secretFrom(login, 'secret\r')).toBe(0);
  });

  it('never lets a destructive key reach the menu, whatever came before it and however it was cut', () => {
    const pieces = fc.constantFrom('p', 'r', '\r', '\n', '0x80004000', ' ', 'hello', ...KEYS);
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 6 }), fc.array(fc.nat(5000), { maxLength: 5 }), (typed, cuts) => {
        const text = BANNER + QUESTION + MENU;
        const guard = guardAfter(...cutAt(text, cuts));
        const keys = typed.join('');
        // On the menu no byte is text: the first destructive one decides.
        const first = [...keys].find((key) => KEYS.includes(key as DestructiveKey));
        expect(refused(guard, keys)).toBe(first);
      }),
    );
  });
});

function cutAt(text: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.map((cut) => cut % text.length).sort((a, b) => a - b), text.length];
  return places.slice(1).map((end, index) => text.slice(places[index], end));
}
