import { createHash } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DumpOptions, dump } from '../../../plugins/modem-console/dump.ts';
import { BLOCK, type Sidecar } from '../../../plugins/modem-console/dump-file.ts';
import { KeyLog } from '../../../plugins/modem-console/key-log.ts';
import { openReader } from '../../../plugins/modem-console/reader.ts';
import { Session } from '../../../plugins/modem-console/session.ts';
import { NO_FAULTS } from '../../../plugins/modem-console/simulator/faults.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { openMenu, type WiredConsole, wireModem } from './wired-modem.ts';

const ADDRESS = 0x80004000;
const LENGTH = 3 * BLOCK;
const BAD_LINE = { noise: 0.0001, dropped: 0.00005, doubled: 0.00005, interrupted: 0.005 };

async function startSession(console: WiredConsole) {
  const folder = await temporaryFolder();
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const keys = new KeyLog(folder, log);
  const session = new Session(console, keys);
  const path = join(folder, 'memory.bin');
  const stop = new AbortController();
  const options = (more: Partial<DumpOptions> = {}): DumpOptions => ({
    console,
    lease: session.take({ name: 'ann', way: 'command' }, true),
    range: { console: 'cm', address: ADDRESS, length: LENGTH },
    path,
    signal: stop.signal,
    onProgress: () => undefined,
    ...more,
  });
  const sidecar = async () => JSON.parse(await readFile(`${path}.json`, 'utf8')) as Sidecar;
  return { session, path, stop, options, sidecar };
}

describe('a dump', () => {
  it('equals the memory, on a bad line and with the adapter pulled out in the middle', async () => {
    const console = wireModem();
    const { path, options, sidecar } = await startSession(console);
    await openMenu(console);
    console.modem.uarts.cm.faults = BAD_LINE;
    const done: number[] = [];
    const report = await dump(
      options({
        onProgress: (progress) => {
          done.push(progress.done);
          if (progress.done !== BLOCK || console.port.state !== 'open') return;
          console.setPlugged(false);
          setTimeout(() => console.setPlugged(true), 50);
        },
      }),
    );
    const memory = console.modem.ram.bytes(ADDRESS, LENGTH);
    expect((await readFile(path)).equals(memory)).toBe(true);
    expect(report.sha256).toBe(createHash('sha256').update(memory).digest('hex'));
    expect(report.interruptions).toBeGreaterThanOrEqual(1);
    expect(report.retries).toBeGreaterThan(0);
    expect(done.at(-1)).toBe(LENGTH);
    const { blocks, sha256, address, check } = await sidecar();
    expect({ blocks: blocks.length, sha256, address }).toEqual({
      blocks: 3,
      sha256: report.sha256,
      address: '0x80004000',
    });
    expect(check).toContain('hex and decimal');
    expect(console.modem.harm).toEqual([]);
  });

  it('goes on after a stop, and reads again what is damaged on disk or has changed in the modem', async () => {
    const console = wireModem();
    const { path, stop, options, sidecar } = await startSession(console);
    await openMenu(console);
    const stopped = dump(
      options({ onProgress: ({ done }) => done === 2 * BLOCK && stop.abort(new Error('stopped by ann')) }),
    );
    await expect(stopped).rejects.toThrow('stopped by ann');
    expect((await sidecar()).blocks.map(({ offset }) => offset)).toEqual([0, BLOCK]);

    const file = await open(path, 'r+');
    await file.write(Buffer.from('rot'), 0, 3, BLOCK + 100);
    await file.close();
    console.modem.ram.write(ADDRESS, 0x12345678);
    const report = await dump(options({ signal: new AbortController().signal }));
    expect(report).toMatchObject({ kept: BLOCK, changed: 1 });
    expect((await readFile(path)).equals(console.modem.ram.bytes(ADDRESS, LENGTH))).toBe(true);
  });

  it('does not touch a file that holds something else', async () => {
    const console = wireModem();
    const { path, options } = await startSession(console);
    await openMenu(console);
    await writeFile(path, 'mine');
    await expect(dump(options())).rejects.toThrow('has no sidecar');
    expect(await readFile(path, 'utf8')).toBe('mine');
    const other = `${path}.2`;
    await dump(options({ path: other, range: { console: 'cm', address: ADDRESS, length: 64 } }));
    await expect(dump(options({ path: other }))).rejects.toThrow('holds 64 bytes from 0x80004000 of cm');
  });

  it('is taken through the unlocked eCos console too, where other threads cut in', async () => {
    const console = wireModem({}, { password: 'open sesame' });
    const { path, options, sidecar } = await startSession(console);
    const login = console.expect('Login: ');
    console.modem.powerOn();
    await login;
    for (const [text, answer] of [
      ['admin\r', 'Password: '],
      ['open sesame\r', 'CM> '],
    ] as const) {
      const answered = console.expect(answer);
      await console.write(Buffer.from(text));
      await answered;
    }
    console.modem.uarts.cm.faults = { ...NO_FAULTS, noise: 0.00005, interrupted: 0.1 };
    const report = await dump(options());
    expect((await readFile(path)).equals(console.modem.ram.bytes(ADDRESS, LENGTH))).toBe(true);
    expect(report.retries).toBeGreaterThan(0);
    expect((await sidecar()).check).toContain('two readings agree');
  });

  it('says what to do where neither menu nor eCos console answers, having sent no more than a CR and an r', async () => {
    const console = wireModem();
    const { options } = await startSession(console);
    const login = console.expect('Login: ');
    console.modem.powerOn();
    await login;
    await expect(openReader(options().lease)).rejects.toMatchObject({ code: 'no_menu' });
    expect(console.sent).toBe('\rr');
  });
});
