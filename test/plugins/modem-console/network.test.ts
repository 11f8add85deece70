import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NetworkSettings } from '../../../plugins/modem-console/config.ts';
import { KeyLog } from '../../../plugins/modem-console/key-log.ts';
import { isLoopback, serveNetwork } from '../../../plugins/modem-console/network.ts';
import { Session } from '../../../plugins/modem-console/session.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { wireModem } from './wired-modem.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const LOOPBACK: NetworkSettings = { host: '127.0.0.1', port: 0, write: false, users: [] };

async function serve(settings: Partial<NetworkSettings> = {}) {
  const console = wireModem();
  const session = new Session(console, new KeyLog(await temporaryFolder(), silent));
  const server = await serveNetwork(session, { ...LOOPBACK, ...settings }, silent);
  onTestFinished(() => server.close());
  const join = async () => {
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    return { socket, text: () => text };
  };
  return { console, session, join };
}
const shows = (client: { text: () => string }, words: string) => waitFor(words, () => client.text().includes(words));
const send = (socket: Socket, text: string) => new Promise((resolve) => socket.write(text, resolve));

describe('the network console', () => {
  it('knows loopback, and opens nothing else without users', async () => {
    expect(['127.0.0.1', '127.8.8.8', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '192.168.1.2', 'modem.lan', '128.0.0.1'].some(isLoopback)).toBe(false);
    await expect(serve({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'network_open' });
  });

  it('shows the console and takes nothing, unless it may write', async () => {
    const { console, join } = await serve();
    const client = await join();
    console.modem.powerOn();
    await shows(client, 'Login: ');
    await send(client.socket, 'XXX\r');
    client.socket.end();
    await once(client.socket, 'close');
    expect(console.sent).toBe('');
  });

  it('writes for one at a time, through the guard, and gives the keyboard back', async () => {
    const { console, session, join } = await serve({ write: true });
    const [first, second] = [await join(), await join()];
    await send(first.socket, '\r');
    await waitFor('the keyboard', () => session.writer?.way === 'network');
    await send(second.socket, 'x');
    await shows(second, 'has the keyboard of cm');
    await send(first.socket, 'X');
    await shows(first, '*** not sent: X: the key that erases all');
    first.socket.destroy();
    await waitFor('the keyboard to be free', () => session.writer === undefined);
    expect(console.sent).toBe('\r');
  });

  it('asks for a name and a password before it shows a byte', async () => {
    const { console, join } = await serve({ users: [{ name: 'ann', password: 'a quiet shelf' }] });
    const [friend, stranger] = [await join(), await join()];
    await shows(stranger, 'login: ');
    await send(stranger.socket, 'ann\nwrong password\n');
    await shows(friend, 'login: ');
    await send(friend.socket, 'ann\r\na quiet shelf\r\n');
    await waitFor('the login', async () => {
      console.modem.powerOn();
      return friend.text().includes('BootLoader Version');
    });
    await shows(stranger, 'login failed');
    expect(stranger.text()).not.toContain('BootLoader');
  });
});
