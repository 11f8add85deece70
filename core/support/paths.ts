import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, whether this runs from dist/ or, under test, from core/. */
export const packageRoot = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

/** A file of the built hub: `distFile('plugin-host.js')`. */
export function distFile(...parts: string[]): string {
  return join(packageRoot, 'dist', ...parts);
}

function findPackageRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('no package.json above the hub: it was not installed as a package');
  return findPackageRoot(parent);
}
