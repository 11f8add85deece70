import { describe, expect, it } from 'vitest';
import { parseMountPoints, unmountedAbove } from '../../../../plugins/photos/ingest/mounts.ts';
import { folderMode, groupId } from '../../../../plugins/photos/ingest/ownership.ts';
import { isSeen } from '../../../../plugins/photos/ingest/seen.ts';
import { writeCard } from '../../../support/camera-files.ts';
import { temporaryFolder } from '../../../support/hub.ts';

const HOUR = 3_600_000;
const seen = { path: 'DCIM/1.JPG', size: 10, mtime: Date.UTC(2016, 1, 1), sha256: '' };

describe('a file seen before', () => {
  it.each([0, HOUR, -HOUR, 0.5 * HOUR, 5.75 * HOUR, 14 * HOUR, -24 * HOUR])('is known shifted by %d ms', (shift) => {
    expect(isSeen(seen, { size: 10, mtime: seen.mtime + shift })).toBe(true);
  });

  it.each([1, 2000, HOUR + 2000, 25 * HOUR])('is another one %d ms later', (shift) => {
    expect(isSeen(seen, { size: 10, mtime: seen.mtime + shift })).toBe(false);
  });

  it('has the same size', () => {
    expect(isSeen(seen, { size: 11, mtime: seen.mtime })).toBe(false);
    expect(isSeen(undefined, seen)).toBe(false);
  });
});

describe('mount points', () => {
  const fstab =
    '# disks\nUUID=1 / ext4 defaults 0 1\n//nas/p /mnt/my\\040nas cifs noauto 0 0\nUUID=2 none swap sw 0 0\n';

  it('are read from fstab', () => {
    expect(parseMountPoints(fstab)).toEqual(['/', '/mnt/my nas']);
  });

  it('that are wanted above a folder and missing are found', async () => {
    const folder = await writeCard(await temporaryFolder(), {
      fstab,
      without: '/dev/sda1 / ext4 rw 0 0\n',
      with: '/dev/sda1 / ext4 rw 0 0\n//nas/p /mnt/my\\040nas cifs rw 0 0\n',
    });
    const tables = (mounted: string) => ({ wanted: `${folder}/fstab`, mounted: `${folder}/${mounted}` });
    expect(await unmountedAbove('/mnt/my nas/photos', tables('without'))).toBe('/mnt/my nas');
    expect(await unmountedAbove('/mnt/my nas', tables('without'))).toBe('/mnt/my nas');
    expect(await unmountedAbove('/mnt/my nasty/photos', tables('without'))).toBeUndefined();
    expect(await unmountedAbove('/mnt/my nas/photos', tables('with'))).toBeUndefined();
  });
});

describe('ownership', () => {
  it('lets into a folder who may read its files', () => {
    expect([0o644, 0o640, 0o600, 0o664].map(folderMode)).toEqual([0o755, 0o750, 0o700, 0o775]);
  });

  it('finds groups by name and number', async () => {
    const folder = await writeCard(await temporaryFolder(), { group: 'root:x:0:\nphoto:x:1004:anna\n' });
    expect(await groupId('photo', `${folder}/group`)).toBe(1004);
    expect(await groupId('100', `${folder}/group`)).toBe(100);
    expect(await groupId('phot', `${folder}/group`)).toBeUndefined();
  });
});
