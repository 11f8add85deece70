import { readFile } from 'node:fs/promises';
import { errorCode } from 'cupboard/sdk';

/** The number of a group by its name or number; `undefined` when the system has none of that name. */
export async function groupId(group: string, table = '/etc/group'): Promise<number | undefined> {
  if (/^\d+$/.test(group)) return Number(group);
  const line = (await readFile(table, 'utf8')).split('\n').find((text) => text.startsWith(`${group}:`));
  return line === undefined ? undefined : Number(line.split(':')[2]);
}

/** A folder may be entered by whoever may read the files in it: 0644 gives 0755, 0640 gives 0750. */
export const folderMode = (fileMode: number): number => fileMode | ((fileMode & 0o444) >> 2) | 0o300;

/** Something with a mode and a group: an open file or a folder. */
export interface Owned {
  chmod(mode: number): Promise<void>;
  chown(user: number, group: number): Promise<void>;
}

/** FAT, exFAT and many network disks keep neither: that is no reason not to store a photo there. */
const NO_PERMISSIONS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

/** Sets mode and group as far as the file system has them; a mode given at creation is cut by the umask. */
export async function setOwnership(target: Owned, mode: number, group: number | undefined): Promise<void> {
  const tolerant = (error: unknown) => {
    if (!NO_PERMISSIONS.has(errorCode(error) ?? '')) throw error;
  };
  await target.chmod(mode).catch(tolerant);
  if (group !== undefined) await target.chown(-1, group).catch(tolerant);
}
