import { link, mkdir, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path/posix';
import { errorCode, syncFolder } from 'cupboard/sdk';
import type { Catalogue, CatalogueFile } from '../catalogue.ts';
import type { Archive } from '../ingest/archive.ts';
import { foldName, splitName, withSuffix } from '../ingest/names.ts';
import { hashFile } from './image-data.ts';

interface MoveParts {
  readonly catalogue: Catalogue;
  readonly archive: Archive;
}

/**
 * Moves all files of a shot into another folder, all with the same suffix where a name is taken. Nothing is replaced.
 * Cut off at any point, the next call goes on, and each file has its old name or its new one meanwhile, or both.
 * @param done told inside the transaction in which the catalogue follows
 */
export async function moveShot(
  shot: string,
  folder: string,
  { catalogue, archive }: MoveParts,
  done: () => void,
): Promise<void> {
  const members = catalogue.inShot(shot).filter((member) => member.folder !== folder);
  await mkdir(archive.absolute(folder), { recursive: true });
  const taken = takenNames(catalogue, folder);
  for (let suffix = 0; ; suffix += 1) {
    const moves = members.map((member) => ({ member, to: pathWith(member, folder, suffix) }));
    if (moves.some(({ to }) => taken.has(foldName(basename(to))) || catalogue.wasRemoved(to))) continue;
    if (!(await linkAll(moves, archive))) continue;
    for (const { member } of moves) await rm(archive.absolute(member.path), { force: true });
    await syncFolders(
      archive,
      moves.map(({ member }) => member.path),
    );
    const newShot = `${folder}/${withSuffix({ stem: basename(shot), rest: '' }, suffix)}`;
    catalogue.transaction(() => {
      for (const { member, to } of moves) catalogue.update(member.path, { path: to, folder, shot: newShot });
      done();
    });
    return;
  }
}

interface Move {
  readonly member: CatalogueFile;
  readonly to: string;
}

const pathWith = (member: CatalogueFile, folder: string, suffix: number): string =>
  `${folder}/${withSuffix(splitName(basename(member.path)), suffix)}`;

const takenNames = (catalogue: Catalogue, folder: string): ReadonlySet<string> =>
  new Set(catalogue.inFolder(folder).map(({ path }) => foldName(basename(path))));

/** Gives every file its new name beside the old one; false, with none left behind, where one is taken by another. */
async function linkAll(moves: readonly Move[], archive: Archive): Promise<boolean> {
  const linked: string[] = [];
  for (const { member, to } of moves) {
    const target = archive.absolute(to);
    try {
      await link(archive.absolute(member.path), target);
      linked.push(target);
    } catch (error) {
      const isLinked = (await hashFile(target).catch(() => undefined)) === member.currentSha256;
      if (isLinked) continue; // by a call that was cut off
      for (const path of linked) await rm(path);
      if (errorCode(error) !== 'EEXIST') throw error;
      return false;
    }
  }
  await syncFolders(
    archive,
    moves.map(({ to }) => to),
  );
  return true;
}

async function syncFolders(archive: Archive, paths: readonly string[]): Promise<void> {
  for (const folder of new Set(paths.map((path) => dirname(path)))) await syncFolder(archive.absolute(folder));
}
