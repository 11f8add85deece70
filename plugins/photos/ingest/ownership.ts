import { readFile } from 'node:fs/promises';

/** The number of a group by its name or number; `undefined` when the system has none of that name. */
export async function groupId(group: string, table = '/etc/group'): Promise<number | undefined> {
  if (/^\d+$/.test(group)) return Number(group);
  const line = (await readFile(table, 'utf8')).split('\n').find((text) => text.startsWith(`${group}:`));
  return line === undefined ? undefined : Number(line.split(':')[2]);
}

/** A folder may be entered by whoever may read the files in it: 0644 gives 0755, 0640 gives 0750. */
export const folderMode = (fileMode: number): number => fileMode | ((fileMode & 0o444) >> 2) | 0o300;
