import type { Store } from 'cupboard/sdk';

/** A file of the archive as the photos plugin tells of it. */
export interface SourceFile {
  /** Relative to the archive: `2016-W05/P1010001.JPG`. */
  readonly path: string;
  /** `2016-W05` or `undated`. */
  readonly folder: string;
  readonly size: number;
  /** Epoch ms. */
  readonly mtime: number;
  /** Of the content as it is now, hex. */
  readonly sha256: string;
  readonly original_sha256: string | null;
  readonly state: string;
  /** Wall clock, `YYYY-MM-DDTHH:MM:SS`. */
  readonly captured: string | null;
  readonly title: string | null;
  readonly caption: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
}

/** Where the follower stands. */
export interface Position {
  /** The last change taken over. */
  readonly change: number;
  /** Absolute folder of the archive, once known. */
  readonly archive: string | undefined;
  /** True for photos of a simulator: they never leave the house. */
  readonly simulated: boolean;
}

/** States of a file that is worth a copy: it was read back and is what its owner wants it to be. */
export const WORTHY = "NOT removed AND source.state IN ('verified', 'edited')";

/**
 * Our copy of what the photos plugin says of the archive. Rows of removed files stay, for their title and place: what is
 * gone here is still on the targets.
 */
export interface Catalogue {
  position(): Position;
  /** Takes over a page of changes and the new position, in one transaction. */
  take(files: readonly (SourceFile & { readonly removed?: boolean })[], position: Position): void;
  /** Before everything is read anew: what does not come again counts as removed. */
  reset(): void;
  /** The folders that hold files, in order. */
  folders(): string[];
  /** The files of a folder that are worth a copy, by path. */
  files(folder: string): SourceFile[];
  /** What was last said of a file, also of one removed since. */
  get(path: string): SourceFile | undefined;
}

export function openCatalogue(store: Store): Catalogue {
  const readPosition = store.prepare('SELECT change, archive, simulated FROM follower');
  const writePosition = store.prepare('UPDATE follower SET change = ?, archive = ?, simulated = ?');
  const columns =
    'path, folder, size, mtime, sha256, original_sha256, state, captured, title, caption, latitude, longitude';
  const write = store.prepare(
    `INSERT OR REPLACE INTO source (${columns}, removed)
     VALUES (@path, @folder, @size, @mtime, @sha256, @original_sha256, @state, @captured, @title, @caption,
       @latitude, @longitude, 0)`,
  );
  const remove = store.prepare('UPDATE source SET removed = 1 WHERE path = ?');
  const clear = store.prepare('UPDATE source SET removed = 1');
  const folders = store.prepare(`SELECT DISTINCT folder FROM source WHERE ${WORTHY} ORDER BY folder`).pluck();
  const ofFolder = store.prepare(`SELECT ${columns} FROM source WHERE folder = ? AND ${WORTHY} ORDER BY path`);
  const one = store.prepare(`SELECT ${columns} FROM source WHERE path = ?`);

  const save = (position: Position) =>
    writePosition.run(position.change, position.archive ?? null, position.simulated ? 1 : 0);
  const take = store.transaction((files: Parameters<Catalogue['take']>[0], position: Position) => {
    for (const file of files) file.removed ? remove.run(file.path) : write.run(file);
    save(position);
  });
  const position = (): Position => {
    const row = readPosition.get() as { change: number; archive: string | null; simulated: number };
    return { change: row.change, archive: row.archive ?? undefined, simulated: row.simulated === 1 };
  };
  return {
    position,
    take: (files, to) => void take(files, to),
    reset: store.transaction(() => {
      clear.run();
      save({ ...position(), change: 0 });
    }),
    folders: () => folders.all() as string[],
    files: (folder) => ofFolder.all(folder) as SourceFile[],
    get: (path) => one.get(path) as SourceFile | undefined,
  };
}
