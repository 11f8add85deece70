import { once } from 'node:events';
import { SerialPort } from 'serialport';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { BootDecoder } from '../../../plugins/modem-console/decode.ts';
import { LineSplitter } from '../../../plugins/modem-console/lines.ts';
import { openPty } from '../../../plugins/modem-console/simulator/pty.ts';
import { openModem } from '../../../plugins/modem-console/simulator.ts';
import { waitFor } from '../../support/hub.ts';
import { openMenu, wireModem } from './wired-modem.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the pseudo-terminal', () => {
  it('carries every byte both ways through the real serial library, and hangs up like a pulled plug', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    let sent = Buffer.alloc(0);
    const pty = await openPty((bytes) => {
      sent = Buffer.concat([sent, bytes]);
    });
    const port = new SerialPort({ path: pty.path, baudRate: 115200, hupcl: false });
    await once(port, 'open');
    let received = Buffer.alloc(0);
    port.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
    });
    pty.write(all);
    port.write(all);
    await waitFor('all bytes', () => received.length === 256 && sent.length === 256);
    expect(received.equals(all) && sent.equals(all)).toBe(true);
    const closed = once(port, 'close');
    await pty.close();
    expect(await closed).toEqual([expect.objectContaining({ disconnected: true })]);
  });

  it('names what is missing where it cannot be opened', async () => {
    vi.stubEnv('PATH', '/nowhere');
    await expect(openPty(() => undefined)).rejects.toMatchObject({
      code: 'pty_missing',
      message: expect.stringContaining('apt-get install bsdutils'),
    });
  });
});

describe('the simulated modem', () => {
  it('boots as the decoder knows it from the real one, is one modem on two ports, and is found under a new name', async () => {
    const simulated = openModem({ bytesPerSecond: Number.POSITIVE_INFINITY });
    onTestFinished(() => simulated.close());
    const [cm, linux] = [await simulated.path('cm'), await simulated.path('linux')];
    expect(await simulated.path('cm')).toBe(cm);
    expect(linux).not.toBe(cm);
    await simulated.unplug('cm');
    expect(await simulated.path('cm')).toMatch(/^\/dev\/pts\/\d+$/);

    const console = wireModem();
    const login = console.expect('Login: ');
    console.modem.powerOn();
    await login;
    const decoder = new BootDecoder();
    const splitter = new LineSplitter((line) => decoder.take(line), 0);
    splitter.push(Buffer.from(console.printed, 'latin1'));
    expect(decoder.current()).toMatchObject({
      role: 'cm',
      flash_bytes: 32 * 1024 * 1024,
      images: [{ hcs_verdict: 'good' }, { hcs_verdict: 'good' }, { hcs_verdict: 'not_checkable' }],
    });
  });

  it('crashes on an odd address and refuses a low one, as the bootloader does, and tells what would have harmed it', async () => {
    const console = wireModem();
    await openMenu(console);
    const ask = async (keys: string, answer: string) => {
      const answered = console.expect(answer);
      await console.write(Buffer.from(keys));
      await answered;
    };
    await ask('r', 'Hex address: ');
    await ask('1000\r', 'Address is less than 0x80000000.  Ignoring.');
    await ask('0x80004002\r', '******************** CRASH');
    await openMenu(console);
    await ask('X', 'Are you sure you want to do this? [n] ');
    await ask('\r', 'z) Reset');
    expect(console.modem.harm).toEqual([]);
    await ask('X', '[n] ');
    await ask('y\r', 'z) Reset');
    expect(console.modem.harm).toEqual(['X: confirmed']);
  });
});
