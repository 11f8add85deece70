import { expect, it } from 'vitest';
import { decide, type Hold } from '../../../../plugins/photos/cards/decide.ts';
import { parseMountinfo } from '../../../../plugins/photos/cards/mountinfo.ts';
import type { BlockDevice, Evidence } from '../../../../plugins/photos/cards/places.ts';
import { parseVolumes } from '../../../../plugins/photos/cards/volumes.ts';

// Captured on Debian 12 with a USB stick and a loop device; shortened to the lines that matter.
const MOUNTINFO = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:40 / /media rw,relatime - autofs systemd-1 rw,fd=55
41 40 8:1 / /media/my\\040card ro,nosuid,nodev,noexec,relatime shared:2 master:1 - vfat /dev/sda1 ro,utf8
42 27 7:0 / /srv/loop ro,relatime - ext4 /dev/loop0 ro,norecovery
43 27 0:51 / /mnt/nas rw,relatime - nfs4 nas:/photos rw
`;

const row = (path: string, device: string, more: object) => ({
  path,
  'maj:min': device,
  type: 'part',
  fstype: null,
  uuid: null,
  label: null,
  rm: false,
  hotplug: false,
  size: 1000,
  mountpoints: [null],
  ...more,
});
const LSBLK = JSON.stringify({
  blockdevices: [
    row('/dev/vda', '254:0', { type: 'disk', fstype: 'ext4', mountpoints: ['/'] }),
    row('/dev/sda', '  8:0', {
      type: 'disk',
      rm: true,
      hotplug: true,
      children: [
        row('/dev/sda1', '  8:1', { fstype: 'vfat', uuid: '1234-ABCD', label: 'EOS', mountpoints: ['/media/my card'] }),
      ],
    }),
    row('/dev/mmcblk0', '179:0', {
      type: 'disk',
      hotplug: true,
      children: [
        row('/dev/mmcblk0p1', '179:1', { fstype: 'vfat' }),
        row('/dev/mmcblk0p2', '179:2', { fstype: 'ext4', mountpoints: ['/'] }),
      ],
    }),
    row('/dev/sdb', '  8:16', { type: 'disk', hotplug: true, fstype: 'exfat', uuid: 'AA', label: null }),
    row('/dev/sdc', '  8:32', { type: 'disk', rm: true, fstype: 'crypto_LUKS' }),
    row('/dev/sdd', '  8:48', { type: 'disk', rm: true, size: 0, fstype: 'vfat' }),
    row('/dev/loop0', '  7:0', { type: 'loop', fstype: 'ext4', mountpoints: ['/srv/loop'] }),
  ],
});

const DEVICES: [string, BlockDevice][] = ['254:0', '8:1', '8:16', '8:32', '7:0', '179:1', '179:2'].map(
  (device, index) => [device, { bytes: 1000, sequence: index }],
);

const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  mounts: parseMountinfo(MOUNTINFO),
  volumes: parseVolumes(LSBLK),
  devices: new Map(DEVICES),
  roots: [],
  cardFolders: [],
  ownFolder: '/data/photos/cards',
  inUse: ['/data/photos', '/mnt/nas/archive'],
  ...more,
});

/** The actions as words: what and where. */
const plan = (seen: Evidence, holds: Hold[] = [], mount: 'auto' | 'never' = 'auto') =>
  decide(seen, holds, { mount }).map((action) => {
    if (action.do === 'open') return `open ${action.place.point}`;
    if (action.do === 'mount') return `mount ${action.volume.path}`;
    if (action.do === 'unmount') return `unmount ${action.point}`;
    return `close ${action.hold.place ?? action.hold.medium}${action.stale ? ' stale' : ''}${action.staysIn ? ' stays in' : ''}`;
  });

it('reads mounts with any number of optional fields and with a space in the name', () => {
  const [card] = parseMountinfo(MOUNTINFO).filter(({ device }) => device === '8:1');
  expect(card).toEqual({ id: 41, device: '8:1', point: '/media/my card', type: 'vfat', source: '/dev/sda1' });
  expect(parseMountinfo('41 40 8:1 / /media/half a line\n\n')).toEqual([]);
});

it('leaves out what is encrypted into something else, empty, or part of the system’s own card', () => {
  const removable = parseVolumes(LSBLK).filter((volume) => volume.removable);
  expect(removable.map(({ path }) => path)).toEqual(['/dev/sda1', '/dev/sdb', '/dev/sdc']);
});

it('opens removable mounts and mounts removable cards that nobody mounted', () => {
  expect(plan(evidence())).toEqual(['open /media/my card', 'mount /dev/sdb']);
  expect(plan(evidence(), [], 'never')).toEqual(['open /media/my card']);
});

it('takes whatever is mounted below a root of the user, and a root that is a card itself', () => {
  expect(plan(evidence({ roots: ['/srv'], cardFolders: ['/srv/card'] }), [], 'never')).toEqual([
    'open /media/my card',
    'open /srv/loop',
    'open /srv/card',
  ]);
});

it('never takes the disk that the archive lies on for a card', () => {
  expect(plan(evidence({ roots: ['/mnt/nas'] }), [], 'never')).toEqual(['open /media/my card']);
});

it('asks for nothing more once its actions are done', () => {
  const holds = [{ place: '41 8:1 /media/my card', medium: '8:1#1' }, { medium: '8:16#2' }];
  expect(plan(evidence(), holds)).toEqual([]);
});

it('closes a card that is unmounted, and does not mount it again while it stays in', () => {
  const holds = [{ place: '41 8:1 /media/my card', medium: '8:1#1' }, { medium: '8:16#2' }];
  const mounts = parseMountinfo(MOUNTINFO).filter(({ id }) => id !== 41);
  expect(plan(evidence({ mounts }), holds)).toEqual(['close 41 8:1 /media/my card stays in']);
});

it('knows a mount whose card was pulled, or changed in its reader, for stale', () => {
  const holds = [{ place: '41 8:1 /media/my card', medium: '8:1#1' }, { medium: '8:16#2' }];
  const pulled = new Map(DEVICES.filter(([device]) => device !== '8:1'));
  expect(plan(evidence({ devices: pulled }), holds)).toEqual(['close 41 8:1 /media/my card stale']);
  const empty = new Map([...DEVICES, ['8:1', { bytes: 0, sequence: 1 }] as const]);
  expect(plan(evidence({ devices: empty }), holds)).toEqual(['close 41 8:1 /media/my card stale']);
  const changed = new Map([...DEVICES, ['8:1', { bytes: 1000, sequence: 9 }] as const]);
  expect(plan(evidence({ devices: changed }), holds)).toEqual(['close 41 8:1 /media/my card stale']);
  expect(plan(evidence({ devices: pulled }))).toEqual(['mount /dev/sdb']);
});

it('cleans up a mount of its own that outlived its card, and goes on with one that outlived the plugin', () => {
  const mounts = [{ id: 60, device: '8:1', point: '/data/photos/cards/sda1', type: 'vfat', source: '/dev/sda1' }];
  expect(plan(evidence({ mounts, volumes: [], devices: new Map() }))).toEqual(['unmount /data/photos/cards/sda1']);
  expect(plan(evidence({ mounts, volumes: [] }))).toEqual(['open /data/photos/cards/sda1']);
});

it('lets go of a card that is done with when it leaves its slot', () => {
  const mounts = parseMountinfo(MOUNTINFO).filter(({ id }) => id !== 41);
  const holds = [{ medium: '8:16#2' }];
  const pulled = new Map(DEVICES.filter(([device]) => device !== '8:16'));
  const volumes = parseVolumes(LSBLK).filter(({ device }) => device !== '8:16');
  expect(plan(evidence({ mounts, devices: pulled, volumes }), holds, 'never')).toEqual(['close 8:16#2']);
});
