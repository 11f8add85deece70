import type { Store } from 'cupboard/sdk';

/** Migrations of the file `sources.db`. */
export const SOURCE_MIGRATIONS = [
  `CREATE TABLE seen (
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (source, key)
  ) STRICT, WITHOUT ROWID`,
];

/** What a source has told of, so that it tells of it once, also over restarts. */
export interface Memory {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  delete(key: string): void;
  /** Keys that begin with `prefix`. */
  entries(prefix: string): ReadonlyMap<string, string>;
  /** Drops the oldest of those that begin with `prefix`. */
  prune(prefix: string, keep: number): void;
}

export function openMemory(store: Store, source: string, now: () => number = Date.now): Memory {
  const isPrefixed = 'source = @source AND substr(key, 1, length(@prefix)) = @prefix';
  const statements = {
    get: store.prepare<[string, string], string>('SELECT value FROM seen WHERE source = ? AND key = ?').pluck(),
    set: store.prepare('INSERT OR REPLACE INTO seen (source, key, value, time) VALUES (?, ?, ?, ?)'),
    delete: store.prepare('DELETE FROM seen WHERE source = ? AND key = ?'),
    entries: store.prepare<[{ source: string; prefix: string }], { key: string; value: string }>(
      `SELECT key, value FROM seen WHERE ${isPrefixed}`,
    ),
    prune: store.prepare(
      `DELETE FROM seen WHERE ${isPrefixed} AND key NOT IN
        (SELECT key FROM seen WHERE ${isPrefixed} ORDER BY time DESC LIMIT @keep)`,
    ),
  };
  return {
    get: (key) => statements.get.get(source, key),
    set: (key, value) => void statements.set.run(source, key, value, now()),
    delete: (key) => void statements.delete.run(source, key),
    entries: (prefix) => new Map(statements.entries.all({ source, prefix }).map(({ key, value }) => [key, value])),
    prune: (prefix, keep) => void statements.prune.run({ source, prefix, keep }),
  };
}
