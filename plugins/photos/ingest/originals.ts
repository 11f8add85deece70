import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, writeFileAtomic } from 'cupboard/sdk';
import type { Catalogue } from '../catalogue.ts';
import { type Archive, OWN_FOLDER } from './archive.ts';

export interface KnownHashes {
  /** Hash as it came from the camera, by the hash it has now. */
  readonly originals: ReadonlyMap<string, string>;
  readonly discarded: readonly string[];
}

/**
 * What a lost catalogue could not learn from the files again: with which hash a file came that was written into since,
 * and what was discarded. Kept in the archive, one pair of hashes a line (`-` for discarded content), so that a catalogue
 * built anew by `adopt` still knows the cards.
 */
export class Originals {
  #saved = -1;

  constructor(
    private readonly archive: Archive,
    private readonly catalogue: Catalogue,
  ) {}

  get #file(): string {
    return join(this.archive.root, OWN_FOLDER, 'originals.txt');
  }

  async load(): Promise<KnownHashes> {
    const originals = new Map<string, string>();
    const discarded: string[] = [];
    for (const line of (await this.#read()).split('\n')) {
      const [, original, current] = /^([0-9a-f]{64}) ([0-9a-f]{64}|-)$/.exec(line) ?? [];
      if (original === undefined || current === undefined) continue;
      if (current === '-') discarded.push(original);
      else originals.set(current, original);
    }
    return { originals, discarded };
  }

  /** Writes the file if the catalogue changed since the last time; the archive must be open. */
  async save(): Promise<void> {
    const change = this.catalogue.lastChange();
    if (change === this.#saved) return;
    const before = await this.#read();
    const lines = new Set([
      ...this.catalogue.rewritten().map(({ originalSha256, currentSha256 }) => `${originalSha256} ${currentSha256}`),
      ...this.catalogue.discarded().map((sha256) => `${sha256} -`),
      // A catalogue that is not rebuilt yet must not make the file forget.
      ...before.split('\n').filter((line) => line !== '' && this.catalogue.byHash(line.slice(0, 64)).length === 0),
    ]);
    const text = [...lines].map((line) => `${line}\n`).join('');
    if (text !== before) await writeFileAtomic(this.#file, text);
    this.#saved = change;
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#file, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return '';
      throw error;
    }
  }
}
