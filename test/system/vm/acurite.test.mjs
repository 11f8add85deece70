// The weather console on a real USB bus: usbhid, hidraw, libusb and the port reset are the kernel's and the libraries'
// own; only the far end of the cable is fake. One hub sees one story, so the tests follow from each other.
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { run, startHub, until } from './lib.mjs';
import { UsbConsole } from './usb-console.mjs';

const usbConsole = new UsbConsole({
  1: ['018bfa780008482503ff', '018bfa710139397103ff'],
  2: ['0200008000000000000400100000000960010101018fc74cd3'],
});
await usbConsole.plug();
const hub = await startHub({ plugins: { acurite: { poll_seconds: 6, retry_seconds: 6 } } });

const link = () => hub.json('acurite/link') ?? {};
const linkIs = (state, words = '') =>
  until(`link ${state} ${words}`, () => link().state === state && link().advice.includes(words));
const pluginIs = (state) => until(`plugin ${state}`, () => hub.json('hub/plugins/acurite')?.state === state);

test('a console the hub may not open: the udev rule in the advice opens it', async () => {
  await linkIs('no_permission', 'plugdev');
  await pluginIs('waiting');
  const [, ...rule] = link().advice.split('\n');
  writeFileSync('/etc/udev/rules.d/60-acurite.rules', `${rule.join('\n')}\n`);
  run('udevadm', 'control', '--reload');
  usbConsole.unplug();
  await usbConsole.plug();
  await linkIs('ok');
  await pluginIs('running');
  assert.equal(link().transport, 'hidraw');
});

test('readings appear over MQTT and over HTTP', async () => {
  const expected = {
    'acurite/outdoor/temperature': '20.89',
    'acurite/outdoor/humidity': '37',
    'acurite/outdoor/wind_direction': '135',
    'acurite/outdoor/rain_count': '7409',
    'acurite/outdoor/rain_total': '0',
    'acurite/console/temperature': '22.15',
    'acurite/console/pressure': '1021.19',
  };
  for (const [topic, value] of Object.entries(expected)) await until(topic, () => hub.text(topic) === value);
  const [temperature] = await hub.api('GET', '/api/v1/topics?filter=acurite/outdoor/temperature');
  assert.equal(temperature.payload, '20.89');
  assert.equal(hub.json('acurite/outdoor').simulated, undefined);
});

test('a console that refuses is silent, and the advice is mode 4', async () => {
  usbConsole.mood = 'stall';
  await linkIs('silent', 'Broken pipe');
  assert.match(link().advice, /USB mode 4/);
  await pluginIs('waiting');
});

test('the third silence resets the USB port, and that helps', async () => {
  usbConsole.healsByReset = true;
  await linkIs('ok');
  assert.equal(link().reset.outcome, 'helped');
  assert.equal(link().transport, 'hidraw');
});

test('a console that does not answer holds nobody up', async () => {
  usbConsole.healsByReset = false;
  usbConsole.mood = 'mute';
  await until('an answer while a read waits', async () => {
    const { requests } = usbConsole;
    await until('a read', () => usbConsole.requests > requests);
    const { time } = link();
    const answer = await hub.api('POST', '/api/v1/plugins/acurite/commands/decode', { hex: '01c05c710005000c03ff' });
    // The link is told after every read: the one that was waiting still is.
    return answer.wind_direction === 225 && link().time === time;
  });
  await linkIs('silent', 'timed out');
});

test('a slipped bit is seen for what it is, and unplugging cures it', async () => {
  usbConsole.healsByReset = false;
  usbConsole.mood = 'slip';
  await linkIs('bit_slip', 'Pull the USB plug');
  assert.equal(hub.text('acurite/outdoor/temperature'), '20.89');

  usbConsole.unplug();
  await linkIs('unplugged', 'powered USB hub');
  usbConsole.mood = 'well';
  await usbConsole.plug();
  await linkIs('ok');
  await pluginIs('running');
});

test('without the kernel’s HID driver the console is read through libusb', async () => {
  writeFileSync('/sys/bus/usb/drivers/usbhid/unbind', '1-1:1.0');
  const { accepted } = link();
  await until('libusb', () => link().transport === 'libusb' && link().state === 'ok' && link().accepted > accepted);
});

test('without libusb the advice names the package', async () => {
  const library = '/usr/lib/x86_64-linux-gnu/libusb-1.0.so.0';
  renameSync(library, `${library}.away`);
  await hub.api('POST', '/api/v1/plugins/acurite/restart');
  await linkIs('no_driver', 'apt-get install libusb-1.0-0');
  renameSync(`${library}.away`, library);
  await linkIs('ok');
});

test('the hub stops cleanly', async () => {
  assert.equal(await hub.stop(), 0);
});
