import type { Store } from 'cupboard/sdk';
import { type SourceFile, WORTHY } from './catalogue.ts';
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
}

export interface Failure {
  readonly path: string;
  /** A `TargetErrorKind`, or `changed_remotely`. */
  readonly kind: string;
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
}

/** A file that a target holds, with what the catalogue last said of it. */
export type Holding = Copy & Pick<SourceFile, 'folder' | 'captured' | 'title' | 'caption' | 'latitude' | 'longitude'>;

/** The state of every file on one target; every change is on disk when the function returns. */
export interface Ledger {
  copy(path: string): Copy | undefined;
  /** All that the target holds, by path; what is removed from the archive too. */
  holdings(folder?: string): Holding[];
  /** The file is there, proven: ends its failure and upload session. */
  stored(copy: Copy): void;
  /** It is not there any more, or not as it was. */
  lost(path: string): void;
  failed(failure: Failure): void;
  failure(path: string): Failure | undefined;
  failures(limit: number): Failure[];
  /** Folders with files that are not safe, newest first: what was just imported goes first. */
  pendingFolders(): string[];
  /** Files per folder. */
  weeks(): { folder: string; safe: number; pending: number }[];
  summary(): Summary;
  /** Where the upload of this content to `key` stands; that of other content is dropped. */
  session(key: string, sha256: string): Session;
  readonly paused: boolean;
  pause(paused: boolean): void;
  /** Epoch ms; `null` = never. */
  readonly lastSuccess: number | null;
  readonly lastVerified: number | null;
  noteSuccess(time: number): void;
  noteVerified(time: number): void;
}

export function openLedger(store: Store, target: string): Ledger {
  store.prepare('INSERT OR IGNORE INTO target (name) VALUES (?)').run(target);
  const copyColumns = 'path, key, sha256, size, tag, proof, stored, verified';
  const readCopy = store.prepare(`SELECT ${copyColumns} FROM copy WHERE target = ? AND path = ?`);
  const holdings = store.prepare(
    `SELECT copy.path, key, copy.sha256, copy.size, tag, proof, stored, verified,
       folder, captured, title, caption, latitude, longitude
     FROM copy JOIN source USING (path)
     WHERE target = @target AND (@folder IS NULL OR folder = @folder) ORDER BY copy.path`,
  );
  const writeCopy = store.prepare(
    `INSERT OR REPLACE INTO copy (target, ${copyColumns})
     VALUES (@target, @path, @key, @sha256, @size, @tag, @proof, @stored, @verified)`,
  );
  const dropCopy = store.prepare('DELETE FROM copy WHERE target = ? AND path = ?');
  const writeFailure = store.prepare(
    `INSERT OR REPLACE INTO failure (target, path, kind, reason, attempts, next)
     VALUES (@target, @path, @kind, @reason, @attempts, @next)`,
  );
  const dropFailure = store.prepare('DELETE FROM failure WHERE target = ? AND path = ?');
  const readFailure = store.prepare(
    'SELECT path, kind, reason, attempts, next FROM failure WHERE target = ? AND path = ?',
  );
  const readFailures = store.prepare(
    'SELECT path, kind, reason, attempts, next FROM failure WHERE target = ? ORDER BY path LIMIT ?',
  );
  const joined = 'FROM source LEFT JOIN copy ON copy.target = @target AND copy.path = source.path';
  const withFailures = `${joined} LEFT JOIN failure ON failure.target = @target AND failure.path = source.path`;
  const safe = 'copy.sha256 IS source.sha256';
  const weeks = store.prepare(
    `SELECT folder, sum(${safe}) AS safe, sum(NOT (${safe})) AS pending ${joined} WHERE ${WORTHY}
     GROUP BY folder ORDER BY folder`,
  );
  const summary = store.prepare(
    `SELECT total(${safe}) AS safe, total(source.size * (${safe})) AS bytes_safe, total(NOT (${safe})) AS pending,
       total(source.size * (NOT (${safe}))) AS bytes_pending,
       total(NOT (${safe}) AND failure.path IS NOT NULL) AS failed ${withFailures} WHERE ${WORTHY}`,
  );
  const pendingFolders = store
    .prepare(`SELECT DISTINCT folder ${joined} WHERE ${WORTHY} AND NOT (${safe}) ORDER BY folder DESC`)
    .pluck();
  const readSession = store.prepare('SELECT state FROM session WHERE target = ? AND key = ? AND sha256 = ?').pluck();
  const writeSession = store.prepare('INSERT OR REPLACE INTO session (target, key, sha256, state) VALUES (?, ?, ?, ?)');
  const dropSession = store.prepare('DELETE FROM session WHERE target = ? AND key = ?');
  const readTarget = store.prepare('SELECT paused, last_success, last_verified FROM target WHERE name = ?');
  const set = (column: 'paused' | 'last_success' | 'last_verified') =>
    store.prepare(`UPDATE target SET ${column} = ? WHERE name = ?`);
  const [setPaused, setSuccess, setVerified] = [set('paused'), set('last_success'), set('last_verified')];
  const row = () =>
    readTarget.get(target) as { paused: number; last_success: number | null; last_verified: number | null };

  return {
    copy: (path) => readCopy.get(target, path) as Copy | undefined,
    holdings: (folder) => holdings.all({ target, folder: folder ?? null }) as Holding[],
    stored: store.transaction((copy: Copy) => {
      writeCopy.run({ target, ...copy });
      dropFailure.run(target, copy.path);
      dropSession.run(target, copy.key);
    }),
    lost: (path) => void dropCopy.run(target, path),
    failed: (failure) => void writeFailure.run({ target, ...failure }),
    failure: (path) => readFailure.get(target, path) as Failure | undefined,
    failures: (limit) => readFailures.all(target, limit) as Failure[],
    pendingFolders: () => pendingFolders.all({ target }) as string[],
    weeks: () => weeks.all({ target }) as { folder: string; safe: number; pending: number }[],
    summary: () => summary.get({ target }) as Summary,
    session: (key, sha256) => ({
      load: () => readSession.get(target, key, sha256) as string | undefined,
      save: (state) => void writeSession.run(target, key, sha256, state),
      clear: () => void dropSession.run(target, key),
    }),
    get paused() {
      return row().paused === 1;
    },
    pause: (paused) => void setPaused.run(paused ? 1 : 0, target),
    get lastSuccess() {
      return row().last_success;
    },
    get lastVerified() {
      return row().last_verified;
    },
    noteSuccess: (time) => void setSuccess.run(time, target),
    noteVerified: (time) => void setVerified.run(time, target),
  };
}
