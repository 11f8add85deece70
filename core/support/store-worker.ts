import { chmodSync, copyFileSync, existsSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { errorCode, errorText, HubError } from './errors.ts';
import {
  MIGRATIONS,
  STATE_QUERIES,
  STATEMENTS,
  type StatementName,
  type StoreAnswer,
  type StoredState,
  type StoreRequest,
  type Write,
} from './store-schema.ts';

/** Runs in a worker thread: the only connection to hub.db, so that no fsync ever stops the hub's event loop. */
async function serve(file: string): Promise<void> {
  const notes: string[] = [];
  let database: Database.Database;
  try {
    database = await openSound(file, notes);
    migrate(database, file, notes);
  } catch (error) {
    const code = error instanceof HubError ? error.code : 'store_unusable';
    answer({ kind: 'unusable', code, message: errorText(error) });
    return;
  }
  answer({ kind: 'opened', state: readState(database), notes });
  const commit = prepareCommit(database);
  parentPort?.on('message', (request: StoreRequest) => {
    if (request.kind === 'close') {
      database.close();
      parentPort?.close();
      return;
    }
    try {
      commit(request.writes, request.sync);
      answer({ kind: 'committed' });
    } catch (error) {
      answer({ kind: 'failed', code: errorCode(error) ?? 'unknown', message: errorText(error) });
    }
  });
}

/**
 * Opens the database; a damaged one is moved aside and the last automatic backup takes its place, or an empty one,
 * because a hub with an old or empty memory beats a hub that is down.
 */
async function openSound(file: string, notes: string[]): Promise<Database.Database> {
  try {
    return openChecked(file);
  } catch (error) {
    if (!isDamage(error)) throw error;
    const aside = `${file}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
    }
    const { recoverFile } = await import('../backup/recover.ts');
    const backup = await recoverFile(dirname(file), basename(file));
    const begins = backup
      ? `with the one of the automatic backup ${backup}; what was stored since is lost`
      : 'with an empty one; accounts, retained messages and queues in it are lost unless you restore a backup';
    notes.push(`${file} is damaged (${errorText(error)}): it was moved to ${aside} and the hub starts ${begins}`);
    return openChecked(file);
  }
}

function openChecked(file: string): Database.Database {
  const database = new Database(file);
  try {
    // Password hashes and tokens lie in it; SQLite gives the log beside it the same mode.
    chmodSync(file, 0o600);
    database.pragma('journal_mode = WAL');
    const verdict = database.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') throw new HubError('store_damaged', String(verdict));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  return code === 'store_damaged' || code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT');
}

function migrate(database: Database.Database, file: string, notes: string[]): void {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version === MIGRATIONS.length) return;
  if (version > MIGRATIONS.length) {
    throw new HubError(
      'store_newer',
      `${file} was written by a newer Cupboard (format ${version}, this one knows ${MIGRATIONS.length}): install that version again, or ${olderCopies(file)}`,
    );
  }
  if (version > 0) {
    database.pragma('wal_checkpoint(TRUNCATE)');
    copyFileSync(file, `${file}.before-${MIGRATIONS.length}`);
    notes.push(
      `${file} was upgraded from format ${version} to ${MIGRATIONS.length}; a copy of the old one lies beside`,
    );
  }
  database.transaction(() => {
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    database.pragma(`user_version = ${MIGRATIONS.length}`);
  })();
}

/** What brings back the data of before an upgrade, for people. */
function olderCopies(file: string): string {
  const copies = readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.before-`));
  return copies.length === 0
    ? 'restore a backup from before the upgrade (cupboard restore FILE)'
    : `stop it, move ${file} away and put the copy from before the upgrade in its place: ${join(dirname(file), copies.sort().at(-1) ?? '')}`;
}

function readState(database: Database.Database): StoredState {
  const rows = Object.entries(STATE_QUERIES).map(([table, query]) => [table, database.prepare(query).all()]);
  return Object.fromEntries(rows) as StoredState;
}

/**
 * One transaction per batch. A batch nobody waits for is committed without an fsync: it survives the process, and the
 * next synchronous commit, at most a second away, makes it survive the power too, being later in the same log.
 */
function prepareCommit(database: Database.Database): (writes: readonly Write[], sync: boolean) => void {
  const statements = Object.fromEntries(
    Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]),
  ) as Record<StatementName, Database.Statement>;
  let synchronous: boolean | undefined;
  const run = database.transaction((writes: readonly Write[], sync: boolean) => {
    for (const [statement, ...parameters] of writes) statements[statement].run(...parameters);
    if (sync && writes.length === 0) statements.sync.run();
  });
  return (writes, sync) => {
    if (sync !== synchronous) database.pragma(`synchronous = ${sync ? 'FULL' : 'NORMAL'}`);
    synchronous = sync;
    run.immediate(writes, sync);
  };
}

function answer(message: StoreAnswer): void {
  parentPort?.postMessage(message);
}

void serve((workerData as { file: string }).file);
