import { chmod, chown, mkdir, readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errorCode } from 'cupboard/sdk';
import type { Catalogue } from '../catalogue.ts';
import type { Archive } from './archive.ts';
import { foldName } from './names.ts';
import { type Owned, setOwnership } from './ownership.ts';

export interface FolderSettings {
  readonly mode: number;
  /** Group id. */
  readonly group: number | undefined;
}

/** The names in the archive's folders, as one job sees them: read once each, kept up to date as the job adds files. */
export class Folders {
  readonly #names = new Map<string, Promise<Set<string>>>();

  constructor(
    private readonly archive: Archive,
    private readonly catalogue: Catalogue,
  ) {}

  /** Whether the path has a file on the disk, whatever the case of its name. */
  async has(path: string): Promise<boolean> {
    return (await this.#of(dirname(path))).has(foldName(basename(path)));
  }

  /** Whether the path may be given to a new file: neither the disk nor the catalogue, now or earlier, has it. */
  async isFree(path: string): Promise<boolean> {
    if (await this.has(path)) return false;
    return this.catalogue.find(path) === undefined && !this.catalogue.wasRemoved(path);
  }

  async add(path: string): Promise<void> {
    (await this.#of(dirname(path))).add(foldName(basename(path)));
  }

  /** Makes the folder and those above it. @returns the folders whose entries changed, for `syncFolder` */
  async make(folder: string, { mode, group }: FolderSettings): Promise<string[]> {
    const first = await mkdir(this.archive.absolute(folder), { recursive: true });
    if (first === undefined) return [];
    const changed = [dirname(first)];
    for (let made = this.archive.absolute(folder); made.length >= first.length; made = dirname(made)) {
      await setOwnership(ownedFolder(made), mode, group);
      changed.push(made);
    }
    return changed;
  }

  #of(folder: string): Promise<Set<string>> {
    const known = this.#names.get(folder) ?? this.#read(folder);
    this.#names.set(folder, known);
    return known;
  }

  async #read(folder: string): Promise<Set<string>> {
    try {
      return new Set((await readdir(this.archive.absolute(folder))).map(foldName));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return new Set();
      throw error;
    }
  }
}

const ownedFolder = (path: string): Owned => ({
  chmod: (mode) => chmod(path, mode),
  chown: (user, group) => chown(path, user, group),
});
