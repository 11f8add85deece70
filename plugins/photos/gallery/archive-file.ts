import { lstat, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { errorCode } from 'cupboard/sdk';

/** What the catalogue knows of a file and its place. */
export interface CataloguedFile {
  /** Relative to the archive. */
  readonly path: string;
  readonly size: number;
  /** Epoch ms. */
  readonly mtime: number;
  readonly current_sha256: string;
}

/** A file as it lies in the archive now. */
export interface ArchiveFile {
  /** Absolute; no part of it below the archive is a symbolic link. */
  readonly path: string;
  readonly size: number;
  /** Names the content: its SHA-256 while the file is as the catalogue knows it, else its size and time. */
  readonly version: string;
}

/**
 * Finds a file of the archive. Undefined when it is not there, is no file, or is reached through a symbolic link: such
 * a path may lead out of the archive, and nothing outside it is for the page.
 * @throws Error of the file system, as when the disk is failing
 */
export async function findInArchive(archive: string, row: CataloguedFile): Promise<ArchiveFile | undefined> {
  try {
    const root = await realpath(archive);
    const path = join(root, row.path);
    if (!path.startsWith(root + sep) || (await realpath(path)) !== path) return undefined;
    const found = await lstat(path);
    if (!found.isFile()) return undefined;
    const isKnown = found.size === row.size && Math.abs(found.mtimeMs - row.mtime) < 2;
    const version = isKnown
      ? row.current_sha256
      : `${found.size.toString(16)}-${Math.floor(found.mtimeMs).toString(16)}`;
    return { path, size: found.size, version };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
