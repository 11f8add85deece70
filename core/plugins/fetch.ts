import { execFile } from 'node:child_process';
import { cp, lstat, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { errorCode, errorText, HubError } from '../support/errors.ts';

const run = promisify(execFile);
const FETCH_MS = 10 * 60 * 1000;

/** Where a plugin comes from: a folder or archive of this machine, a git repository, or a package of npm. */
export type Origin =
  | { readonly kind: 'folder' | 'archive'; readonly source: string }
  | { readonly kind: 'git'; readonly source: string; readonly commit?: string }
  | { readonly kind: 'npm'; readonly source: string };

const GIT = /^(git\+\w+:\/\/|git@|(https?|ssh|file):\/\/.+\.git$)/;
/** A package, scoped or not, with a version or tag if wished. */
const NPM = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(@[\w.^~<>=*+ -]+)?$/;

/** Tells what a source is. What exists on the disk is that. @throws HubError `install_source` */
export async function originOf(source: string): Promise<Origin> {
  const found = await stat(source).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new HubError('install_source', `${source} cannot be read: ${errorText(error)}`, { cause: error });
  });
  if (found?.isDirectory()) return { kind: 'folder', source };
  if (found && /\.(tgz|tar\.gz)$/.test(source)) return { kind: 'archive', source };
  if (!found && GIT.test(source)) return { kind: 'git', source: source.replace(/^git\+/, '') };
  if (!found && NPM.test(source)) return { kind: 'npm', source };
  throw new HubError(
    'install_source',
    `expected a folder or a .tgz that exists, a package of npm or the address of a git repository, got ${source}`,
  );
}

/** Brings a plugin into a folder of the hub. @returns the folder with plugin.json, and the origin, a commit included */
export async function fetchPlugin(stage: string, origin: Origin): Promise<{ folder: string; origin: Origin }> {
  const target = join(stage, 'plugin');
  if (origin.kind === 'folder') {
    await cp(origin.source, target, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => basename(path) !== '.git',
    });
    return { folder: target, origin };
  }
  if (origin.kind === 'git') return { folder: target, origin: await clone(origin.source, target) };
  const archive = origin.kind === 'npm' ? await download(origin.source, stage) : resolve(origin.source);
  await mkdir(target);
  // Debian's tar refuses absolute names and `..` by itself.
  const args = ['-xzf', archive, '-C', target, '--no-same-owner', '--no-same-permissions'];
  await run('tar', args).catch((error: unknown) => {
    throw new HubError('install_source', `${origin.source} could not be unpacked: ${errorText(error)}`, {
      cause: error,
    });
  });
  return { folder: await folderWithManifest(target), origin };
}

async function clone(source: string, target: string): Promise<Origin> {
  try {
    const env = { ...process.env, GIT_TERMINAL_PROMPT: '0' };
    await run('git', ['clone', '--quiet', '--depth', '1', '--', source, target], { env, timeout: FETCH_MS });
    const { stdout } = await run('git', ['-C', target, 'rev-parse', 'HEAD']);
    await rm(join(target, '.git'), { recursive: true });
    return { kind: 'git', source, commit: stdout.trim() };
  } catch (error) {
    throw new HubError('install_source', `${source} could not be cloned: ${lastLine(error)}`, { cause: error });
  }
}

async function download(name: string, stage: string): Promise<string> {
  try {
    const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', stage, name];
    const { stdout } = await run('npm', args, { cwd: stage, timeout: FETCH_MS });
    return join(stage, stdout.trim().split('\n').at(-1) ?? '');
  } catch (error) {
    throw new HubError('install_source', `npm has no ${name} for us: ${lastLine(error)}`, { cause: error });
  }
}

/**
 * Installs the packages that the plugin depends on into its own node_modules, unless it brought that along.
 * @param allowScripts whether packages may run what they like while they are installed
 */
export async function installDependencies(folder: string, allowScripts: boolean): Promise<void> {
  if (!(await exists(join(folder, 'package.json'))) || (await exists(join(folder, 'node_modules')))) return;
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Readonly<Record<string, string>>;
  };
  if (Object.keys(dependencies).length === 0) return;
  const how = (await exists(join(folder, 'package-lock.json'))) ? 'clean-install' : 'install';
  const args = [how, '--omit=dev', '--no-audit', '--no-fund', ...(allowScripts ? [] : ['--ignore-scripts'])];
  await run('npm', args, { cwd: folder, timeout: FETCH_MS }).catch((error: unknown) => {
    throw new HubError('install_source', `its packages could not be installed: ${lastLine(error)}`, { cause: error });
  });
}

/** What is newer at the origin; `undefined` where nothing is or nobody can tell. @throws HubError `install_source` */
export async function newerAt(origin: Origin, version: string): Promise<string | undefined> {
  try {
    if (origin.kind === 'npm') {
      const name = origin.source.replace(/(?<=.)@[^/]*$/, '');
      const latest = (await run('npm', ['view', name, 'version'], { timeout: FETCH_MS })).stdout.trim();
      return latest === version ? undefined : latest;
    }
    if (origin.kind === 'git') {
      const env = { ...process.env, GIT_TERMINAL_PROMPT: '0' };
      const { stdout } = await run('git', ['ls-remote', '--', origin.source, 'HEAD'], { env, timeout: FETCH_MS });
      const [commit] = stdout.split('\t');
      return commit === origin.commit ? undefined : commit?.slice(0, 12);
    }
    return undefined;
  } catch (error) {
    throw new HubError('install_source', `${origin.source} was not reached: ${lastLine(error)}`, { cause: error });
  }
}

/** `npm pack` and the archives of code hosts wrap everything in one folder. */
async function folderWithManifest(unpacked: string): Promise<string> {
  if (await exists(join(unpacked, 'plugin.json'))) return unpacked;
  const [only, ...others] = await readdir(unpacked);
  return only !== undefined && others.length === 0 ? join(unpacked, only) : unpacked;
}

/** What git or npm said last, rather than how it was called: an address may carry a password. */
const lastLine = (error: unknown) =>
  ((error as { stderr?: string }).stderr ?? errorText(error)).trim().split('\n').at(-1) ?? 'no reason given';

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
