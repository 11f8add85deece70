import { execFile } from 'node:child_process';
import { cp, lstat, mkdir, mkdtemp, readdir, readlink, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { errorCode, errorText, HubError } from '../support/errors.ts';
import { syncFolder } from '../support/files.ts';
import { readManifest } from './manifest.ts';

const run = promisify(execFile);

/** Names of folders in work begin with a dot: the hub does not look at them. */
const STAGE = '.installing-';
const REPLACED = '.replaced-';
const REMOVED = '.removed-';

/**
 * Puts a plugin folder or a .tgz of one into `pluginsFolder`, whole or not at all, in place of an earlier version.
 * @returns the plugin's id
 * @throws ManifestError, HubError `install_source` | `install_taken`
 */
export async function installPlugin(source: string, pluginsFolder: string, taken: readonly string[]): Promise<string> {
  await mkdir(pluginsFolder, { recursive: true });
  const stage = await mkdtemp(join(pluginsFolder, STAGE));
  try {
    const folder = await fetchInto(stage, source);
    const { id } = await readManifest(folder);
    if (taken.includes(id))
      throw new HubError('install_taken', `the id ${id} belongs to a plugin that ships with the hub`);
    await refuseLinksOut(folder);
    await replaceFolder(folder, join(pluginsFolder, id));
    return id;
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Takes a plugin's folder away at once, then deletes it. */
export async function removeInstalled(folder: string): Promise<void> {
  const gone = join(dirname(folder), `${REMOVED}${basename(folder)}`);
  await rm(gone, { recursive: true, force: true });
  await rename(folder, gone);
  await syncFolder(dirname(folder));
  await rm(gone, { recursive: true, force: true });
}

/** Finishes or takes back what a power cut interrupted. */
export async function recoverInstallations(pluginsFolder: string): Promise<void> {
  for (const name of await readdir(pluginsFolder)) {
    const path = join(pluginsFolder, name);
    if (name.startsWith(REPLACED)) {
      const original = join(pluginsFolder, name.slice(REPLACED.length));
      // Cut between the two renames of a replacement: the earlier version is the only one there is.
      if (!(await exists(original))) await rename(path, original);
      else await rm(path, { recursive: true, force: true });
    } else if (name.startsWith(STAGE) || name.startsWith(REMOVED)) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function fetchInto(stage: string, source: string): Promise<string> {
  const target = join(stage, 'plugin');
  if ((await kindOf(source)) === 'folder') {
    await cp(source, target, { recursive: true, verbatimSymlinks: true, filter: (path) => basename(path) !== '.git' });
    return target;
  }
  await mkdir(target);
  try {
    // Debian's tar refuses absolute names and `..` by itself.
    await run('tar', ['-xzf', resolve(source), '-C', target, '--no-same-owner', '--no-same-permissions']);
  } catch (error) {
    throw new HubError('install_source', `${source} could not be unpacked: ${errorText(error)}`, { cause: error });
  }
  return folderWithManifest(target);
}

async function kindOf(source: string): Promise<'folder' | 'archive'> {
  try {
    if ((await stat(source)).isDirectory()) return 'folder';
  } catch (error) {
    throw new HubError('install_source', `${source} cannot be read: ${errorText(error)}`, { cause: error });
  }
  if (/\.(tgz|tar\.gz)$/.test(source)) return 'archive';
  throw new HubError('install_source', `expected a folder or a .tgz, got ${source}`);
}

/** `npm pack` and the archives of code hosts wrap everything in one folder. */
async function folderWithManifest(unpacked: string): Promise<string> {
  if (await exists(join(unpacked, 'plugin.json'))) return unpacked;
  const [only, ...others] = await readdir(unpacked);
  return only !== undefined && others.length === 0 ? join(unpacked, only) : unpacked;
}

async function refuseLinksOut(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(entry.parentPath, entry.name);
    const target = resolve(entry.parentPath, await readlink(link));
    if (relative(folder, target).startsWith('..')) {
      throw new HubError(
        'install_source',
        `${relative(folder, link)} is a link to ${target}, outside the plugin's folder`,
      );
    }
  }
}

async function replaceFolder(staged: string, target: string): Promise<void> {
  const replaced = join(dirname(target), `${REPLACED}${basename(target)}`);
  await rm(replaced, { recursive: true, force: true });
  if (await exists(target)) await rename(target, replaced);
  await rename(staged, target);
  await syncFolder(dirname(target));
  await rm(replaced, { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
