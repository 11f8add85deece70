// Cards in real slots: USB storage, a reader whose card is changed, an SD slot; FAT and exFAT by the kernel's own
// drivers, told by udev, mounted by the plugin. One hub sees one story, so the tests follow from each other.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
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
const MANY = 140;
let sums = '';
makeCardImage(EXFAT, { megabytes: 64, mkfs: ['mkfs.exfat', '-L', 'LUMIX'] }, (card) => {
  shoot(card, { first: 101, count: MANY, bytes: 60_000 });
  sums = run('sh', '-c', `cd ${card}/DCIM/100_TEST && sha256sum *`);
});
const exfat = run('blkid', '-s', 'UUID', '-o', 'value', EXFAT).trim().toLowerCase();

const config = { plugins: { photos: { archive: 'archive' } } };
const hub = await startHub(config, { root: true });

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
  assert.equal(card(exfat).state, 'verified');
  await qmp.changeMedium('sd');
  await cardIs('1234-abcd', 'removed');
  await qmp.unplug('reader');
  await cardIs(exfat, 'removed');
});

test('the hub stops cleanly', async () => {
  assert.equal(await hub.stop(), 0);
});
