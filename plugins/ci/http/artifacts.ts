import { lstat, opendir, realpath } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { errorCode } from 'cupboard/sdk';
import type { Request, Response } from 'express';

export interface Artifact {
  /** Below the workspace. */
  readonly path: string;
  readonly bytes: number;
}

const LISTED_AT_MOST = 5000;

/**
 * What a browser may show. A job's file is a stranger's: text is sent as plain text, pages and drawings with scripts in
 * them (HTML, SVG, XML, PDF) are offered for download only.
 */
const SHOWN: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  ...Object.fromEntries(
    ['.txt', '.log', '.md', '.json', '.yaml', '.yml', '.csv', '.diff', '.patch', '.ini'].map((name) => [
      name,
      'text/plain; charset=utf-8',
    ]),
  ),
};

/** The files below a folder, by path; links are neither listed nor followed. */
export async function listArtifacts(folder: string): Promise<{ artifacts: readonly Artifact[]; more: boolean }> {
  const artifacts: Artifact[] = [];
  const walk = async (at: string): Promise<boolean> => {
    for await (const entry of await opendir(at)) {
      const path = join(at, entry.name);
      if (entry.isDirectory() && (await walk(path))) return true;
      if (!entry.isFile()) continue;
      if (artifacts.length === LISTED_AT_MOST) return true;
      artifacts.push({ path: relative(folder, path), bytes: (await lstat(path)).size });
    }
    return false;
  };
  const more = await walk(folder);
  return { artifacts: artifacts.sort((a, b) => (a.path < b.path ? -1 : 1)), more };
}

/** The real path of a file below a folder; `undefined` where there is none, or it leads out, by `..` or by a link. */
export async function findArtifact(folder: string, path: string): Promise<string | undefined> {
  if (path.includes('\0')) return undefined;
  try {
    const root = await realpath(folder);
    const file = await realpath(resolve(root, path));
    return file.startsWith(root + sep) && (await lstat(file)).isFile() ? file : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Sends a file, or the range of it asked for, in a way that never runs. */
export function sendArtifact(request: Pick<Request, 'query'>, response: Response, file: string): void {
  const name = basename(file);
  const type = SHOWN[extname(name).toLowerCase()];
  if (type === undefined || request.query['download'] !== undefined) response.attachment(name);
  response.set({
    'content-type': type ?? 'application/octet-stream',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
  });
  response.sendFile(name, { root: dirname(file), dotfiles: 'allow', cacheControl: false }, (error) => {
    if (error && !response.headersSent) response.status((error as { status?: number }).status ?? 500).end();
  });
}
