// Builds everything into dist/: the hub with its workers, the plugins, the page and the types of the SDK.
// `npm start` runs this every time. esbuild is quick enough to run always; Vite and tsc are skipped while
// their sources are older than their output.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build as esbuild } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(root, ...parts);
const node = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
};

export async function buildAll() {
  await mkdir(at('dist'), { recursive: true });
  await Promise.all([buildHub(), ...pluginIds().map(buildPlugin)]);
  if (isStale('dist/types/core/sdk/index.d.ts', ['core/sdk', 'core/support'])) await buildTypes();
  if (isStale('dist/web/index.html', ['web'])) await buildWeb();
}

async function buildHub() {
  const { dependencies } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  await esbuild({
    ...node,
    // MQTT.js is bundled: as 200 files it costs every plugin process 100 ms of its start. It is CommonJS, hence `require`.
    packages: 'bundle',
    external: Object.keys(dependencies).filter((name) => name !== 'mqtt'),
    banner: {
      js: "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);",
    },
    splitting: true,
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    entryPoints: {
      cupboard: 'core/cli.ts',
      'store-worker': 'core/support/store-worker.ts',
      'recorder-worker': 'core/recorder/worker.ts',
      'plugin-host': 'core/plugins/host.ts',
      guardian: 'core/plugins/guardian.ts',
      'stack-probe': 'core/plugins/stack-probe.ts',
      sdk: 'core/sdk/index.ts',
    },
  });
  await chmod(at('dist/cupboard.js'), 0o755);
}

/** The folders of `plugins/` that have a manifest. */
function pluginIds() {
  return readdirSync(at('plugins')).filter((id) => existsSync(at('plugins', id, 'plugin.json')));
}

/**
 * Makes dist/plugins/<id> from plugins/<id>: the manifest's TypeScript entries bundled to JavaScript, its panel for the
 * browser, everything that is not TypeScript copied. The hub then meets a plugin like one a user dropped in.
 */
async function buildPlugin(id) {
  const manifest = JSON.parse(readFileSync(at('plugins', id, 'plugin.json'), 'utf8'));
  const outdir = at('dist/plugins', id);
  const entries = [manifest.main, ...Object.values(manifest.programs ?? {}).map((program) => program.main)].filter(
    Boolean,
  );
  await cp(at('plugins', id), outdir, {
    recursive: true,
    filter: (source) => !source.endsWith('.ts') && !source.endsWith('.css') && basename(source) !== 'panel',
  });
  const source = (file) => at('plugins', id, file);
  await esbuild({
    ...node,
    entryPoints: entries.map(source),
    outdir,
    outbase: at('plugins', id),
    external: ['cupboard/sdk'],
  });
  if (manifest.panel) {
    await esbuild({
      absWorkingDir: root,
      bundle: true,
      format: 'esm',
      target: 'es2022',
      minify: true,
      sourcemap: true,
      logLevel: 'warning',
      tsconfig: at('web/tsconfig.json'),
      loader: { '.css': 'text' },
      // What a panel imports on demand (a map, a terminal) is a file of its own.
      splitting: true,
      chunkNames: 'panel/[name]-[hash]',
      entryPoints: [source(manifest.panel)],
      outdir,
    });
  }
  const built = JSON.stringify(
    manifest,
    (key, value) => (key === 'main' || key === 'panel' ? compiledName(value) : value),
    2,
  );
  await writeFile(join(outdir, 'plugin.json'), `${built}\n`);
}

const compiledName = (file) => (typeof file === 'string' ? file.replace(/\.ts$/, '.js') : file);

async function buildTypes() {
  const { default: ts } = await import('typescript');
  const config = ts.getParsedCommandLineOfConfigFile(
    at('tsconfig.json'),
    {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      incremental: false,
      outDir: at('dist/types'),
      rootDir: root,
    },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (problem) => {
        throw new Error(String(problem.messageText));
      },
    },
  );
  const { tsBuildInfoFile: _, ...options } = config.options;
  const program = ts.createProgram([at('core/sdk/index.ts'), at('core/sdk/panel.ts')], options);
  program.emit();
}

async function buildWeb() {
  const { build } = await import('vite');
  await build({ root: at('web'), configFile: at('web/vite.config.ts'), logLevel: 'warn' });
}

/** True when `output` is missing or older than any file below `sources`. */
function isStale(output, sources) {
  if (!existsSync(at(output))) return true;
  const builtAt = statSync(at(output)).mtimeMs;
  const files = sources.flatMap((folder) =>
    readdirSync(at(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...files, at('package-lock.json')].some((file) => statSync(file).mtimeMs > builtAt);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await buildAll();
