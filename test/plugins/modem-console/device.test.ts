import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { ConsoleSettings } from '../../../plugins/modem-console/config.ts';
import { type Console, openConsole, type PortState } from '../../../plugins/modem-console/console.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { plugIn } from '../../support/pseudo-terminal.ts';

const SETTINGS: ConsoleSettings = {
  baud: 115200,
  data_bits: 8,
  parity: 'none',
  stop_bits: 1,
  keep_mb: 4,
  allow_destructive: [],
};
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

interface Opened {
  readonly console: Console;
  readonly heard: () => string;
  readonly states: PortState[];
  close(): Promise<void>;
}

function open(port: string): Opened {
  const stop = new AbortController();
  const console = openConsole('cm', { ...SETTINGS, port }, { log: silent, signal: stop.signal });
  const parts: Buffer[] = [];
  const states: PortState[] = [];
  console.onBytes((bytes) => parts.push(Buffer.from(bytes)));
  console.onPort((state) => states.push(state));
  const close = async () => {
    stop.abort();
    await console.closed;
  };
  onTestFinished(close);
  return { console, heard: () => Buffer.concat(parts).toString('latin1'), states, close };
}

const isOpen = (console: Console) => waitFor('an open port', () => console.port.state === 'open');

testNeeding('socat')('hears every byte as it is, and sends what it is asked to', async () => {
  const link = join(await temporaryFolder(), 'tty');
  const far = await plugIn(link);
  const { console, heard } = open(link);
  await isOpen(console);
  await far.send(Uint8Array.of(0, 13, 10, 0x9b, 255, 65));
  await waitFor('six bytes', () => heard().length === 6);
  expect(heard()).toBe('\0\r\n\x9b\xffA');
  await console.write(Buffer.from('p'));
  await waitFor('the key at the far end', () => far.received().length > 0);
  expect(far.received().toString()).toBe('p');
});

testNeeding('socat')('comes back after an unplug, and refuses what is written meanwhile', async () => {
  const link = join(await temporaryFolder(), 'tty');
  const first = await plugIn(link);
  const { console, heard, states } = open(link);
  await isOpen(console);
  await first.unplug();
  await waitFor('the loss', () => console.port.state === 'missing');
  await expect(console.write(Buffer.from('X'))).rejects.toThrow('not open');
  const second = await plugIn(link);
  await isOpen(console);
  await second.send('back');
  await waitFor('bytes again', () => heard() === 'back');
  await console.write(Buffer.from('!'));
  await waitFor('a write that works', () => second.received().length > 0);
  expect(second.received().toString()).toBe('!');
  // Missing for more than one reason, as it happens: first the port is lost, then it is not found.
  const changes = states.map(({ state }) => state).filter((state, index, all) => state !== all[index - 1]);
  expect(changes).toEqual(['open', 'missing', 'open']);
});

testNeeding('socat')('notices an unplug of which the port itself hears nothing', async () => {
  const folder = await temporaryFolder();
  const link = join(folder, 'tty');
  await plugIn(join(folder, 'far'));
  await symlink(join(folder, 'far'), link);
  const { console } = open(link);
  await isOpen(console);
  await rm(link);
  await waitFor('the loss', () => console.port.state === 'missing');
  await expect(console.write(Buffer.from('X'))).rejects.toThrow('not open');
});

testNeeding('socat')('names the program that has the port, and opens it when that ends', async () => {
  const link = join(await temporaryFolder(), 'tty');
  await plugIn(link);
  const other = spawn('cat', [link]);
  onTestFinished(() => void other.kill('SIGKILL'));
  const { console } = await waitForHolder(link, other.pid ?? 0);
  expect(console.port).toMatchObject({ state: 'busy', reason: expect.stringContaining(`cat (pid ${other.pid})`) });
  other.kill('SIGKILL');
  await once(other, 'exit');
  await isOpen(console);
});

async function waitForHolder(link: string, pid: number): Promise<Opened> {
  const { findHolders } = await import('../../../plugins/modem-console/holders.ts');
  await waitFor('cat on the port', async () => (await findHolders(link)).some((holder) => holder.pid === pid));
  const opened = open(link);
  await waitFor('a look at the port', () => opened.states.length > 0);
  return opened;
}

testNeeding('socat')('says what to do about a missing node and a file that is no port', async () => {
  const folder = await temporaryFolder();
  const missing = open(join(folder, 'ttyUSB9'));
  await waitFor('a state', () => missing.states.length > 0);
  expect(missing.console.port).toMatchObject({
    state: 'missing',
    advice: expect.stringContaining('Plug the adapter in'),
  });
  const directory = open(folder);
  await waitFor('a state', () => directory.states.length > 0);
  expect(directory.console.port.state).toBe('not_serial');
});
