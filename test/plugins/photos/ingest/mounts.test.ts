import { describe, expect, it } from 'vitest';
import { parseMountPoints, unmountedAbove } from '../../../../plugins/photos/ingest/mounts.ts';
import { writeCard } from '../../../support/camera-files.ts';
import { temporaryFolder } from '../../../support/hub.ts';

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
