import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The plugin's own folder with its manifest and data files: the same from the sources and from the built bundle. */
export const PLUGIN_FOLDER = ascend(dirname(fileURLToPath(import.meta.url)));

function ascend(folder: string): string {
  return existsSync(join(folder, 'plugin.json')) || folder === dirname(folder) ? folder : ascend(dirname(folder));
}
