import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, HubError } from 'cupboard/sdk';
import type { DefinitionFiles } from './definitions.ts';

const MAX_FILES = 500;
const MAX_FILE_BYTES = 1024 ** 2;

/** Values of secrets stand there, and nothing else may read it. */
export const SECRETS_FILE = 'secrets.yaml';

/** Hidden files (an editor's, git's) and the secrets are not part of the definitions. */
export function isDefinitionFile(path: string): boolean {
  return path !== SECRETS_FILE && !path.split('/').some((part) => part.startsWith('.'));
}

/**
 * The texts of a folder and the folders below it; none where there is no such folder. Links are not followed.
 * @throws HubError `definitions_too_large`
 */
export async function readFolder(folder: string): Promise<DefinitionFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const files = new Map<string, string>();
  for (const entry of entries.filter((each) => each.isFile())) {
    const absolute = join(entry.parentPath, entry.name);
    const path = absolute.slice(join(folder, '/').length);
    if (!isDefinitionFile(path)) continue;
    checkSize(path, (await stat(absolute)).size, files.size);
    files.set(path, await readFile(absolute, 'utf8'));
  }
  return files;
}

/** @throws HubError `definitions_too_large` */
export function checkSize(path: string, bytes: number, files: number): void {
  if (bytes > MAX_FILE_BYTES) {
    throw new HubError(
      'definitions_too_large',
      `${path} has ${bytes} bytes; definitions have at most ${MAX_FILE_BYTES}`,
    );
  }
  if (files >= MAX_FILES) throw new HubError('definitions_too_large', `more than ${MAX_FILES} files of definitions`);
}
