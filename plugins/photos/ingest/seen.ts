import type { Store } from 'cupboard/sdk';
import type { ScannedFile } from './scan.ts';

export interface SeenFile {
  readonly path: string;
  readonly size: number;
  /** Epoch ms. */
  readonly mtime: number;
  readonly sha256: string;
}

const QUARTER_MS = 15 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Whether a file is the one that was read before. FAT keeps local time without a zone, so the same file shows another
 * mtime after a change of daylight saving or zone: shifted by quarters of an hour, to the millisecond.
 */
export function isSeen(seen: SeenFile | undefined, { size, mtime }: Pick<ScannedFile, 'size' | 'mtime'>): boolean {
  if (seen?.size !== size) return false;
  const shift = Math.abs(seen.mtime - mtime);
  return shift <= DAY_MS && shift % QUARTER_MS === 0;
}

/** Which files were read on which card: what makes a second insert quick, and what tells which card holds a photo. */
export class SeenFiles {
  readonly #ofCard;
  readonly #note;
  readonly #holders;

  constructor(store: Store) {
    this.#ofCard = store.prepare<[string], SeenFile>('SELECT path, size, mtime, sha256 FROM card_files WHERE card = ?');
    this.#note = store.prepare('INSERT OR REPLACE INTO card_files VALUES (?, ?, ?, ?, ?)');
    this.#holders = store.prepare<[string], { card: string; path: string; size: number }>(
      'SELECT card, path, size FROM card_files WHERE sha256 = ? ORDER BY card, path',
    );
  }

  /** By path relative to the card. */
  ofCard(card: string): Map<string, SeenFile> {
    return new Map(this.#ofCard.all(card).map((file) => [file.path, file]));
  }

  note(card: string, { path, size, mtime, sha256 }: SeenFile): void {
    this.#note.run(card, path, size, mtime, sha256);
  }

  /** The cards, and folders imported from, where content with this hash was seen. */
  holders(sha256: string): { readonly card: string; readonly path: string; readonly size: number }[] {
    return this.#holders.all(sha256);
  }
}
