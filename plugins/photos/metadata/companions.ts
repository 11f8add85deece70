import { stat } from 'node:fs/promises';
import { containerOf, extensionOf } from './tags.ts';

const VIDEO = /^(avi|mov|mp4|m4v|mts|m2ts|mpg|mpeg|mod|tod|3gp)$/;
const NOT_DESCRIBED = /^(xmp|xml|thm|lrv|wav|mp3|log|aae)$/;

/** The `.xmp` beside a file whose metadata is not written in place: `IMG_1.CR2.xmp`, `IMG_1.xmp`. */
export async function sidecarOf(path: string): Promise<string | undefined> {
  const extension = extensionOf(path);
  if (containerOf(path) !== undefined || extension === '' || NOT_DESCRIBED.test(extension)) return undefined;
  const stem = path.slice(0, -extension.length - 1);
  return firstFile([`${path}.xmp`, `${path}.XMP`, `${stem}.xmp`, `${stem}.XMP`]);
}

/** The thumbnail that cameras put beside a video; it has EXIF where the video has none. */
export async function thumbnailOf(path: string): Promise<string | undefined> {
  const extension = extensionOf(path);
  if (!VIDEO.test(extension)) return undefined;
  const stem = path.slice(0, -extension.length - 1);
  return firstFile([`${stem}.THM`, `${stem}.thm`]);
}

async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) return path;
  }
  return undefined;
}
