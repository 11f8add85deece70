import type { Store } from 'cupboard/sdk';

export type FileKind = 'photo' | 'raw' | 'video' | 'sidecar' | 'audio' | 'thumbnail' | 'other';

/**
 * copied: written, not yet read again · verified: read again and right · edited: changed by somebody since, and taken
 * so · moved: found under another path · rot: other content, though nobody changed it · missing: not there.
 */
export type FileState = 'copied' | 'verified' | 'edited' | 'moved' | 'rot' | 'missing';

/** What a file says about itself. Degrees, north and east positive; metres above sea level. */
export interface Description {
  /** Wall clock, `2016-02-01T12:00:00`; null = undated. */
  readonly captured: string | null;
  /** The tag that `captured` was read from. */
  readonly capturedFrom: string | null;
  /** `+02:00`, where the camera says so. */
  readonly utcOffset: string | null;
  /** Make, model and serial number. */
  readonly camera: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly altitude: number | null;
  readonly title: string | null;
  readonly caption: string | null;
  readonly keywords: readonly string[];
}

/** One file of the archive. Times are epoch ms, hashes SHA-256 in hex. */
export interface CatalogueFile extends Description {
  readonly id: number;
  /** Relative to the archive, with `/`. */
  readonly path: string;
  readonly folder: string;
  /** The same for all members of one group (RAW and JPEG, video and THM). */
  readonly shot: string;
  readonly kind: FileKind;
  readonly size: number;
  readonly mtime: number;
  /** As it came from the camera: tells what is already imported. */
  readonly originalSha256: string;
  /** With the metadata written since: tells whether it is intact. */
  readonly currentSha256: string;
  readonly state: FileState;
  readonly imported: number;
  readonly verified: number | null;
  readonly change: number;
}

export type NewFile = Omit<CatalogueFile, 'id' | 'change'>;

/** A line of what followers of the catalogue are told. */
export type Change = CatalogueFile | { readonly path: string; readonly change: number; readonly removed: true };

/** SQL name of every column but `id` and `change`, which the database sets. */
const COLUMNS: Readonly<Record<keyof NewFile, string>> = {
  path: 'path',
  folder: 'folder',
  shot: 'shot',
  kind: 'kind',
  size: 'size',
  mtime: 'mtime',
  originalSha256: 'original_sha256',
  currentSha256: 'current_sha256',
  captured: 'captured',
  capturedFrom: 'captured_from',
  utcOffset: 'utc_offset',
  camera: 'camera',
  latitude: 'latitude',
  longitude: 'longitude',
  altitude: 'altitude',
  title: 'title',
  caption: 'caption',
  keywords: 'keywords',
  state: 'state',
  imported: 'imported',
  verified: 'verified',
};
const NAMES = Object.entries(COLUMNS);
const SELECT = `SELECT id, change, ${NAMES.map(([name, column]) => `${column} AS ${name}`).join(', ')} FROM files`;

type Row = Omit<CatalogueFile, 'keywords'> & { readonly keywords: string | null };
const fromRow = (row: Row): CatalogueFile => ({
  ...row,
  keywords: row.keywords === null ? [] : (JSON.parse(row.keywords) as string[]),
});
const toRow = (file: NewFile) => ({
  ...file,
  keywords: file.keywords.length === 0 ? null : JSON.stringify(file.keywords),
});

/** The catalogue of the archive. Every change is on disk when the method returns, unless inside `transaction`. */
export class Catalogue {
  readonly #store: Store;
  readonly #statements;

  constructor(store: Store) {
    this.#store = store;
    const all = (rest: string) => store.prepare<unknown[], Row>(`${SELECT} ${rest}`);
    this.#statements = {
      add: store.prepare(
        `INSERT INTO files (${Object.values(COLUMNS).join(', ')}) VALUES (${NAMES.map(([name]) => `@${name}`).join(', ')})`,
      ),
      update: store.prepare(
        `UPDATE files SET ${NAMES.map(([name, column]) => `${column} = @${name}`).join(', ')} WHERE id = @id`,
      ),
      remove: store.prepare('DELETE FROM files WHERE path = ?'),
      find: all('WHERE path = ?'),
      byHash: all("WHERE original_sha256 = @sha256 OR current_sha256 = @sha256 ORDER BY state = 'missing', id"),
      inFolder: all('WHERE folder = ? ORDER BY captured, path'),
      inShot: all('WHERE shot = ? ORDER BY id'),
      inState: all('WHERE state = ? ORDER BY id'),
      all: all('WHERE id > ? ORDER BY id LIMIT 1000'),
      unverifiedSince: all(
        "WHERE state NOT IN ('missing', 'rot') AND coalesce(verified, 0) < ? ORDER BY verified LIMIT ?",
      ),
      changed: all('WHERE change > ? ORDER BY change LIMIT ?'),
      rewritten: store.prepare<unknown[], Pick<CatalogueFile, 'originalSha256' | 'currentSha256'>>(
        `SELECT original_sha256 AS originalSha256, current_sha256 AS currentSha256 FROM files
         WHERE original_sha256 <> current_sha256 ORDER BY id`,
      ),
      removed: store.prepare<unknown[], { path: string; change: number }>(
        'SELECT path, change FROM removed WHERE change > ? ORDER BY change LIMIT ?',
      ),
      wasRemoved: store.prepare('SELECT 1 FROM removed WHERE path = ?').pluck(),
      lastChange: store.prepare<unknown[], number>('SELECT change FROM sequence').pluck(),
      setFolderTitle: store.prepare(
        'INSERT INTO weeks VALUES (?, ?) ON CONFLICT (folder) DO UPDATE SET title = excluded.title',
      ),
      discard: store.prepare('INSERT OR IGNORE INTO discarded VALUES (?, ?, ?)'),
      isDiscarded: store.prepare('SELECT 1 FROM discarded WHERE sha256 = ?').pluck(),
      discarded: store.prepare<unknown[], string>('SELECT sha256 FROM discarded ORDER BY sha256').pluck(),
      addAlias: store.prepare('INSERT OR IGNORE INTO aliases VALUES (?, ?, ?)'),
      hasAlias: store.prepare('SELECT 1 FROM aliases WHERE sha256 = ? AND name = ?').pluck(),
      totals: store.prepare<unknown[], { files: number; bytes: number }>(
        'SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM files',
      ),
    };
  }

  /** Runs `work` in one transaction: all of its changes are durable together, or none is made. */
  transaction<T>(work: () => T): T {
    return this.#store.transaction(work)();
  }

  add(file: NewFile): void {
    this.#statements.add.run(toRow(file));
  }

  /** Changes some columns of a file; answers false when the path is not in the catalogue. */
  update(path: string, changes: Partial<NewFile>): boolean {
    const file = this.find(path);
    if (!file) return false;
    return this.#statements.update.run({ ...toRow({ ...file, ...changes }), id: file.id }).changes > 0;
  }

  /** Takes a file out of the catalogue; followers are told. */
  remove(path: string): void {
    this.#statements.remove.run(path);
  }

  find(path: string): CatalogueFile | undefined {
    const row = this.#statements.find.get(path);
    return row && fromRow(row);
  }

  /** Files whose content, now or as it came from the camera, has this hash; missing ones last. */
  byHash(sha256: string): CatalogueFile[] {
    return this.#statements.byHash.all({ sha256 }).map(fromRow);
  }

  /** In the order they were taken; undated ones first. */
  inFolder(folder: string): CatalogueFile[] {
    return this.#statements.inFolder.all(folder).map(fromRow);
  }

  inShot(shot: string): CatalogueFile[] {
    return this.#statements.inShot.all(shot).map(fromRow);
  }

  inState(state: FileState): CatalogueFile[] {
    return this.#statements.inState.all(state).map(fromRow);
  }

  /** Every file, read in portions: the catalogue may be changed meanwhile. */
  *all(): Generator<CatalogueFile> {
    for (let last = 0; ; ) {
      const rows = this.#statements.all.all(last);
      if (rows.length === 0) return;
      for (const row of rows) yield fromRow(row);
      last = (rows.at(-1) as Row).id;
    }
  }

  /** Files that were not found right since `before`, those read longest ago first; without the missing and the rotten. */
  unverifiedSince(before: number, limit: number): CatalogueFile[] {
    return this.#statements.unverifiedSince.all(before, limit).map(fromRow);
  }

  /** Hashes of the files that were written into since they came. */
  rewritten(): Pick<CatalogueFile, 'originalSha256' | 'currentSha256'>[] {
    return this.#statements.rewritten.all();
  }

  /** What changed after `after`, in order, at most `limit`. */
  changes(after: number, limit: number): Change[] {
    const removed = this.#statements.removed.all(after, limit).map((row) => ({ ...row, removed: true as const }));
    const changed: Change[] = this.#statements.changed.all(after, limit).map(fromRow);
    return [...changed, ...removed].sort((a, b) => a.change - b.change).slice(0, limit);
  }

  lastChange(): number {
    return this.#statements.lastChange.get() as number;
  }

  /** Whether the path was given to a file that is not in the catalogue any more. */
  wasRemoved(path: string): boolean {
    return this.#statements.wasRemoved.get(path) !== undefined;
  }

  setFolderTitle(folder: string, title: string): void {
    this.#statements.setFolderTitle.run(folder, title);
  }

  /** Remembers content that must not come back. */
  discard(sha256: string, path: string): void {
    this.#statements.discard.run(sha256, path, Date.now());
  }

  isDiscarded(sha256: string): boolean {
    return this.#statements.isDiscarded.get(sha256) !== undefined;
  }

  discarded(): string[] {
    return this.#statements.discarded.all();
  }

  /** Notes a name under which known content was met. */
  addAlias(sha256: string, name: string): void {
    this.#statements.addAlias.run(sha256, name, Date.now());
  }

  hasAlias(sha256: string, name: string): boolean {
    return this.#statements.hasAlias.get(sha256, name) !== undefined;
  }

  totals(): { readonly files: number; readonly bytes: number } {
    return this.#statements.totals.get() as { files: number; bytes: number };
  }
}
