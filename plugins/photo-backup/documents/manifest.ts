import { compare } from './entry.ts';

/** File name of a manifest, in every folder and at the root. */
export const MANIFEST = 'MANIFEST.sha256';

export interface ManifestLine {
  readonly sha256: string;
  /** Relative to the folder the manifest lies in. */
  readonly path: string;
}

/**
 * What `sha256sum -c MANIFEST.sha256` reads in the manifest's folder: hash, two spaces, path. A path with a backslash
 * or a line end in it is escaped and its line begins with a backslash (GNU coreutils manual, "md5sum invocation").
 */
export function renderManifest(lines: Iterable<ManifestLine>): string {
  return [...lines]
    .toSorted((a, b) => compare(a.path, b.path))
    .map(({ sha256, path }) => {
      const escaped = path.replace(/[\\\n\r]/g, (character) => ESCAPES[character] as string);
      return `${escaped === path ? '' : '\\'}${sha256}  ${escaped}\n`;
    })
    .join('');
}

/** The lines of a manifest, also one made by `sha256sum` itself; what is no such line is left out. */
export function parseManifest(text: string): readonly ManifestLine[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, isEscaped, sha256, path] = /^(\\?)([0-9a-f]{64}) [ *](.+)$/i.exec(line) ?? [];
    if (sha256 === undefined || path === undefined) return [];
    const plain = isEscaped ? path.replace(/\\[\\nr]/g, (pair) => UNESCAPES[pair] as string) : path;
    return [{ sha256: sha256.toLowerCase(), path: plain }];
  });
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };
const UNESCAPES = Object.fromEntries(Object.entries(ESCAPES).map(([plain, escaped]) => [escaped, plain]));
