import { mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { HubError, type Requester, syncFolder } from 'cupboard/sdk';

/**
 * The file a command names: in the folder `files` of the plugin's data, for admins anywhere. Recordings and key logs lie
 * beside that folder, not in it.
 * @throws HubError `file_forbidden`
 */
export function resolveFile(dataDir: string, file: string, from: Requester): string {
  const folder = join(dataDir, 'files');
  const path = resolve(folder, file);
  if (!from.admin && !path.startsWith(folder + sep)) {
    throw new HubError('file_forbidden', `${file} is outside ${folder}: only an admin may name it`);
  }
  return path;
}

/**
 * Writes a new file, its folder where it is missing, and waits until it is on the disk; one that exists is left alone.
 * @throws Error of the system, `EEXIST` among them
 */
export async function writeNewFile(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}
