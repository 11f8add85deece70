import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, BuildOptions, Message, OnResolveArgs, OnResolveResult, Plugin } from 'esbuild';
import { HubError } from '../support/errors.ts';
import { writeFileAtomic } from '../support/files.ts';
import { distFile } from '../support/paths.ts';

const SOURCES = new Set(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json', '.css']);

/** Where a module runs: in the plugin's process, or as its panel in the page. */
type Platform = 'node' | 'browser';

/**
 * Makes one JavaScript file of a user's plugin module, TypeScript or not, in a cache keyed by content. `cupboard/sdk`
 * becomes the hub's own; packages are taken from the plugin's node_modules when it runs, or bundled for the browser.
 * @returns path of the JavaScript file; its source map lies beside it
 * @throws HubError `bundle_failed` with file:line of every error
 */
export async function bundleModule(options: {
  readonly folder: string;
  readonly entry: string;
  readonly cache: string;
  readonly platform?: Platform;
}): Promise<string> {
  const folder = await realpath(options.folder);
  const name = options.entry.replaceAll(/[^A-Za-z0-9]+/g, '-');
  const file = join(options.cache, `${name}.${await contentKey(folder)}.mjs`);
  if (!existsSync(file)) {
    await mkdir(options.cache, { recursive: true });
    await removeOlder(options.cache, name);
    await build(folder, join(folder, options.entry), file, options.platform ?? 'node');
  }
  return file;
}

let building = 0;

async function build(folder: string, entry: string, file: string, platform: Platform): Promise<void> {
  const esbuild = await import('esbuild');
  building += 1;
  try {
    const { outputFiles } = await esbuild.build({
      absWorkingDir: folder,
      entryPoints: [entry],
      outfile: file,
      write: false,
      bundle: true,
      format: 'esm',
      platform,
      logLevel: 'silent',
      plugins: [pluginResolver(folder, platform)],
      ...(platform === 'node' ? nodeOptions(entry) : BROWSER_OPTIONS),
    });
    const map = outputFiles.find((output) => output.path.endsWith('.map'));
    const code = outputFiles.find((output) => output.path === file);
    if (map) await writeFile(map.path, map.contents);
    // Last and atomic: where the code is, its map is, and both are whole.
    await writeFileAtomic(file, code?.contents ?? '');
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (!errors) throw error;
    throw new HubError('bundle_failed', errors.map(describe).join('\n'), { cause: error });
  } finally {
    building -= 1;
    // The compiler is a process of some 20 MB; the next changed plugin starts it again within 100 ms.
    if (building === 0) await esbuild.stop();
  }
}

function nodeOptions(entry: string): Omit<BuildOptions, 'write'> {
  return {
    target: `node${process.versions.node}`,
    sourcemap: true,
    sourcesContent: false,
    // The code runs from the cache, but what it opens beside itself lies in its folder.
    define: {
      'import.meta.url': JSON.stringify(pathToFileURL(entry).href),
      'import.meta.filename': JSON.stringify(entry),
      'import.meta.dirname': JSON.stringify(dirname(entry)),
    },
  };
}

/** As the panels that ship with the hub are built; the map is within, because only one file is served. */
const BROWSER_OPTIONS: Omit<BuildOptions, 'write'> = {
  target: 'es2022',
  sourcemap: 'inline',
  loader: { '.css': 'text' },
};

/** `index.ts:3:7: Expected ";" but found "}"`. */
function describe({ location, text }: Message): string {
  return location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text;
}

function pluginResolver(folder: string, platform: Platform): Plugin {
  const RESOLVED = Symbol('already asked');
  return {
    name: 'cupboard',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^cupboard\/sdk$/ }, () => ({
        path: pathToFileURL(distFile('sdk.js')).href,
        external: true,
      }));
      onResolve({ filter: /.*/ }, async (asked: OnResolveArgs): Promise<OnResolveResult | undefined> => {
        if (asked.pluginData === RESOLVED || asked.kind === 'entry-point') return undefined;
        const { importer, resolveDir, kind, path } = asked;
        const found = await resolve(path, { importer, resolveDir, kind, pluginData: RESOLVED });
        if (found.external) return { path, external: true }; // built into Node
        const isPackage = !path.startsWith('.') && !path.startsWith('/');
        if (found.errors.length > 0) return { errors: isPackage ? [{ text: notInstalled(path) }] : found.errors };
        // In a process packages run as they were installed, native modules and all; only the plugin's own files are bundled.
        if (isPackage && platform === 'node') return { path: pathToFileURL(found.path).href, external: true };
        return isWithin(folder, found.path)
          ? undefined
          : { errors: [{ text: `${path} lies outside the plugin's folder` }] };
      });
    },
  };
}

const notInstalled = (name: string) => `the package "${name}" is not installed: run npm install in the plugin's folder`;

function isWithin(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== '' && !inside.startsWith('..');
}

/** Changes when any source of the plugin, its place, the hub's SDK or Node does. */
async function contentKey(folder: string): Promise<string> {
  const hash = createHash('sha256').update(`${folder}\0${distFile('sdk.js')}\0${process.versions.node}\0`);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && SOURCES.has(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(folder, file).split('/').includes('node_modules'))
    .sort();
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(await readFile(file))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

async function removeOlder(cache: string, name: string): Promise<void> {
  const older = (await readdir(cache)).filter((file) => basename(file).startsWith(`${name}.`));
  await Promise.all(older.map((file) => rm(join(cache, file), { force: true })));
}
