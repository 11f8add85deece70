import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

/** Mount points of a table such as /etc/fstab or /proc/mounts, where a space is written `\040`. */
export function parseMountPoints(table: string): string[] {
  return table
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/)[1] ?? '')
    .filter((point) => point.startsWith('/'))
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}

/** The mount point at or above `folder` that /etc/fstab names and that is not mounted, if there is one. */
export async function unmountedAbove(
  folder: string,
  tables: { readonly wanted: string; readonly mounted: string } = { wanted: '/etc/fstab', mounted: '/proc/mounts' },
): Promise<string | undefined> {
  const read = async (file: string) => parseMountPoints(await readFile(file, 'utf8').catch(() => ''));
  const [wanted, mounted] = await Promise.all([read(tables.wanted), read(tables.mounted)]);
  return wanted.find(
    (point) => point !== '/' && `${resolve(folder)}/`.startsWith(`${point}/`) && !mounted.includes(point),
  );
}
