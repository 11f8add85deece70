import { join } from 'node:path';
import { nearMiss } from '../config/near-miss.ts';
import { findPluginFolders, folderId, type PluginFolder } from '../plugins/discover.ts';
import type { JsonObject } from '../sdk/contract.ts';
import { distFile } from '../support/paths.ts';

/** Every plugin folder, found without a hub that runs; what ships with the hub goes first, as in the hub. */
export async function localPlugins(dataDir: string): Promise<readonly PluginFolder[]> {
  const roots = [findPluginFolders(distFile('plugins'), true), findPluginFolders(join(dataDir, 'plugins'), false)];
  return (await Promise.all(roots)).flat();
}

/** The folder that `plugins.<id>` of the configuration is about, or in words that there is none. */
export function choosePlugin(
  folders: readonly PluginFolder[],
  id: string,
  written: JsonObject = {},
): PluginFolder | string {
  const name = typeof written['use'] === 'string' ? written['use'] : id;
  const found = folders.find((folder) => folderId(folder) === name);
  return found ?? `there is no plugin ${JSON.stringify(name)}${suggestion(name, folders.map(folderId))}`;
}

export function suggestion(name: string, known: readonly string[]): string {
  const near = nearMiss(name, known);
  if (near) return `; did you mean ${JSON.stringify(near)}?`;
  return known.length > 0 ? `: there are ${known.join(', ')}` : '';
}
