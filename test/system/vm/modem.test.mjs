// The modem console on a real serial driver: usbserial, ftdi_sio, udev's names and the tty layer are the kernel's own;
// at the far end of the cable is the simulated modem, which counts every byte it is sent. One hub sees one story.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { FarEnd } from './far-end.mjs';
import { startHub, until, withoutRights } from './lib.mjs';
import { Qmp } from './qmp.mjs';

const BY_ID = '/dev/serial/by-id';

/** The simulator is TypeScript, as all of the plugin. */
async function loadSimulator() {
  const entry = fileURLToPath(new URL('../../../plugins/modem-console/simulator/modem.ts', import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

const { SimulatedModem } = await loadSimulator();
const modem = new SimulatedModem({ scanSeconds: 3600 });
const uart = modem.uarts.cm;
const farEnd = new FarEnd((bytes) => uart.receive(bytes));
uart.attach(farEnd);

const qmp = await Qmp.open();
await qmp.plugSerial('modem');
await until('the adapter', () => existsSync(BY_ID) && readdirSync(BY_ID).length === 1);
const port = `${BY_ID}/${readdirSync(BY_ID)[0]}`;
const hub = await startHub({
  plugins: { 'modem-console': { consoles: { cm: { port, network: { port: 4001, write: true } } } } },
});

const state = () => hub.json('modem-console/cm') ?? {};
const stateIs = (wanted) => until(`port ${wanted}`, () => state().state === wanted);
const phaseIs = (wanted) => until(`phase ${wanted}`, () => state().phase === wanted);
const command = (name, args) =>
  hub.api('POST', `/api/v1/plugins/modem-console/commands/${name}`, { ...args, wait: true });
const act = (action) => hub.api('POST', `/api/v1/plugins/modem-console/${action}`);

test('listens to an FTDI adapter by its id, and understands what comes', async () => {
  await stateIs('open');
  modem.powerOn();
  await phaseIs('login');
  const boot = hub.json('modem-console/cm/boot');
  assert.equal(boot.bootloader.version, '2.4.0alpha14R6T');
  assert.deepEqual(
    boot.images.map((image) => image.hcs_verdict),
    ['good', 'good', 'not_checkable'],
  );
  assert.equal(hub.json('modem-console/ports').ports.find(({ path }) => path === port).console, 'cm');
});

test('names the program that holds the port, and has it when that one is gone', async () => {
  await act('stop');
  const hold = ['bash', '-c', `exec 3<>${port}; echo held; exec sleep 600`];
  const holder = spawn('setpriv', [...withoutRights(), ...hold], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  holder.stdout.on('data', (text) => (said += text));
  await until('the holder', () => said.includes('held'));
  await act('start');
  await stateIs('busy');
  assert.match(state().reason, /sleep/);
  holder.kill('SIGKILL');
  await stateIs('open');
});

test('has sent nothing so far: not when it opened, restarted or found the port busy', async () => {
  assert.equal(uart.received, 0);
});

test('goes on with a dump after the adapter was pulled out in the middle', async () => {
  const menu = command('enter_menu', { console: 'cm' });
  await until('the keyboard', () => existsSync(join(hub.dataDir, 'plugin-data/modem-console/keys.log')));
  modem.powerOn();
  assert.deepEqual((await menu).answered, ['choice', 'ip', 'mask', 'gateway', 'mac', 'phy']);

  const [address, length] = [0x80004000, 1024];
  const { received } = uart;
  const dump = command('dump', { console: 'cm', address, length, file: 'memory.bin' });
  await until('a third of it', () => uart.received > received + 80 * '0x80004000\r\n'.length);
  await qmp.unplugSerial('modem');
  await stateIs('missing');
  await qmp.plugSerial('modem');
  const report = await dump;
  assert.equal(report.ok, true, report.error);
  assert.ok(report.interruptions >= 1);
  assert.ok(readFileSync(report.file).equals(modem.ram.bytes(address, length)));
});

test('drops what is typed while the adapter is away', async () => {
  const client = connect(4001, '127.0.0.1');
  let shown = '';
  client.on('data', (text) => (shown += text));
  client.write('1');
  await until('the echo', () => shown.includes('Unrecognized command.'));
  await qmp.unplugSerial('modem');
  await stateIs('missing');
  const { received } = uart;
  client.write('XXX\r');
  await until('the refusal', () => shown.includes('not sent'));
  await qmp.plugSerial('modem');
  await stateIs('open');
  client.write('\r');
  await until('the menu', () => shown.lastIndexOf('Main Menu:') > shown.indexOf('not sent'));
  assert.equal(uart.received, received + 1);
  assert.deepEqual(modem.harm, []);
  client.destroy();
});

test('the hub stops cleanly', async () => {
  modem.powerOff();
  assert.equal(await hub.stop(), 0);
  farEnd.close();
  qmp.close();
});
