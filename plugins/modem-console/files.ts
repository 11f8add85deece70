import { open } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { HubError, type Requester, syncFolder } from 'cupboard/sdk';

/**
 * The file a command names: relative to the data folder, for admins anywhere.
 * @throws HubError `file_forbidden`
 */
export function resolveFile(dataDir: string, file: string, from: Requester): string {
  const path = resolve(dataDir, file);
  if (!from.admin && relative(dataDir, path).startsWith('..')) {
    throw new HubError('file_forbidden', `${file} is outside the plugin's data folder: only an admin may name it`);
  }
  return path;
}

/**
 * Writes a new file and waits until it is on the disk; one that exists is left alone.
 * @throws Error of the system, `EEXIST` among them
 */
export async function writeNewFile(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}
