// Cards in real slots: USB storage, a reader whose card is changed, an SD slot; FAT and exFAT by the kernel's own
// drivers, told by udev, mounted by the plugin. One hub sees one story, so the tests follow from each other.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { changeCardImage, makeCardImage, shoot } from '../../support/card.mjs';
import { run, startHub, until } from './lib.mjs';
import { Qmp } from './qmp.mjs';

run('modprobe', '-a', 'loop', 'sdhci_pci', 'mmc_block');
const qmp = await Qmp.open();

/** Images lie in the folder that QEMU, outside, sees too. */
const FAT = '/run/vm/fat.img';
const EXFAT = '/run/vm/exfat.img';
const mkfs = ['mkfs.vfat', '-i', '1234ABCD', '-n', 'EOS_DIGITAL'];
makeCardImage(FAT, { megabytes: 40, mkfs, partitioned: true }, (card) => shoot(card, { count: 4 }));
// Several batches of an import, so that it can be cut off between them.
const MANY = 200;
let sums = '';
makeCardImage(EXFAT, { megabytes: 64, mkfs: ['mkfs.exfat', '-L', 'LUMIX'] }, (card) => {
  shoot(card, { first: 101, count: MANY, bytes: 150_000 });
  sums = run('sh', '-c', `cd ${card}/DCIM/100_TEST && sha256sum *`);
});
const exfat = run('blkid', '-s', 'UUID', '-o', 'value', EXFAT).trim().toLowerCase();

const config = { plugins: { photos: { archive: 'archive' } } };
let hub = await startHub(config, { root: true });

const archive = () => join(hub.dataDir, 'plugin-data/photos/archive');
const card = (id) => hub.json(`photos/card/${id}`) ?? {};
const cardIs = (id, state) => until(`card ${id} ${state}`, () => card(id).state === state && card(id));
const isMounted = () => readFileSync('/proc/self/mountinfo', 'utf8').includes('plugin-data/photos/cards');
const hashOf = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const archived = () =>
  existsSync(archive()) ? readdirSync(archive(), { recursive: true }).filter((path) => path.endsWith('.JPG')) : [];
/** Everything of the exFAT card is there, once and right. */
function assertAllOfMany() {
  execFileSync('sha256sum', ['--check', '--quiet'], { cwd: join(archive(), '2016-W05'), input: sums });
  assert.equal(archived().filter((path) => path >= '2016-W05/IMG_0101').length, MANY);
}

/** Tests that start hubs of their own and take minutes each. */
const long = { skip: process.env.VM_LONG ? false : 'takes minutes: bash test/system/vm/run --long' };

test('a FAT card in a USB stick is mounted read-only, imported and unmounted; not a bit of it changes', async () => {
  const before = hashOf(FAT);
  await qmp.plugStick('stick', FAT);
  const verified = await cardIs('1234-abcd', 'verified');
  assert.deepEqual(
    [verified.label, verified.new, verified.verified, verified.safe_to_remove],
    ['EOS_DIGITAL', 4, 4, true],
  );
  assert.equal(archived().length, 4);
  assert.ok(!isMounted());
  assert.equal(hashOf(FAT), before);
});

test('a damaged file of the archive is healed from the card that is in, which is mounted for it', async () => {
  const file = join(archive(), '2016-W05/IMG_0001.JPG');
  const [whole, { mtime }] = [readFileSync(file), statSync(file)];
  writeFileSync(file, Buffer.concat([whole.subarray(0, -1), Buffer.of(0)]));
  utimesSync(file, mtime, mtime);
  const ask = (name, args) => hub.api('POST', `/api/v1/plugins/photos/commands/${name}`, args);
  await ask('verify', { files: ['2016-W05/IMG_0001.JPG'] });
  assert.equal((await ask('restore', { from: '1234-abcd' })).restored, 1);
  assert.ok(readFileSync(file).equals(whole));
  assert.ok(!isMounted());
  await qmp.unplug('stick');
  assert.equal((await cardIs('1234-abcd', 'removed')).safe_to_remove, true);
});

test('an exFAT card yanked in mid-copy leaves no stale mount, and is finished when it comes again', async () => {
  await qmp.plugStick('stick', EXFAT);
  await until('half of it', () => card(exfat).state === 'importing' && card(exfat).done > 0);
  await qmp.unplug('stick');
  const pulled = await cardIs(exfat, 'removed');
  assert.deepEqual([pulled.reason, pulled.safe_to_remove], ['pulled_while_importing', false]);
  await until('the stale mount to go', () => !isMounted());

  await qmp.plugStick('again', EXFAT);
  const whole = await cardIs(exfat, 'verified');
  assert.equal(whole.new + whole.known, MANY);
  assert.ok(whole.new > 0 && whole.known > 0, `${whole.new} new, ${whole.known} known`);
  assertAllOfMany();
  await qmp.unplug('again');
  await cardIs(exfat, 'removed');
});

test('a reader tells only that its card was changed', async () => {
  await qmp.plugReader('reader');
  await until('the reader', () => existsSync('/dev/sda'));
  await qmp.changeMedium('reader', FAT);
  assert.equal((await cardIs('1234-abcd', 'verified')).known, 4);
  await qmp.changeMedium('reader');
  await cardIs('1234-abcd', 'removed');
  await qmp.changeMedium('reader', EXFAT);
  assert.equal((await cardIs(exfat, 'verified')).known, MANY);
});

test('two cards at once: one in the reader, one in the SD slot', async () => {
  changeCardImage(FAT, (folder) => shoot(folder, { first: 5, count: 2 }));
  await qmp.changeMedium('sd', FAT);
  assert.equal((await cardIs('1234-abcd', 'verified')).new, 2);
  assert.equal(card(exfat).state, 'verified', 'the card in the reader is still in');
  await qmp.changeMedium('sd');
  await cardIs('1234-abcd', 'removed');
  await qmp.unplug('reader');
  await cardIs(exfat, 'removed');
});

test('the hub stops cleanly', async () => {
  assert.equal(await hub.stop(), 0);
});

test('a user without rights is told what to do, and the polkit rule of the README is enough', long, async () => {
  hub = await startHub(config);
  await qmp.plugStick('stick', FAT);
  const refused = await cardIs('1234-abcd', 'failed');
  assert.equal(refused.reason, 'not_allowed');
  assert.match(refused.advice, /udisks2.*polkit/);
  await qmp.unplug('stick');
  await until('the topic to be cleared', () => hub.text('photos/card/1234-abcd') === '');

  const readme = readFileSync(new URL('../../../plugins/photos/README.md', import.meta.url), 'utf8');
  const [rule] = /^polkit\.addRule[\s\S]*?^\}\);$/m.exec(readme);
  writeFileSync('/etc/polkit-1/rules.d/60-cupboard.rules', rule);
  run('usermod', '--append', '--groups', 'plugdev', 'nobody');
  mkdirSync('/run/dbus', { recursive: true });
  run('dbus-daemon', '--system', '--fork');
  for (const daemon of ['/usr/lib/polkit-1/polkitd', '/usr/libexec/udisks2/udisksd']) {
    spawn(daemon, ['--no-debug'], { stdio: 'ignore', detached: true }).unref();
  }
  await until('UDisks2', () => run('busctl', '--system', 'list', '--acquired').includes('org.freedesktop.UDisks2'));
  await qmp.plugStick('granted', FAT);
  assert.equal((await cardIs('1234-abcd', 'verified')).new, 6);
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), /EOS_DIGITAL/);
  await qmp.unplug('granted');
  await cardIs('1234-abcd', 'removed');
  await hub.stop();
});

test(
  'the disk of archive and catalogue gone in mid-import, as in a power cut: nothing lost, nothing twice',
  long,
  async () => {
    const disk = '/run/vm/disk.img';
    run('truncate', '-s', '256M', disk);
    run('mkfs.ext4', '-q', disk);
    const plugDisk = async (id) => {
      await qmp.plugStick(id, disk);
      const device = await until('the disk', () => run('blkid', '--output', 'device').split('\n').find(isDataDisk));
      run('mount', device, '/mnt');
    };
    const isDataDisk = (device) =>
      device.startsWith('/dev/sd') && run('lsblk', '-no', 'FSTYPE', device).trim() === 'ext4';
    await plugDisk('disk');
    const dataDir = '/mnt/hub';
    mkdirSync(dataDir);
    hub = await startHub(config, { root: true, dataDir });
    await qmp.changeMedium('sd', EXFAT);
    await until('a part of it', () => card(exfat).state === 'importing' && card(exfat).done > 0);
    await qmp.unplug('disk');
    await hub.stop('SIGKILL');
    run('umount', '--lazy', '/mnt');

    await plugDisk('replaced');
    hub = await startHub(config, { root: true, dataDir });
    const whole = await cardIs(exfat, 'verified');
    assert.equal(whole.new + whole.known, MANY);
    assertAllOfMany();
    await hub.stop();
  },
);
