import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, syncFolder } from 'cupboard/sdk';
import { hashFile, placeFile } from '../ingest/copy.ts';
import type { FolderSettings } from '../ingest/folders.ts';
import { mtimeOf } from '../ingest/scan.ts';
import type { ExifTool } from './exiftool.ts';
import { hashImage } from './image-data.ts';
import { declaresUtf8, isUndeclaredUtf8 } from './iptc-text.ts';
import { containerOf, extensionOf, type TagValues } from './tags.ts';

/** The write is not accepted: the file is as it was. */
export class RewriteError extends Error {
  constructor(
    readonly reason: 'image_changed' | 'file_changed' | 'rot',
    message: string,
  ) {
    super(message);
  }
}

/** A new version of a file, complete and on disk, not yet in its place. */
export interface Staged {
  /** SHA-256 of the new version. */
  readonly sha256: string;
  readonly size: number;
  /** Epoch ms. */
  readonly mtime: number;
  readonly warnings: readonly string[];
  /**
   * Puts it in place: a power cut leaves the old or the new file, never a part.
   * @throws RewriteError `file_changed` when the file was changed meanwhile
   */
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** Files that a write in progress leaves behind when it is killed, in the staging folder. */
const STAGED = 'metadata-';

/**
 * Writes tags into a copy of a file and proves that the image data is the same.
 * @param staging a folder on the same file system
 * @param known SHA-256 that the file must have unless it was edited since (`mtime` and `size` tell)
 * @throws RewriteError, ExifToolError, CannotProveError and errors of the file system
 */
export async function stageRewrite(
  exiftool: ExifTool,
  path: string,
  staging: string,
  tags: TagValues,
  known: { readonly sha256: string; readonly size: number; readonly mtime: number },
): Promise<Staged> {
  const before = await stat(path);
  const hashes = await hashImage(path, exiftool);
  const looksUntouched = before.size === known.size && mtimeOf(before) === known.mtime;
  if (hashes.file !== known.sha256 && looksUntouched) {
    throw new RewriteError('rot', 'its content is not what was archived, though nobody changed it: restore it first');
  }
  return staged(staging, path, async (output) => {
    const encoding = await iptcEncoding(exiftool, path);
    const source = encoding === 'utf8' ? path : `${output}.utf8.${extensionOf(path)}`;
    if (encoding !== 'utf8') await translateIptc(exiftool, path, source, encoding);
    const warnings = await exiftool.write(source, output, tags, ['-api', 'LargeFileSupport=1']);
    if (source !== path) await rm(source);
    const after = await hashImage(output, exiftool);
    if (after.image !== hashes.image) {
      throw new RewriteError('image_changed', 'ExifTool would have changed the image data: nothing was written');
    }
    await utimes(output, before.atime, before.mtime);
    await chmod(output, before.mode & 0o7777);
    // Without the right to do so the file belongs to whom the hub runs as.
    await chown(output, before.uid, before.gid).catch(() => undefined);
    const commit = async () => {
      const now = await stat(path);
      if (now.ino !== before.ino || now.size !== before.size || now.mtimeMs !== before.mtimeMs) {
        throw new RewriteError('file_changed', 'another program changed the file meanwhile: nothing was written');
      }
      await rename(output, path);
    };
    return { sha256: after.file, warnings, commit };
  });
}

/**
 * Writes tags into a sidecar, made if it is not there; everything else that is in it stays.
 * @param made mode and group of a new one
 * @throws ExifToolError and errors of the file system
 */
export async function stageSidecar(
  exiftool: ExifTool,
  path: string,
  staging: string,
  tags: TagValues,
  made: FolderSettings,
): Promise<Staged> {
  const before = await stat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  return staged(staging, path, async (output) => {
    const warnings =
      before === undefined ? await exiftool.create(output, tags) : await exiftool.write(path, output, tags);
    const commit = async () => {
      if (before === undefined) return placeFile(output, path); // EEXIST: somebody was faster
      const now = await stat(path);
      if (now.ino !== before.ino || now.mtimeMs !== before.mtimeMs) {
        throw new RewriteError('file_changed', 'another program changed the sidecar meanwhile: nothing was written');
      }
      await rename(output, path);
    };
    await chmod(output, before === undefined ? made.mode : before.mode & 0o7777);
    if (before === undefined && made.group !== undefined) await chown(output, -1, made.group);
    return { sha256: (await hashFile(output)).sha256, warnings, commit };
  });
}

/** Removes what killed writes left in the staging folder. */
export async function sweepStaged(staging: string): Promise<void> {
  const names = await readdir(staging).catch(() => []);
  for (const name of names.filter((name) => name.startsWith(STAGED))) await rm(join(staging, name), { force: true });
}

interface Written {
  readonly sha256: string;
  readonly warnings: readonly string[];
  readonly commit: () => Promise<void>;
}

async function staged(staging: string, path: string, write: (output: string) => Promise<Written>): Promise<Staged> {
  await mkdir(staging, { recursive: true });
  const output = join(staging, `${STAGED}${randomBytes(6).toString('hex')}.${extensionOf(path)}`);
  try {
    const written = await write(output);
    const file = await open(output, 'r');
    await file.sync().finally(() => file.close());
    const made = await stat(output);
    return {
      sha256: written.sha256,
      size: made.size,
      mtime: mtimeOf(made),
      warnings: written.warnings,
      commit: async () => {
        await written.commit();
        await syncFolder(dirname(path));
      },
      discard: () => rm(output, { force: true }),
    };
  } catch (error) {
    await rm(output, { force: true });
    throw error;
  }
}

/** How the IPTC of a file is written; a file without any counts as `utf8`. */
async function iptcEncoding(exiftool: ExifTool, path: string): Promise<'utf8' | 'undeclared_utf8' | 'latin'> {
  if (containerOf(path) !== 'exif_iptc_xmp') return 'utf8';
  const tags = await exiftool.read(path, ['-IPTC:all']);
  const texts = Object.entries(tags).filter(([name]) => name.startsWith('IPTC:'));
  if (texts.length === 0 || declaresUtf8(tags)) return 'utf8';
  return isUndeclaredUtf8(texts.flat(2).join('')) ? 'undeclared_utf8' : 'latin';
}

/** To set IPTC's character set does not translate the texts that are there: they are copied onto themselves. */
async function translateIptc(exiftool: ExifTool, path: string, output: string, from: 'undeclared_utf8' | 'latin') {
  const charset = from === 'latin' ? 'Latin' : 'UTF8';
  const options = ['-charset', `iptc=${charset}`, '-tagsfromfile', '@', '-iptc:all'];
  await exiftool.write(path, output, { 'IPTC:CodedCharacterSet': 'UTF8' }, options);
}
