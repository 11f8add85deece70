import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path/posix';
import { syncFolder } from 'cupboard/sdk';
import type { Catalogue, CatalogueFile } from '../catalogue.ts';
import type { Archive } from '../ingest/archive.ts';
import { hashFile, placeFile } from '../ingest/copy.ts';
import { type FolderSettings, Folders } from '../ingest/folders.ts';
import { splitName, withSuffix } from '../ingest/names.ts';

interface MoveParts {
  readonly catalogue: Catalogue;
  readonly archive: Archive;
  readonly folderSettings: FolderSettings;
}

/**
 * Moves all files of a shot into another folder, all with the same suffix where a name is taken. Nothing is replaced.
 * Cut off at any point, the next call goes on, and each file has its old name or its new one meanwhile, or both.
 * @param done told inside the transaction in which the catalogue follows
 */
export async function moveShot(shot: string, folder: string, parts: MoveParts, done: () => void): Promise<void> {
  const { catalogue, archive } = parts;
  const members = catalogue.inShot(shot).filter((member) => member.folder !== folder);
  const folders = new Folders(archive, catalogue);
  const changed = await folders.make(folder, parts.folderSettings);
  const isOurs = async (path: string, { currentSha256 }: CatalogueFile) =>
    (await hashFile(archive.absolute(path)).catch(() => undefined))?.sha256 === currentSha256;
  for (let suffix = 0; ; suffix += 1) {
    const moves = members.map((member) => ({ member, to: pathWith(member, folder, suffix) }));
    const isFree = await Promise.all(
      // What a call that was cut off put there is where it belongs.
      moves.map(async ({ member, to }) => (await folders.isFree(to)) || (await isOurs(to, member))),
    );
    if (isFree.includes(false)) continue;
    for (const { member, to } of moves) {
      const [from, target] = [archive.absolute(member.path), archive.absolute(to)];
      if (await folders.has(to)) await rm(from, { force: true });
      else await placeFile(from, target);
    }
    const touched = moves.flatMap(({ member, to }) => [dirname(member.path), dirname(to)]);
    for (const path of new Set([...changed, ...touched.map((one) => archive.absolute(one))])) await syncFolder(path);
    const newShot = `${folder}/${withSuffix({ stem: basename(shot), rest: '' }, suffix)}`;
    catalogue.transaction(() => {
      for (const { member, to } of moves) catalogue.update(member.path, { path: to, folder, shot: newShot });
      done();
    });
    return;
  }
}

const pathWith = (member: CatalogueFile, folder: string, suffix: number): string =>
  `${folder}/${withSuffix(splitName(basename(member.path)), suffix)}`;
