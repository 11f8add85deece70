import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { JsonObject } from '../sdk/contract.ts';
import { errorCode, ManifestError, type Problem } from '../support/errors.ts';
import type { Manifest } from './contract.ts';
import { readManifest } from './manifest.ts';

/** A folder that holds a plugin, or should. */
export interface PluginFolder {
  readonly folder: string;
  readonly firstParty: boolean;
  /** Absent when plugin.json cannot be used; `problems` says why. */
  readonly manifest?: Manifest;
  readonly problems: readonly Problem[];
  /** Changes when a file in the folder does. */
  readonly fingerprint: string;
  /** Config for `--demo`. */
  readonly demo?: JsonObject;
}

/** What is found in a folder of plugins; hidden folders are drafts of an installation or a scaffold. */
export async function findPluginFolders(root: string, firstParty: boolean): Promise<PluginFolder[]> {
  const names = await folderNames(root);
  return Promise.all(names.map((name) => readPluginFolder(join(root, name), firstParty)));
}

async function readPluginFolder(folder: string, firstParty: boolean): Promise<PluginFolder> {
  // What ships with the hub changes only with the hub.
  const fingerprint = firstParty ? '' : await fingerprintOf(folder);
  try {
    const manifest = await readManifest(folder);
    const demo = firstParty ? await readDemo(folder) : undefined;
    return { folder, firstParty, manifest, problems: [], fingerprint, ...(demo && { demo }) };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return { folder, firstParty, problems: error.problems, fingerprint };
  }
}

async function readDemo(folder: string): Promise<JsonObject | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'demo.json'), 'utf8')) as JsonObject;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Calls back with the name of a folder below `root` in which something was added, changed or removed, once nothing has
 * happened there for `quietMs`: a copy in progress is not looked at.
 */
export async function watchPluginFolders(
  root: string,
  onChange: (name: string) => void,
  quietMs = 500,
): Promise<FSWatcher> {
  const timers = new Map<string, NodeJS.Timeout>();
  const watcher = watch(root, { ignoreInitial: true, ignored: (path) => isIgnored(relative(root, path)) });
  watcher.on('all', (_event, path) => {
    const [name] = relative(root, path).split('/');
    if (!name) return;
    clearTimeout(timers.get(name));
    timers.set(
      name,
      setTimeout(() => {
        timers.delete(name);
        onChange(name);
      }, quietMs),
    );
  });
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  return watcher;
}

/** Installed packages and caches: changed by tools, in numbers, and never the plugin's own doing. */
function isIgnored(path: string): boolean {
  return path.split('/').some((part) => part === 'node_modules' || part === '__pycache__' || part.startsWith('.'));
}

async function folderNames(root: string): Promise<string[]> {
  try {
    const names = (await readdir(root)).filter((name) => !isIgnored(name)).sort();
    const isFolder = await Promise.all(names.map(async (name) => (await stat(join(root, name))).isDirectory()));
    return names.filter((_, index) => isFolder[index]);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function fingerprintOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.filter((path) => !isIgnored(relative(folder, path))).sort()) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${relative(folder, file)}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest('hex');
}

/** The name by which an unusable folder is listed. */
export const folderId = ({ folder, manifest }: PluginFolder) => manifest?.id ?? basename(folder);
