import { mkdir, mkdtemp, readdir, readlink, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { HubError } from '../support/errors.ts';
import { syncFolder } from '../support/files.ts';
import { exists, fetchPlugin, installDependencies, type Origin, originOf } from './fetch.ts';
import { readManifest } from './manifest.ts';

/** Names of folders in work begin with a dot: the hub does not look at them. */
const STAGE = '.installing-';
const REPLACED = '.replaced-';
const REMOVED = '.removed-';
/** The version of before: `rollBack` brings it back. */
const PREVIOUS = '.previous-';

export interface InstallOptions {
  readonly pluginsFolder: string;
  /** Ids that ship with the hub. */
  readonly taken: readonly string[];
  /** Whether npm may run the scripts of the packages that the plugin depends on. */
  readonly allowScripts?: boolean;
}

export interface Installed {
  readonly id: string;
  readonly origin: Origin;
  /** Whether there was another version, which `rollBack` brings back. */
  readonly isUpgrade: boolean;
}

/**
 * Puts a plugin into `pluginsFolder`, whole or not at all, in place of an earlier version, which is kept beside.
 * @param source folder, .tgz, package of npm or address of a git repository
 * @throws ManifestError, HubError `install_source` | `install_taken`
 */
export async function installPlugin(
  source: string,
  { pluginsFolder, taken, allowScripts = false }: InstallOptions,
): Promise<Installed> {
  const wanted = await originOf(source);
  await mkdir(pluginsFolder, { recursive: true });
  const stage = await mkdtemp(join(pluginsFolder, STAGE));
  try {
    const { folder, origin } = await fetchPlugin(stage, wanted);
    const { id } = await readManifest(folder);
    if (taken.includes(id))
      throw new HubError('install_taken', `the id ${id} belongs to a plugin that ships with the hub`);
    await refuseLinksOut(folder);
    await installDependencies(folder, allowScripts);
    const isUpgrade = await exists(join(pluginsFolder, id));
    await replaceFolder(folder, join(pluginsFolder, id));
    return { id, origin, isUpgrade };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/**
 * Changes places with the version of before, so that a second time undoes the first.
 * @throws HubError `no_previous`
 */
export async function rollBack(folder: string): Promise<void> {
  const previous = beside(folder, PREVIOUS);
  if (!(await exists(previous))) {
    throw new HubError('no_previous', `there is no earlier version of ${basename(folder)} to go back to`);
  }
  await replaceFolder(previous, folder);
}

/** Takes a plugin's folder away at once, then deletes it, and the version of before too. */
export async function removeInstalled(folder: string): Promise<void> {
  await rm(beside(folder, PREVIOUS), { recursive: true, force: true });
  const gone = beside(folder, REMOVED);
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
      // Cut between the renames of a replacement: the earlier version is the only one there is, or is to be kept.
      if (!(await exists(original))) await rename(path, original);
      else await keep(path, original);
    } else if (name.startsWith(STAGE) || name.startsWith(REMOVED)) {
      await rm(path, { recursive: true, force: true });
    }
  }
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

/** The earlier version stays beside, to go back to. */
async function replaceFolder(staged: string, target: string): Promise<void> {
  const replaced = beside(target, REPLACED);
  await rm(replaced, { recursive: true, force: true });
  if (await exists(target)) await rename(target, replaced);
  await rename(staged, target);
  await syncFolder(dirname(target));
  if (await exists(replaced)) await keep(replaced, target);
}

async function keep(replaced: string, target: string): Promise<void> {
  await rm(beside(target, PREVIOUS), { recursive: true, force: true });
  await rename(replaced, beside(target, PREVIOUS));
  await syncFolder(dirname(target));
}

const beside = (folder: string, prefix: string) => join(dirname(folder), `${prefix}${basename(folder)}`);
