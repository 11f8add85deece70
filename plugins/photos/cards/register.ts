import type { Store } from 'cupboard/sdk';
import type { Candidate } from './identity.ts';
import type { CardStatus } from './status.ts';

/** A file on a card: its path there and its size. */
export interface CardFile {
  readonly path: string;
  readonly size: number;
}

/** What is known of a card from its file system. */
export interface CardDetails {
  readonly label: string;
  /** `vfat`, `exfat`, ... */
  readonly filesystem: string | null;
  /** Serial number or UUID of the file system; the name of its place where there is none. */
  readonly volume: string;
  /** Bytes; 0 = not known. */
  readonly size: number;
}

/** A card as the command `cards` shows it. Times are epoch ms. */
export type RegisteredCard = {
  readonly id: string;
  readonly label: string;
  readonly state: string;
  readonly filesystem: string | null;
  readonly volume: string | null;
  readonly size: number | null;
  readonly first_seen: number;
  readonly last_seen: number;
  /** Since when it lies in the safe. */
  readonly in_safe: number | null;
  /** Files that were on it when it was last read. */
  readonly files: number;
  /** Of these, the ones whose content is verified in the archive, or was discarded. */
  readonly safe: number;
  readonly all_safe: boolean;
  /** Capture times of the first and the last. */
  readonly first: string | null;
  readonly last: string | null;
};

/** Every card that was ever read, and what was on it. */
export class Register {
  readonly #store: Store;
  readonly #statements;

  constructor(store: Store) {
    this.#store = store;
    this.#statements = {
      withVolume: store.prepare<[string], { id: string; bytes: number }>(
        'SELECT id, coalesce(size, 0) AS bytes FROM cards WHERE volume = ? ORDER BY id',
      ),
      isTaken: store.prepare('SELECT 1 FROM cards WHERE id = ?').pluck(),
      files: store.prepare<[string], CardFile>('SELECT path, size FROM card_files WHERE card = ?'),
      see: store.prepare(
        `INSERT INTO cards (id, label, filesystem, volume, size, first_seen, last_seen)
         VALUES (@id, @label, @filesystem, @volume, @size, @now, @now)
         ON CONFLICT (id) DO UPDATE SET filesystem = @filesystem, volume = @volume, size = @size, last_seen = @now`,
      ),
      label: store.prepare<[string], string>('SELECT label FROM cards WHERE id = ?').pluck(),
      setFound: store.prepare('UPDATE cards SET found = ? WHERE id = ?'),
      dropFile: store.prepare('DELETE FROM card_files WHERE card = ? AND path = ?'),
      setStatus: store.prepare('UPDATE cards SET state = ?, status = ? WHERE id = ?'),
      statuses: store.prepare<[number], { id: string; label: string; status: string }>(
        'SELECT id, label, status FROM cards WHERE status IS NOT NULL ORDER BY last_seen DESC LIMIT ?',
      ),
      setLabel: store.prepare('UPDATE cards SET label = coalesce(@label, label), in_safe = @inSafe WHERE id = @id'),
      inSafe: store.prepare<[string], number | null>('SELECT in_safe FROM cards WHERE id = ?').pluck(),
      forget: store.prepare('DELETE FROM cards WHERE id = ?'),
      forgetFiles: store.prepare('DELETE FROM card_files WHERE card = ?'),
      list: store.prepare<[{ file: string | null }], Omit<RegisteredCard, 'all_safe'>>(
        `SELECT cards.id, cards.label, cards.state, filesystem, volume, cards.size, first_seen, last_seen, in_safe,
           max(found, count(card_files.path)) AS files, count(held.sha256) AS safe,
           min(held.captured) AS first, max(held.captured) AS last
         FROM cards LEFT JOIN card_files ON card_files.card = cards.id LEFT JOIN (
           SELECT sha256, min(captured) AS captured FROM (
             SELECT original_sha256 AS sha256, captured FROM files WHERE state IN ('verified', 'edited', 'moved')
             UNION ALL SELECT sha256, NULL FROM discarded
           ) GROUP BY sha256
         ) AS held USING (sha256)
         WHERE @file IS NULL OR cards.id IN (SELECT card FROM card_files JOIN files ON original_sha256 = sha256
           WHERE files.path = @file)
         GROUP BY cards.id ORDER BY last_seen DESC`,
      ),
    };
  }

  /** The cards of one serial number, and how what is remembered of each compares with what was found now. */
  candidates(volume: string, found: readonly CardFile[]): Candidate[] {
    const present = new Set(found.map(keyOf));
    return this.#statements.withVolume.all(volume).map((card) => {
      const files = this.#statements.files.all(card.id);
      return { ...card, remembered: files.length, found: files.filter((file) => present.has(keyOf(file))).length };
    });
  }

  isTaken(id: string): boolean {
    return this.#statements.isTaken.get(id) !== undefined;
  }

  /** Notes that a card was put in; answers its label, which the user may have changed. */
  see(id: string, details: CardDetails, now: number): string {
    this.#statements.see.run({ id, ...details, now });
    return this.#statements.label.get(id) as string;
  }

  /**
   * Notes what was on it when it was read to its end; what is not there any more is forgotten.
   * @param wanted how many of the files found were worth keeping: with content, and no companion without its photo
   */
  hasRead(id: string, found: readonly CardFile[], wanted: number): void {
    const present = new Set(found.map(({ path }) => path));
    this.#store.transaction(() => {
      this.#statements.setFound.run(wanted, id);
      for (const { path } of this.#statements.files.all(id)) {
        if (!present.has(path)) this.#statements.dropFile.run(id, path);
      }
    })();
  }

  /** Keeps what was last published about a card, for the next start. */
  saveStatus(id: string, status: CardStatus): void {
    this.#statements.setStatus.run(status.state, JSON.stringify(status), id);
  }

  /** What was last published about the cards seen last. */
  statuses(limit: number): { readonly id: string; readonly status: CardStatus }[] {
    return this.#statements.statuses
      .all(limit)
      .map(({ id, label, status }) => ({ id, status: { ...(JSON.parse(status) as CardStatus), label } }));
  }

  /**
   * @param inSafe true: it was put into the safe now, unless it lies there already; false: it was taken out
   * @returns false where there is no such card
   */
  describe(id: string, label: string | undefined, inSafe: boolean | undefined, now: number): boolean {
    const since = this.#statements.inSafe.get(id) ?? null;
    const changed = inSafe === undefined ? since : inSafe ? (since ?? now) : null;
    return this.#statements.setLabel.run({ id, label: label ?? null, inSafe: changed }).changes > 0;
  }

  /** @returns false where there is no such card */
  forget(id: string): boolean {
    return this.#store.transaction(() => {
      this.#statements.forgetFiles.run(id);
      return this.#statements.forget.run(id).changes > 0;
    })();
  }

  /** All cards, the one seen last first. @param file only cards that hold this file of the archive */
  list(file: string | undefined): RegisteredCard[] {
    return this.#statements.list
      .all({ file: file ?? null })
      .map((card) => ({ ...card, all_safe: card.files > 0 && card.safe >= card.files }));
  }
}

const keyOf = ({ path, size }: CardFile) => `${size} ${path}`;
