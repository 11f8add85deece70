import { isUtf8 } from 'node:buffer';
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { errorText } from 'cupboard/sdk';
import type { FileKind } from '../catalogue.ts';
import { kindOf } from './kinds.ts';

/** A path that may hold bytes which are no text; only the system needs to understand it. */
export type Location = string | Buffer;

export interface ScannedFile {
  /** Relative to the root, for people; bytes that are no text are shown as U+FFFD. */
  readonly path: string;
  readonly location: Location;
  /** Folder relative to the root; empty for the root. */
  readonly folder: string;
  readonly name: string;
  readonly kind: FileKind;
  readonly size: number;
  /** Epoch ms. */
  readonly mtime: number;
}

export interface Scan {
  readonly files: readonly ScannedFile[];
  /** Symbolic links, pipes and the like: never followed, never read. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Folders and files that could not be read. */
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
}

export interface ScanOptions {
  /** Further endings to take. */
  readonly extra?: ReadonlySet<string>;
  /** Only these folders of the root, whatever their case. */
  readonly folders?: readonly string[];
  /** Leave out what was changed within the last so many ms: it may not be all there yet. */
  readonly settledMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What makes a folder a card. */
export const CARD_FOLDERS = ['DCIM', 'PRIVATE', 'MP_ROOT'];
/** Systems put these beside the photos; hidden names are skipped anyway. */
const SYSTEM_FOLDERS = new Set(['system volume information', '$recycle.bin', 'lost+found', '@eadir']);
/** Cameras keep lists and previews here; elsewhere somebody may well call a folder of photos so. */
const CAMERA_FOLDERS = new Set(['misc', 'canonmsc', 'thmbnl']);
const AT_ONCE = 32;

/** Epoch ms of the last change, whole: some file systems keep fractions that others lose. */
export const mtimeOf = ({ mtimeMs }: Stats): number => Math.floor(mtimeMs);

/**
 * Lists what there is to import below a folder, sorted by path. A folder that cannot be read does not keep the others
 * from being listed.
 * @throws the system's error when the root itself cannot be read
 */
export async function scan(root: string, { extra, folders, settledMs = 0, signal }: ScanOptions = {}): Promise<Scan> {
  const files: ScannedFile[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const failed: { path: string; reason: string }[] = [];
  const entriesOf = (location: Location) => readdir(location, { withFileTypes: true, encoding: 'buffer' });

  const top = (await entriesOf(root)).map((entry) => entry.name.toString().toUpperCase());
  const isCard = CARD_FOLDERS.some((name) => top.includes(name));
  const wanted = folders?.map((name) => name.toUpperCase());

  const look = async (entry: Dirent<Buffer>, parent: Location, folder: string): Promise<Location | undefined> => {
    const name = entry.name.toString('utf8');
    const path = folder === '' ? name : `${folder}/${name}`;
    const location = joinLocation(parent, entry.name);
    const kind = kindOf(name, extra);
    if (entry.isSymbolicLink()) skipped.push({ path, reason: 'a symbolic link' });
    else if (entry.isDirectory()) return isSkippedFolder(name, isCard) ? undefined : location;
    else if (kind === undefined) return undefined;
    else if (!entry.isFile()) skipped.push({ path, reason: 'not a regular file' });
    else {
      const stats = await lstat(location);
      // Programs that sync set the time of the photo; when they last wrote, only ctime tells.
      if (settledMs > 0 && Date.now() - stats.ctimeMs < settledMs) return undefined;
      files.push({ path, location, folder, name, kind, size: stats.size, mtime: mtimeOf(stats) });
    }
    return undefined;
  };

  const walk = async (location: Location, folder: string, isRoot: boolean): Promise<void> => {
    signal?.throwIfAborted();
    const entries = (await entriesOf(location)).filter(
      ({ name }) => name[0] !== DOT && (!isRoot || !wanted || wanted.includes(name.toString().toUpperCase())),
    );
    const below: { location: Location; folder: string }[] = [];
    for (let start = 0; start < entries.length; start += AT_ONCE) {
      await Promise.all(
        entries.slice(start, start + AT_ONCE).map(async (entry) => {
          const path = folder === '' ? entry.name.toString() : `${folder}/${entry.name.toString()}`;
          try {
            const next = await look(entry, location, folder);
            if (next !== undefined) below.push({ location: next, folder: path });
          } catch (error) {
            failed.push({ path, reason: errorText(error) });
          }
        }),
      );
    }
    for (const next of below) {
      try {
        await walk(next.location, next.folder, false);
      } catch (error) {
        signal?.throwIfAborted();
        failed.push({ path: next.folder, reason: errorText(error) });
      }
    }
  };
  await walk(root, '', true);
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), skipped, failed };
}

const DOT = 0x2e;

function isSkippedFolder(name: string, isCard: boolean): boolean {
  const folded = name.toLowerCase();
  return SYSTEM_FOLDERS.has(folded) || (isCard && CAMERA_FOLDERS.has(folded));
}

/** Stays text as long as every part is text. */
function joinLocation(parent: Location, name: Buffer): Location {
  if (typeof parent === 'string' && isUtf8(name)) return `${parent}/${name.toString('utf8')}`;
  return Buffer.concat([Buffer.from(parent), Buffer.from('/'), name]);
}
