import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Makes a program of a test's TypeScript that runs by itself, anywhere and as anyone; answers its path. */
export async function bundle(source: string, folder: string): Promise<string> {
  const outfile = join(folder, basename(source).replace(/ts$/, 'cjs'));
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'warning',
    alias: { 'cupboard/sdk': './core/sdk/index.ts' },
  });
  return outfile;
}
