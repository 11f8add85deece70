import { text } from 'node:stream/consumers';
import type { Place } from './backup.ts';
import type { Catalogue } from './catalogue.ts';
import { newestOf } from './documents/dated.ts';
import { folderOf } from './documents/entry.ts';
import { MANIFEST, parseManifest } from './documents/manifest.ts';
import type { Wanted } from './restore.ts';
import { TargetError } from './targets/errors.ts';
import type { Target } from './targets/target.ts';

/**
 * What a week (or everything) consists of at a target: from our own books, and where they know nothing of it, as after
 * the loss of this machine, from the manifest that lies with the files. @throws TargetError `not_found` without either
 */
export async function wantedFrom(
  { ledger, target }: Pick<Place, 'ledger' | 'target'>,
  catalogue: Pick<Catalogue, 'get'>,
  week: string | undefined,
  signal: AbortSignal,
): Promise<readonly Wanted[]> {
  const held = ledger.holdings(undefined, true).filter(({ key }) => isIn(week, key));
  if (held.length === 0) return wantedByManifest(target, week, signal);
  return held.map(({ key, path, sha256, size }) => {
    const known = catalogue.get(path);
    return { key, path, sha256, size, ...(known?.sha256 === sha256 && { mtime: known.mtime }) };
  });
}

/** The same with nothing but what the target holds. @throws TargetError `not_found` */
export async function wantedByManifest(
  target: Target,
  week: string | undefined,
  signal: AbortSignal,
): Promise<readonly Wanted[]> {
  const manifest = await newestOf(target, MANIFEST, signal);
  if (manifest === undefined) throw new TargetError('not_found', `there is no ${MANIFEST} at ${target.place}`);
  const lines = parseManifest(await text(await target.get(manifest, 0, signal)));
  const taken = new Set(lines.map(({ path }) => path));
  return lines
    .filter(({ path }) => isIn(week, path))
    .map(({ path: key, sha256 }) => {
      const path = archivePath(key, sha256);
      // Both names in one manifest are two files: of one file it lists the newest copy only.
      return { key, path: taken.has(path) ? key : path, sha256 };
    });
}

const isIn = (week: string | undefined, key: string): boolean => week === undefined || folderOf(key) === week;

/** `P1.JPG` of `P1~89abcdef.JPG`, if that is part of its own hash: the newer copy takes the name back. */
export function archivePath(key: string, sha256: string): string {
  return key.replace(/~([0-9a-f]{8,64})(?=\.[^./]*$|$)/, (mark, digits: string) =>
    sha256.startsWith(digits) ? '' : mark,
  );
}
