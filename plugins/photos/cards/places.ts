import type { Mount } from './mountinfo.ts';
import type { Volume } from './volumes.ts';

/** Where a card can be read: a mount, or a folder that the user named. */
export interface Place {
  /** The same as long as the same thing stays mounted there. */
  readonly key: string;
  readonly point: string;
  readonly volume?: Volume;
  /** Names the medium in the device: another after the card was changed. Absent where no block device is behind it. */
  readonly medium?: string;
  /** The plugin mounted it, and unmounts it. */
  readonly ours: boolean;
  /** It is still mounted, but the medium is gone: on FAT its folders list as empty, without an error. */
  readonly stale: boolean;
}

/** What the kernel says of a block device. */
export interface BlockDevice {
  readonly bytes: number;
  /** Counts the media that this machine has seen; 0 where the kernel is too old to count (before 5.15). */
  readonly sequence: number;
}

/** Everything that was looked at, so that deciding needs no further look. */
export interface Evidence {
  readonly mounts: readonly Mount[];
  readonly volumes: readonly Volume[];
  /** By `major:minor`; a device that is gone is not in it. */
  readonly devices: ReadonlyMap<string, BlockDevice>;
  /** What is mounted at or below these may be a card, whatever it sits on. */
  readonly roots: readonly string[];
  /** Those of the roots that hold a camera's folders themselves, mounted or not. */
  readonly cardFolders: readonly string[];
  /** Where the plugin mounts. */
  readonly ownFolder: string;
  /** Archive and data: what they lie on is no card. */
  readonly inUse: readonly string[];
}

export const isWithin = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** The name of the medium in a device, or undefined when the device is gone or empty. */
export function mediumOf(device: string, devices: Evidence['devices']): string | undefined {
  const found = devices.get(device);
  return found === undefined || found.bytes === 0 ? undefined : `${device}#${found.sequence}`;
}

/** Is this medium still in its device? */
export const isPresent = (medium: string, devices: Evidence['devices']) =>
  mediumOf(medium.slice(0, medium.indexOf('#')), devices) === medium;

/** Every place where a card may be; whether one is there only its folders can tell. */
export function findPlaces(evidence: Evidence): Place[] {
  const { mounts, cardFolders } = evidence;
  // Of several mounts on one point only the last can be reached.
  const reachable = [...new Map(mounts.map((mount) => [mount.point, mount])).values()];
  const places = reachable.filter((mount) => mayBeCard(mount, evidence)).map((mount) => placeOf(mount, evidence));
  const folders = cardFolders
    .filter((folder) => !reachable.some(({ point }) => point === folder))
    .map((folder) => ({ key: `folder ${folder}`, point: folder, ours: false, stale: false }));
  return [...places, ...folders];
}

function mayBeCard(mount: Mount, { volumes, roots, ownFolder, inUse }: Evidence): boolean {
  if (mount.type === 'autofs' || mount.point === '/') return false;
  if (isWithin(mount.point, ownFolder)) return true;
  if (inUse.some((path) => isWithin(path, mount.point))) return false;
  if (roots.some((root) => isWithin(mount.point, root))) return true;
  return volumes.some(({ device, removable }) => removable && device === mount.device);
}

function placeOf(mount: Mount, { volumes, devices, ownFolder }: Evidence): Place {
  const medium = mediumOf(mount.device, devices);
  const volume = volumes.find(({ device }) => device === mount.device);
  return {
    key: `${mount.id} ${mount.device} ${mount.point}`,
    point: mount.point,
    ...(volume !== undefined && { volume }),
    ...(medium !== undefined && { medium }),
    ours: isWithin(mount.point, ownFolder),
    stale: !mount.device.startsWith('0:') && medium === undefined,
  };
}
