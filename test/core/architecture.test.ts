import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/support/paths.ts';

interface Source {
  readonly path: string;
  readonly imports: readonly { readonly from: string; readonly isTypeOnly: boolean }[];
  readonly text: string;
}

/** Every TypeScript file below a folder with what it imports, comments taken out. */
function sourcesOf(folder: string): Source[] {
  return readdirSync(join(packageRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      const found = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g);
      const imports = [...found].map((match) => ({
        from: match[1] as string,
        isTypeOnly: /(?:import|export) type\b[^;]*$/.test(text.slice(0, match.index)),
      }));
      return { path: relative(packageRoot, file), imports, text };
    });
}

const pluginIds = readdirSync(join(packageRoot, 'plugins'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** The files that import something which `isAllowed` refuses. */
function offenders(
  folder: string,
  isAllowed: (from: string, source: Source, isTypeOnly: boolean) => boolean,
): string[] {
  return sourcesOf(folder).flatMap((source) =>
    source.imports
      .filter(({ from, isTypeOnly }) => !isAllowed(from, source, isTypeOnly))
      .map(({ from }) => `${source.path} imports ${from}`),
  );
}

/** Where a relative import leads, from the root of the project. */
const target = (from: string, source: Source): string =>
  relative(packageRoot, join(packageRoot, source.path, '..', from));

describe('imports run one way', () => {
  it('plugins import the SDK, packages and their own folder', () => {
    const own = (source: Source) => source.path.split('/').slice(0, 2).join('/');
    const wrong = offenders('plugins', (from, source) =>
      from.startsWith('.')
        ? target(from, source).startsWith(`${own(source)}/`)
        : !from.startsWith('cupboard') || from === 'cupboard/sdk' || from === 'cupboard/sdk/panel',
    );
    expect(wrong).toEqual([]);
  });

  it('core imports no plugin and not the page', () => {
    const wrong = offenders(
      'core',
      (from, source) => !from.startsWith('.') || target(from, source).startsWith('core/'),
    );
    expect(wrong).toEqual([]);
  });

  it('the page imports neither, but for the types of the panel contract', () => {
    const wrong = offenders('web', (from, source, isTypeOnly) => {
      if (from.startsWith('.')) return target(from, source).startsWith('web/');
      return !from.startsWith('cupboard') || (from.startsWith('cupboard/sdk') && isTypeOnly);
    });
    expect(wrong).toEqual([]);
  });

  it('the broker library is known to core/broker alone', () => {
    const wrong = offenders(
      'core',
      (from, source) => !/^(aedes|mqemitter)/.test(from) || source.path.startsWith('core/broker/'),
    );
    expect(wrong).toEqual([]);
  });
});

it('core names no plugin', () => {
  const named = sourcesOf('core').flatMap(({ path, text }) =>
    pluginIds.filter((id) => new RegExp(`['"\`/]${id}['"\`/]`).test(text)).map((id) => `${path} names ${id}`),
  );
  expect(named).toEqual([]);
});

it('every plugin folder has what the others have', () => {
  const missing = pluginIds.flatMap((id) => {
    const files = readdirSync(join(packageRoot, 'plugins', id));
    return ['plugin.json', 'index.ts', 'README.md', 'demo.json']
      .filter((file) => !files.includes(file))
      .map((file) => `${id}/${file}`);
  });
  expect(missing).toEqual([]);
});
