import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyLog } from '../../../plugins/modem-console/key-log.ts';
import { Session, type Who } from '../../../plugins/modem-console/session.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { openMenu, type WiredConsole, wireModem } from './wired-modem.ts';

const ANN: Who = { name: 'ann', way: 'page' };
const BOB: Who = { name: 'bob', way: 'attach' };
const bytes = (text: string) => Buffer.from(text, 'latin1');

async function openSession(console: WiredConsole) {
  const folder = await temporaryFolder();
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const keys = new KeyLog(folder, log);
  const session = new Session(console, keys);
  const keyLog = async () => {
    await keys.close();
    return (await readFile(join(folder, 'keys.log'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.slice(25));
  };
  return { session, keyLog };
}

describe('the keyboard', () => {
  it('belongs to one at a time; another may take it over, and the first is told', async () => {
    const { session, keyLog } = await openSession(wireModem());
    const first = session.take(ANN);
    expect(() => session.take(BOB)).toThrow('ann (page) has the keyboard of cm');
    expect(session.writer).toEqual(ANN);
    const second = session.take(BOB, true);
    expect(first.lost.reason).toMatchObject({ code: 'keyboard_lost', message: 'bob took the keyboard over' });
    await expect(first.write(bytes('a'))).rejects.toThrow('bob took the keyboard over');
    await second.write(bytes('hi'));
    second.release();
    expect(session.writer).toBeUndefined();
    await expect(second.write(bytes('b'))).rejects.toThrow('released');
    expect(session.console).toHaveProperty('sent', 'hi');
    expect(await keyLog()).toEqual([
      'cm ann page has the keyboard',
      'cm ann page gave the keyboard away: bob took the keyboard over',
      'cm bob attach has the keyboard',
      'cm bob attach "hi"',
      'cm bob attach gave the keyboard away: released',
    ]);
  });

  it('may be taken by a command of the person who has it, but not from a running command', async () => {
    const { session } = await openSession(wireModem());
    session.take(ANN);
    session.take({ name: 'ann', way: 'command' });
    expect(() => session.take(ANN)).toThrow('ann (command)');
  });

  it('logs what was refused and why, and hides what answers a password prompt', async () => {
    const console = wireModem({ allow_destructive: ['m'] });
    const { session, keyLog } = await openSession(console);
    await openMenu(console);
    const before = console.sent;
    const lease = session.take(ANN);
    await expect(lease.write(bytes('X'))).rejects.toMatchObject({ code: 'refused', key: 'X' });
    await expect(lease.write(bytes('m'))).rejects.toThrow('the request did not confirm it');
    expect(console.sent).toBe(before);
    const asked = console.expect('Enter new value');
    await lease.write(bytes('m'), { confirmed: true });
    await asked;

    const login = console.expect('Login: ');
    console.modem.powerOn();
    await login;
    const password = console.expect('Password: ');
    await lease.write(bytes('admin\r'));
    await password;
    await lease.write(bytes('secret\r'));
    const log = await keyLog();
    expect(log).toContain('cm ann page "m"');
    expect(log).toContain('cm ann page 7 bytes hidden');
    expect(log.join('\n')).toMatch(/ann page refused "X": X: the key that erases all of the flash/);
    expect(log.join('\n')).not.toContain('secret');
    expect(console.modem.harm).toEqual([]);
  });

  it('drops what waits when the port goes away, and forgets what it knew', async () => {
    const console = wireModem();
    const { session } = await openSession(console);
    console.modem.powerOn();
    await console.expect('Login: ');
    let open = () => undefined as void;
    console.gate = new Promise((resolve) => {
      open = resolve;
    });
    const lease = session.take(ANN);
    const writes = ['one', 'two', 'three'].map((text) => lease.write(bytes(text)));
    const outcomes = Promise.allSettled(writes);
    await new Promise((resolve) => setImmediate(resolve));
    console.setPlugged(false);
    open();
    for (const outcome of await outcomes) expect(outcome.status).toBe('rejected');
    console.setPlugged(true);
    await expect(lease.write(bytes('X'))).rejects.toThrow('it is not known yet what runs at the other end');
    expect(console.sent).toBe('');
    await lease.write(bytes('\r'));
    expect(console.sent).toBe('\r');
  });

  it('pastes line by line, and stops with the line that is refused', async () => {
    const console = wireModem();
    const { session } = await openSession(console);
    await openMenu(console);
    const before = console.sent.length;
    await expect(session.take(ANN).paste('1\nX\n2\n', 0)).rejects.toThrow('erases all');
    expect(console.sent.slice(before)).toBe('1\r');
  });
});
