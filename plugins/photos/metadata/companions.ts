import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { isCompanion, kindOf } from '../ingest/kinds.ts';
import { containerOf, extensionOf } from './tags.ts';

/** The `.xmp` beside a file whose metadata is not written in place: `IMG_1.CR2.xmp`, `IMG_1.xmp`. */
export async function sidecarOf(path: string): Promise<string | undefined> {
  const kind = kindOf(basename(path));
  if (kind === undefined || isCompanion(kind) || containerOf(path) !== undefined) return undefined;
  return findSidecar(path);
}

/** The `.xmp` beside any file. */
export const findSidecar = (path: string): Promise<string | undefined> =>
  firstFile([path, stemOf(path)].flatMap((name) => [`${name}.xmp`, `${name}.XMP`]));

/** The thumbnail that cameras put beside a video; it has EXIF where the video has none. */
export async function thumbnailOf(path: string): Promise<string | undefined> {
  if (kindOf(basename(path)) !== 'video') return undefined;
  return firstFile([`${stemOf(path)}.THM`, `${stemOf(path)}.thm`]);
}

/** The path without its ending. */
export const stemOf = (path: string): string => path.slice(0, -extensionOf(path).length - 1);

async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) return path;
  }
  return undefined;
}
