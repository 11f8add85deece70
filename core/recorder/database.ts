import { existsSync, renameSync, rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import Sqlite from 'better-sqlite3';
import { errorCode } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import { MIGRATIONS } from './schema.ts';

const PAGE_CACHE_KIB = 8192;

/** Opens recorder.db, brought to today's form; one written by a newer hub is kept aside and a new one begun. */
export function openDatabase(file: string, log: Logger, migrations: readonly string[] = MIGRATIONS): Database {
  const database = new Sqlite(file);
  try {
    // Takes effect only before the first table, and only by then can a shrunken history give its pages back.
    database.pragma('auto_vacuum = INCREMENTAL');
    database.pragma('journal_mode = WAL');
    // NORMAL would not sync at commit in WAL mode: a power cut could cost everything since the last checkpoint.
    database.pragma('synchronous = FULL');
    database.pragma(`cache_size = -${PAGE_CACHE_KIB}`);
    database.pragma('journal_size_limit = 16777216');
    database.pragma('busy_timeout = 1000');
    const version = database.pragma('user_version', { simple: true }) as number;
    if (version > migrations.length) {
      database.close();
      moveAside(file, `version-${version}`, `written by a newer hub, version ${version}`, log);
      return openDatabase(file, log, migrations);
    }
    migrate(database, version, migrations, log);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Does the error say that the file itself is damaged? */
export function isCorrupt(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error) ?? '');
}

/** Does the error say that there is no room? */
export function isFull(error: unknown): boolean {
  return /^SQLITE_(FULL|IOERR_SHMSIZE)$/.test(errorCode(error) ?? '');
}

/** Renames the database with its journal so that a new one can begin under its name. */
export function moveAside(file: string, what: string, reason: string, log: Logger): void {
  const aside = `${file}.${what}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  log.error(`recorder: ${file} cannot be used (${reason}); it is kept as ${aside} and a new one is begun`);
}

function migrate(database: Database, from: number, migrations: readonly string[], log: Logger): void {
  if (from === migrations.length) return;
  if (from > 0) {
    const copy = `${database.name}.version-${from}`;
    rmSync(copy, { force: true });
    database.prepare('VACUUM INTO ?').run(copy);
    log.info(`recorder: bringing recorder.db from version ${from} to ${migrations.length}; the old one is ${copy}`);
  }
  database.transaction(() => {
    for (const migration of migrations.slice(from)) database.exec(migration);
    database.pragma(`user_version = ${migrations.length}`);
  })();
}
