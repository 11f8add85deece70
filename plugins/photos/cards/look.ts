import { execFile } from 'node:child_process';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from 'cupboard/sdk';
import { parseMountinfo } from './mountinfo.ts';
import type { BlockDevice, Evidence } from './places.ts';
import { LSBLK_COLUMNS, parseVolumes } from './volumes.ts';

/** Where the kernel and lsblk tell of mounts and devices; tests name others. */
export interface Sources {
  readonly mountinfo: string;
  /** Folder with an entry `major:minor` for each block device. */
  readonly blockDevices: string;
  /** Answers what lsblk prints for `LSBLK_COLUMNS`. */
  readonly lsblk: () => Promise<string>;
}

export const SYSTEM: Sources = {
  mountinfo: '/proc/self/mountinfo',
  blockDevices: '/sys/dev/block',
  lsblk: async () => {
    const program = promisify(execFile)('lsblk', ['--json', '--bytes', '--output', LSBLK_COLUMNS], { timeout: 20_000 });
    return (await program).stdout;
  },
};

/** No cards but those in folders: nobody's real card goes into a simulated archive. */
export const NO_DEVICES: Sources = {
  mountinfo: '/dev/null',
  blockDevices: '/dev/null',
  lsblk: async () => '{"blockdevices": []}',
};

/** Looks at everything once. @throws where /proc or lsblk cannot be read */
export async function lookAround(
  sources: Sources,
  settings: Pick<Evidence, 'roots' | 'ownFolder' | 'inUse'>,
): Promise<Evidence> {
  // In this order: what is mounted now, lsblk then knows.
  const mounts = parseMountinfo(await readFile(sources.mountinfo, 'utf8'));
  const volumes = parseVolumes(await sources.lsblk());
  const numbers = new Set([...mounts, ...volumes].map(({ device }) => device).filter((device) => !/^0:/.test(device)));
  const tops = await Promise.all(settings.roots.map(readTopLevel));
  const cardFolders = settings.roots.filter((_, index) => tops[index] === 'card');
  const found = await Promise.all([...numbers].map((device) => readDevice(join(sources.blockDevices, device))));
  const devices = new Map([...numbers].flatMap((device, index) => (found[index] ? [[device, found[index]]] : [])));
  return { mounts, volumes, devices, cardFolders, ...settings };
}

const SECTOR = 512;

async function readDevice(folder: string): Promise<BlockDevice | undefined> {
  const number = (file: string) =>
    // Not joined: `folder` is a link, and the way up is that of the kernel's tree.
    readFile(`${folder}/${file}`, 'utf8').then(
      (text) => Number(text),
      () => undefined, // gone since, or a kernel without it
    );
  const sectors = await number('size');
  if (sectors === undefined) return undefined;
  // A partition has its disk's count: the folder of the disk is the one around it.
  return { bytes: sectors * SECTOR, sequence: (await number('diskseq')) ?? (await number('../diskseq')) ?? 0 };
}

/** What a place looks like from the top. `unreadable`: the device fails; what only others may read is `other`. */
export type TopLevel = 'card' | 'other' | 'unreadable';

/** Does a camera's folder stand at the top: DCIM, PRIVATE/AVCHD or MP_ROOT? A link to one does not count. */
export async function readTopLevel(point: string): Promise<TopLevel> {
  try {
    const names = await readdir(point);
    const candidates = names.filter((name) => /^(DCIM|PRIVATE|MP_ROOT)$/i.test(name));
    const folders = await Promise.all(candidates.map((name) => folderOfCamera(point, name)));
    return folders.includes(true) ? 'card' : 'other';
  } catch (error) {
    return errorCode(error) === 'EIO' ? 'unreadable' : 'other';
  }
}

async function folderOfCamera(point: string, name: string): Promise<boolean> {
  const folder = join(point, name);
  if (!(await lstat(folder)).isDirectory()) return false;
  return !/^PRIVATE$/i.test(name) || (await readdir(folder)).some((inner) => /^AVCHD$/i.test(inner));
}
