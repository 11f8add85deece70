import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { findHolders } from '../../../plugins/modem-console/holders.ts';
import { busyAdvice, listAdapters, portAdvice, udevRule } from '../../../plugins/modem-console/ports.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { plugIn } from '../../support/pseudo-terminal.ts';

it('prints the rule that keeps ModemManager and brltty off an adapter', async () => {
  expect(udevRule('0403', '6001')).toBe(
    'SUBSYSTEM=="usb", ATTR{idVendor}=="0403", ATTR{idProduct}=="6001", ENV{ID_MM_DEVICE_IGNORE}="1", ENV{BRLTTY_BRAILLE_DRIVER}="", ENV{SYSTEMD_WANTS}="", RUN=""',
  );
  const modemManager = await busyAdvice('/dev/ttyUSB0', [{ pid: 7, name: 'ModemManager' }]);
  expect(modemManager).toContain('/etc/udev/rules.d/99-cupboard-console.rules');
  expect(modemManager).toContain('ID_MM_DEVICE_IGNORE');
  expect(modemManager).not.toContain('apt-get');
  expect(await busyAdvice('/dev/ttyUSB0', [{ pid: 8, name: 'brltty' }])).toContain('apt-get remove brltty');
  expect(await busyAdvice('/dev/ttyUSB0', [{ pid: 9, name: 'picocom' }])).toContain('End the other program');
});

it('has advice for every state of a port', async () => {
  expect(await portAdvice('missing', '/dev/ttyUSB0')).toContain('Plugged in now:');
  expect(await portAdvice('permission', '/dev/ttyUSB0')).toContain('adduser USER dialout');
  expect(await portAdvice('not_serial', '/etc')).toContain('/etc is no serial port');
  expect(await portAdvice('no_library', undefined)).toContain('npm ci');
  expect(await portAdvice('failed', '/dev/ttyUSB0')).toBe('It is tried again on its own.');
});

it('lists adapters on any machine, with or without udev', async () => {
  expect(Array.isArray(await listAdapters({}))).toBe(true);
});

testNeeding('flock')('finds who has a file open or locked, but not this process', async () => {
  const file = join(await temporaryFolder(), 'node');
  await writeFile(file, '');
  expect(await findHolders(file)).toEqual([]);
  const holder = spawn('flock', [file, 'sleep', '60']);
  onTestFinished(async () => {
    holder.kill();
    await once(holder, 'exit');
  });
  const found = await waitFor('the holder', async () => {
    const holders = await findHolders(file);
    return holders.length > 0 && holders;
  });
  expect(found).toContainEqual({ pid: holder.pid, name: 'flock' });
  expect(await findHolders('/nowhere')).toEqual([]);
});

testNeeding('socat')('does not take the far end of a pseudo-terminal for a holder', async () => {
  const link = join(await temporaryFolder(), 'tty');
  await plugIn(link);
  expect(await findHolders(link)).toEqual([]);
});

testNeeding('socat', 'picocom')('names picocom on the port', async () => {
  const link = join(await temporaryFolder(), 'tty');
  await plugIn(link);
  // picocom wants a terminal of its own: script(1) lends it one.
  const picocom = spawn('script', ['-qec', `exec picocom -q --nolock -b 115200 ${link}`, '/dev/null'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  onTestFinished(async () => {
    picocom.kill();
    await once(picocom, 'exit');
  });
  await waitFor('picocom', async () => (await findHolders(link)).some(({ name }) => name === 'picocom'));
});
