import { basename, dirname } from 'node:path/posix';
import { errorCode, errorText } from 'cupboard/sdk';
import type { Catalogue, CatalogueFile } from '../catalogue.ts';
import type { Archive } from '../ingest/archive.ts';
import { hashFile } from '../ingest/copy.ts';
import type { FolderSettings } from '../ingest/folders.ts';
import { SHIFTED_TAGS, shiftDates, shiftWallClock, toExifDate } from './clock.ts';
import { findSidecar, stemOf } from './companions.ts';
import type { Edit, EditQueue, QueuedEdit, Written } from './edits.ts';
import { type ExifTool, ExifToolMissingError } from './exiftool.ts';
import { follow } from './follow.ts';
import { CannotProveError } from './image-data.ts';
import { moveShot } from './move.ts';
import { type Staged, stageRewrite, stageSidecar } from './rewrite.ts';
import { isPicture } from './selection.ts';
import { type Changes, type Container, containerOf, extensionOf, planTags, tidyKeywords } from './tags.ts';

export interface EditResult {
  readonly path: string;
  readonly outcome: 'changed' | 'skipped' | 'failed';
  /** Why it was skipped or failed. */
  readonly reason?: string;
  /** The file beside it that was written, where its format cannot hold the metadata. */
  readonly sidecar?: string;
  /** IPTC fields that hold only the beginning of the text. */
  readonly shortened?: readonly string[];
  readonly warnings?: readonly string[];
}

export interface EditParts {
  readonly catalogue: Catalogue;
  readonly archive: Archive;
  readonly exiftool: ExifTool;
  readonly queue: EditQueue;
  /** Of folders and files that are made. */
  readonly folderSettings: FolderSettings;
  readonly fileSettings: FolderSettings;
  /** Folder of unfinished files, on the file system of the archive. */
  readonly staging: string;
}

/**
 * Does one edit, or finishes one that a crash interrupted, and takes it off the queue. The catalogue agrees with the
 * file whenever this is cut off: what the file is to become is noted first, then the file is put in place, then the
 * catalogue follows in one transaction with the queue.
 * @throws ExifToolMissingError; everything else is the file's own failure and in the result
 */
export async function applyEdit(queued: QueuedEdit, parts: EditParts): Promise<EditResult> {
  try {
    const result = await attempt(queued, parts);
    if (result.outcome !== 'changed') parts.queue.remove(queued.id);
    return result;
  } catch (error) {
    if (error instanceof ExifToolMissingError) throw error;
    parts.queue.remove(queued.id);
    return { path: queued.path, outcome: 'failed', reason: reasonOf(error) };
  }
}

const reasonOf = (error: unknown): string =>
  errorCode(error) === 'EEXIST' ? 'another program made the sidecar meanwhile: nothing was written' : errorText(error);

async function attempt(queued: QueuedEdit, parts: EditParts): Promise<EditResult> {
  const { path, edit, written } = queued;
  const { catalogue, queue } = parts;
  const file = catalogue.find(path);
  if (edit.kind === 'move') {
    if (file === undefined) return { path, outcome: 'failed', reason: NOT_KNOWN };
    await moveShot(file.shot, edit.folder, parts, () => queue.remove(queued.id));
    return { path, outcome: 'changed' };
  }
  if (file === undefined) return { path, outcome: 'failed', reason: NOT_KNOWN };
  if (written !== undefined && (await isInPlace(written, parts))) {
    follow(file, queued, changesFor(edit, file) as Changes, written, parts);
    return { path, outcome: 'changed' };
  }
  if (file.state === 'missing' || file.state === 'rot') {
    return { path, outcome: 'failed', reason: `its state is ${file.state}: restore it first` };
  }
  const changes = changesFor(edit, file);
  if (typeof changes === 'string') return { path, outcome: 'skipped', reason: changes };
  return write(file, queued, changes, parts);
}

export const NOT_KNOWN = 'it is not in the catalogue';

/** What an edit changes in a file, or why it leaves the file alone. */
export function changesFor(edit: Exclude<Edit, { kind: 'move' }>, file: CatalogueFile): Changes | string {
  if (edit.kind === 'shift') return file.captured === null ? 'it has no date' : {};
  if (edit.kind === 'keywords') {
    const kept = file.keywords.filter((word) => !edit.remove.includes(word));
    const keywords = tidyKeywords([...kept, ...edit.add]);
    return sameList(keywords, file.keywords) ? 'nothing changes' : { keywords };
  }
  const { changes, overwrite } = edit;
  if (changes.position !== undefined && !overwrite && file.latitude !== null) return HAS_POSITION;
  return isAlready(changes, file) ? 'nothing changes' : changes;
}

const HAS_POSITION = 'it has a position: overwrite replaces it';
const sameList = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((word, index) => word === b[index]);

/** To write what is there already would change the file, and so cost a new upload, for nothing. */
function isAlready({ title, caption, keywords, position }: Changes, file: CatalogueFile): boolean {
  return (
    (title === undefined || title === file.title) &&
    (caption === undefined || caption === file.caption) &&
    (keywords === undefined || sameList(keywords, file.keywords)) &&
    (position === undefined ||
      (position.latitude === file.latitude &&
        position.longitude === file.longitude &&
        (position.altitude ?? null) === file.altitude))
  );
}

async function write(file: CatalogueFile, queued: QueuedEdit, changes: Changes, parts: EditParts): Promise<EditResult> {
  const { path } = file;
  const { exiftool, archive, queue } = parts;
  const { edit } = queued;
  const isShift = edit.kind === 'shift';
  if (isShift && !isPicture(file) && extensionOf(path) !== 'thm') {
    follow(file, queued, changes, undefined, parts); // a voice note goes with its shot and holds no date
    return { path, outcome: 'changed' };
  }
  if (edit.kind === 'write' && changes.position !== undefined && !edit.overwrite) {
    // The catalogue may not know yet what somebody wrote into the file.
    const tags = await exiftool.read(archive.absolute(path), ['-GPSLatitude']);
    if (tags['Composite:GPSLatitude'] !== undefined) return { path, outcome: 'skipped', reason: HAS_POSITION };
  }
  const { staged, target, shortened } = await stage(file, changes, isShift ? edit.seconds : 0, parts);
  const written: Written = { target, sha256: staged.sha256, size: staged.size, mtime: staged.mtime };
  try {
    queue.note(queued.id, written);
    await staged.commit();
  } catch (error) {
    await staged.discard();
    throw error;
  }
  follow(file, queued, changes, written, parts);
  return {
    path,
    outcome: 'changed',
    ...(target !== path && { sidecar: target }),
    ...(shortened.length > 0 && { shortened }),
    ...(staged.warnings.length > 0 && { warnings: staged.warnings }),
  };
}

interface Prepared {
  readonly staged: Staged;
  readonly target: string;
  readonly shortened: readonly string[];
}

/** In place where the format allows it and the picture can be shown to stay as it is, else in a sidecar. */
async function stage(file: CatalogueFile, changes: Changes, shift: number, parts: EditParts): Promise<Prepared> {
  const { exiftool, archive, staging } = parts;
  const container = containerOf(file.path);
  if (container !== undefined) {
    try {
      const path = archive.absolute(file.path);
      const raw = shift === 0 ? {} : await shiftedDates(file, container, shift, parts);
      const { tags, shortened } = planTags({ ...changes, raw }, container);
      const known = { sha256: file.currentSha256, size: file.size, mtime: file.mtime };
      return { staged: await stageRewrite(exiftool, path, staging, tags, known), target: file.path, shortened };
    } catch (error) {
      if (!(error instanceof CannotProveError)) throw error;
    }
  }
  const target = await sidecarFor(file.path, parts);
  const captured = shift === 0 || file.captured === null ? undefined : shiftWallClock(file.captured, shift);
  const date = captured === undefined ? undefined : `${toExifDate(captured)}${file.utcOffset ?? ''}`;
  const raw = date === undefined ? {} : { 'XMP-exif:DateTimeOriginal': date, 'XMP-photoshop:DateCreated': date };
  const { tags, shortened } = planTags({ ...changes, raw }, 'xmp');
  return {
    staged: await stageSidecar(exiftool, archive.absolute(target), staging, tags, parts.fileSettings),
    target,
    shortened,
  };
}

/** What a clock set in the file, corrected; a date read from elsewhere, such as the name, is written as the file's own. */
async function shiftedDates(
  file: CatalogueFile,
  container: Container,
  seconds: number,
  { exiftool, archive }: EditParts,
) {
  const tags = await exiftool.read(
    archive.absolute(file.path),
    SHIFTED_TAGS.map((tag) => `-${tag}`),
  );
  const shifted = shiftDates(tags, seconds);
  if (Object.keys(shifted).length > 0) return shifted;
  const group = container === 'quicktime' ? 'XMP-exif' : 'EXIF';
  return { [`${group}:DateTimeOriginal`]: toExifDate(shiftWallClock(file.captured as string, seconds) as string) };
}

/** The sidecar that is there (`IMG_1.CR2.xmp`, `IMG_1.xmp`), else the name that Adobe's programs would give it. */
async function sidecarFor(path: string, { archive }: EditParts): Promise<string> {
  const found = await findSidecar(archive.absolute(path));
  const name = found === undefined ? `${stemOf(basename(path))}.xmp` : basename(found);
  return `${dirname(path)}/${name}`;
}

async function isInPlace({ target, sha256 }: Written, { archive }: EditParts): Promise<boolean> {
  return (await hashFile(archive.absolute(target)).catch(() => undefined))?.sha256 === sha256;
}
