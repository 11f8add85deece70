import type { Store } from 'cupboard/sdk';
import { type SourceFile, WORTHY } from './catalogue.ts';
import type { TargetErrorKind } from './targets/errors.ts';
import type { Proof, Session } from './targets/target.ts';

/** What a target holds of one file of the archive. */
export interface Copy {
  /** In the archive. */
  readonly path: string;
  /** On the target: the path, or `NAME~hash8` where the place was taken. */
  readonly key: string;
  /** Of the content sent, hex. */
  readonly sha256: string;
  readonly size: number;
  /** The target's own mark of this version, as it was after the upload. */
  readonly tag: string;
  readonly proof: Proof;
  /** When it was sent or found there, epoch ms. */
  readonly stored: number;
  /** When it was last seen there unchanged, epoch ms. */
  readonly verified: number;
  /** Why it does not lie under its own name. */
  readonly because: 'changed_remotely' | 'foreign' | 'keep_both' | null;
}

export interface Failure {
  readonly path: string;
  readonly kind: TargetErrorKind;
  readonly reason: string;
  readonly attempts: number;
  /** Not tried again before, epoch ms. */
  readonly next: number;
}

export interface Summary {
  /** Files whose present content is there. */
  readonly safe: number;
  readonly bytes_safe: number;
  /** Files never sent, or changed since. */
  readonly pending: number;
  readonly bytes_pending: number;
  /** Of the pending ones, those whose last attempt failed. */
  readonly failed: number;
  /** Files whose object somebody else changed; ours lies beside it. */
  readonly changed_remotely: number;
}

/** A file that a target holds, with what the catalogue last said of it. */
export type Holding = Copy & { readonly suspect: 0 | 1 } & Pick<
    SourceFile,
    'folder' | 'captured' | 'title' | 'caption' | 'latitude' | 'longitude'
  >;

/** The state of every file on one target; every change is on disk when the function returns. */
export interface Ledger {
  copy(path: string): (Copy & { readonly suspect: 0 | 1 }) | undefined;
  /**
   * All that the target holds, by path; what is removed from the archive too. Copies that a check found missing or
   * changed only where asked for.
   */
  holdings(folder?: string, withSuspects?: boolean): Holding[];
  /** The file is there, proven: ends its failure and upload session. */
  stored(copy: Copy): void;
  /** These were looked at and are there as noted; the doubtful are not, and the next pass sees to them. */
  checked(sound: readonly string[], doubtful: readonly string[], time: number): void;
  /**
   * Notes which disk the target is on now. On another than before nothing that was noted counts any more.
   * @param identity as the target's `check` answers it
   */
  identify(identity: string): void;
  /** What `identify` was told last. */
  readonly identity: string | null;
  /** Nothing was ever noted of it. */
  readonly isNew: boolean;
  failed(failure: Failure): void;
  failure(path: string): Failure | undefined;
  failures(limit: number, folder?: string): Failure[];
  /** Copies of files that have changed since. */
  rewrites(): { size: number; stored: number }[];
  /** Folders with files that are not safe, newest first: what was just imported goes first. */
  pendingFolders(): string[];
  /** Files per folder. */
  weeks(): { folder: string; safe: number; pending: number }[];
  summary(): Summary;
  /** Where the upload of this content to `key` stands; that of other content is dropped. */
  session(key: string, sha256: string): Session;
  paused: boolean;
  /** The target refused to replace an object when it was last asked to. */
  cannotReplace: boolean;
  /** Epoch ms; `null` = never. */
  lastSuccess: number | null;
  lastVerified: number | null;
  /** When the copy was last seen that was not looked at for the longest, epoch ms; `null` = there is none. */
  readonly oldestCheck: number | null;
}

/** Notes the targets there are; answers the names of those that there were. */
export function noteTargets(store: Store, names: readonly string[]): string[] {
  const add = store.prepare('INSERT OR IGNORE INTO target (name) VALUES (?)');
  for (const name of names) add.run(name);
  const known = store.prepare('SELECT name FROM target').pluck().all() as string[];
  return known.filter((name) => !names.includes(name));
}

/** @param target its name, known by `noteTargets` */
export function openLedger(store: Store, target: string): Ledger {
  const copyColumns = 'path, key, sha256, size, tag, proof, stored, verified, because';
  const readCopy = store.prepare(`SELECT ${copyColumns}, suspect FROM copy WHERE target = ? AND path = ?`);
  const holdings = store.prepare(
    `SELECT copy.path, key, copy.sha256, copy.size, tag, proof, stored, verified, because, suspect, folder,
       captured, title, caption, latitude, longitude
     FROM copy JOIN source USING (path)
     WHERE target = @target AND (@withSuspects OR NOT suspect) AND (@folder IS NULL OR folder = @folder) ORDER BY copy.path`,
  );
  const writeCopy = store.prepare(
    `INSERT OR REPLACE INTO copy (target, ${copyColumns})
     VALUES (@target, @path, @key, @sha256, @size, @tag, @proof, @stored, @verified, @because)`,
  );
  const noteVerified = store.prepare('UPDATE copy SET verified = ?, suspect = 0 WHERE target = ? AND path = ?');
  const noteSuspect = store.prepare('UPDATE copy SET suspect = 1 WHERE target = ? AND path = ?');
  const writeFailure = store.prepare(
    `INSERT OR REPLACE INTO failure (target, path, kind, reason, attempts, next)
     VALUES (@target, @path, @kind, @reason, @attempts, @next)`,
  );
  const dropFailure = store.prepare('DELETE FROM failure WHERE target = ? AND path = ?');
  const readFailure = store.prepare(
    'SELECT path, kind, reason, attempts, next FROM failure WHERE target = ? AND path = ?',
  );
  const readFailures = store.prepare(
    `SELECT failure.path, kind, reason, attempts, next FROM failure JOIN source USING (path)
     WHERE target = @target AND ${WORTHY} AND (@folder IS NULL OR folder = @folder) ORDER BY failure.path LIMIT @limit`,
  );
  const joined = 'FROM source LEFT JOIN copy ON copy.target = @target AND copy.path = source.path';
  const withFailures = `${joined} LEFT JOIN failure ON failure.target = @target AND failure.path = source.path`;
  const safe = 'copy.sha256 IS source.sha256 AND NOT copy.suspect';
  const weeks = store.prepare(
    `SELECT folder, sum(${safe}) AS safe, sum(NOT (${safe})) AS pending ${joined} WHERE ${WORTHY}
     GROUP BY folder ORDER BY folder`,
  );
  const summary = store.prepare(
    `SELECT total(${safe}) AS safe, total(source.size * (${safe})) AS bytes_safe, total(NOT (${safe})) AS pending,
       total(source.size * (NOT (${safe}))) AS bytes_pending,
       total(NOT (${safe}) AND failure.path IS NOT NULL) AS failed,
       total(copy.because IS 'changed_remotely') AS changed_remotely ${withFailures} WHERE ${WORTHY}`,
  );
  const pendingFolders = store
    .prepare(`SELECT DISTINCT folder ${joined} WHERE ${WORTHY} AND NOT (${safe}) ORDER BY folder DESC`)
    .pluck();
  const rewrites = store.prepare(
    `SELECT copy.size, copy.stored ${joined} WHERE ${WORTHY} AND copy.path IS NOT NULL AND NOT (${safe})`,
  );
  const readSession = store.prepare('SELECT state FROM session WHERE target = ? AND key = ? AND sha256 = ?').pluck();
  const writeSession = store.prepare('INSERT OR REPLACE INTO session (target, key, sha256, state) VALUES (?, ?, ?, ?)');
  const dropSession = store.prepare('DELETE FROM session WHERE target = ? AND key = ?');
  const oldestCheck = store.prepare('SELECT min(verified) FROM copy WHERE target = ? AND NOT suspect').pluck();
  const suspectAll = store.prepare('UPDATE copy SET suspect = 1 WHERE target = ?');
  const readIdentity = store.prepare('SELECT identity FROM target WHERE name = ?').pluck();
  const writeIdentity = store.prepare('UPDATE target SET identity = ? WHERE name = ?');
  const note = (column: 'paused' | 'cannot_replace' | 'last_success' | 'last_verified') => {
    const read = store.prepare(`SELECT ${column} FROM target WHERE name = ?`).pluck();
    const write = store.prepare(`UPDATE target SET ${column} = ? WHERE name = ?`);
    return {
      get: () => read.get(target) as number | null,
      set: (value: number | boolean | null) => void write.run(value === null ? null : Number(value), target),
    };
  };
  const [paused, cannotReplace] = [note('paused'), note('cannot_replace')];
  const [lastSuccess, lastVerified] = [note('last_success'), note('last_verified')];

  return {
    copy: (path) => readCopy.get(target, path) as ReturnType<Ledger['copy']>,
    holdings: (folder, withSuspects = false) =>
      holdings.all({ target, folder: folder ?? null, withSuspects: withSuspects ? 1 : 0 }) as Holding[],
    stored: store.transaction((copy: Copy) => {
      writeCopy.run({ target, ...copy });
      dropFailure.run(target, copy.path);
      dropSession.run(target, copy.key);
    }),
    checked: store.transaction((sound: readonly string[], doubtful: readonly string[], time: number) => {
      for (const path of sound) noteVerified.run(time, target, path);
      for (const path of doubtful) noteSuspect.run(target, path);
    }),
    identify: store.transaction((identity: string) => {
      const known = readIdentity.get(target);
      if (known === identity) return;
      if (known !== null) suspectAll.run(target);
      writeIdentity.run(identity, target);
    }),
    get identity() {
      return readIdentity.get(target) as string | null;
    },
    get isNew() {
      return readIdentity.get(target) === null;
    },
    failed: (failure) => void writeFailure.run({ target, ...failure }),
    failure: (path) => readFailure.get(target, path) as Failure | undefined,
    failures: (limit, folder) => readFailures.all({ target, limit, folder: folder ?? null }) as Failure[],
    pendingFolders: () => pendingFolders.all({ target }) as string[],
    rewrites: () => rewrites.all({ target }) as { size: number; stored: number }[],
    weeks: () => weeks.all({ target }) as { folder: string; safe: number; pending: number }[],
    summary: () => summary.get({ target }) as Summary,
    session: (key, sha256) => ({
      load: () => readSession.get(target, key, sha256) as string | undefined,
      save: (state) => void writeSession.run(target, key, sha256, state),
      clear: () => void dropSession.run(target, key),
    }),
    get paused() {
      return paused.get() === 1;
    },
    set paused(value) {
      paused.set(value);
    },
    get cannotReplace() {
      return cannotReplace.get() === 1;
    },
    set cannotReplace(value) {
      cannotReplace.set(value);
    },
    get lastSuccess() {
      return lastSuccess.get();
    },
    set lastSuccess(time) {
      lastSuccess.set(time);
    },
    get lastVerified() {
      return lastVerified.get();
    },
    set lastVerified(time) {
      lastVerified.set(time);
    },
    get oldestCheck() {
      return oldestCheck.get(target) as number | null;
    },
  };
}
