import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lookAround, readTopLevel } from '../../../../plugins/photos/cards/look.ts';
import { findPlaces } from '../../../../plugins/photos/cards/places.ts';
import { temporaryFolder } from '../../../support/hub.ts';

/** A folder with these folders in it. */
async function withFolders(...folders: string[]): Promise<string> {
  const root = await temporaryFolder();
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  return root;
}

it('takes a camera’s folders at the top for a card, and nothing else', async () => {
  expect(await readTopLevel(await withFolders('DCIM'))).toBe('card');
  expect(await readTopLevel(await withFolders('dcim'))).toBe('card');
  expect(await readTopLevel(await withFolders('MP_ROOT'))).toBe('card');
  expect(await readTopLevel(await withFolders('PRIVATE/AVCHD'))).toBe('card');
  expect(await readTopLevel(await withFolders('PRIVATE/diary'))).toBe('other');
  expect(await readTopLevel(await withFolders('backup/DCIM'))).toBe('other');
  expect(await readTopLevel('/nowhere')).toBe('other');
});

it('does not take a link or a file of that name for a card', async () => {
  const linked = await withFolders('elsewhere');
  await symlink(join(linked, 'elsewhere'), join(linked, 'DCIM'));
  expect(await readTopLevel(linked)).toBe('other');
  const file = await withFolders();
  await writeFile(join(file, 'DCIM'), '');
  expect(await readTopLevel(file)).toBe('other');
});

it('names the medium of a partition by the count of its disk', async () => {
  const root = await withFolders('sys/devices/sda/sda1', 'sys/block', 'card/DCIM', 'own');
  await symlink('../devices/sda', join(root, 'sys/block/8:0'));
  await symlink('../devices/sda/sda1', join(root, 'sys/block/8:1'));
  await writeFile(join(root, 'sys/devices/sda/size'), '4096\n');
  await writeFile(join(root, 'sys/devices/sda/diskseq'), '17\n');
  await writeFile(join(root, 'sys/devices/sda/sda1/size'), '2048\n');
  const mountinfo = join(root, 'mountinfo');
  const card = join(root, 'card');
  await writeFile(
    mountinfo,
    `41 27 8:1 / ${card} ro - vfat /dev/sda1 ro\n42 27 8:2 / ${root}/gone ro - vfat /dev/sda2 ro\n`,
  );
  const evidence = await lookAround(
    { mountinfo, blockDevices: join(root, 'sys/block'), lsblk: async () => '{"blockdevices": []}' },
    { roots: [root], ownFolder: join(root, 'own'), inUse: [] },
  );
  expect(evidence.devices).toEqual(new Map([['8:1', { bytes: 1 << 20, sequence: 17 }]]));
  expect(findPlaces(evidence).map(({ point, medium, stale }) => ({ point, medium, stale }))).toEqual([
    { point: card, medium: '8:1#17', stale: false },
    { point: join(root, 'gone'), medium: undefined, stale: true },
  ]);
});
