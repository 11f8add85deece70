import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from 'cupboard/sdk';
import type { Element } from './resolve.ts';

/** Looks for elements in folders, the first that has one of the name wins. */
export function elementFinder(folders: readonly string[]): (name: string) => Promise<Element | undefined> {
  return async (name) => {
    // A name is a folder of its own, never a path.
    if (!/^[\w][\w.+-]*$/.test(name)) return undefined;
    for (const parent of folders) {
      const folder = join(parent, name);
      if (!(await isFolder(folder))) continue;
      const [deps, provides] = await Promise.all([names(folder, 'element-deps'), names(folder, 'element-provides')]);
      return { name, folder, deps, provides };
    }
    return undefined;
  };
}

/** A file of names, one a line, `#` beginning a comment. */
async function names(folder: string, file: string): Promise<readonly string[]> {
  const text = (await readIfThere(join(folder, file))) ?? '';
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean);
}

/** The text of a file; `undefined` = there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
