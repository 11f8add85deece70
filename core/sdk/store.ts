import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { HubError } from '../support/errors.ts';
import type { Store } from './contract.ts';

/**
 * Opens a SQLite file and applies the migrations it does not have yet, each in a transaction of its own; their number is
 * kept in `user_version`. A file that is to be changed is copied first.
 * @throws HubError `store_newer` when the file was written by a later version
 */
export function openStore(path: string, migrations: readonly string[]): Store {
  // Loaded here and not at the top: most plugins have no store, and the native module costs memory.
  const Database = createRequire(import.meta.url)('better-sqlite3') as typeof import('better-sqlite3');
  const store = new Database(path);
  try {
    store.pragma('journal_mode = WAL');
    store.pragma('synchronous = FULL');
    store.pragma('foreign_keys = ON');
    migrate(store, path, migrations);
  } catch (error) {
    store.close();
    throw error;
  }
  return store;
}

function migrate(store: Store, path: string, migrations: readonly string[]): void {
  const present = store.pragma('user_version', { simple: true }) as number;
  if (present > migrations.length) {
    throw new HubError('store_newer', `${path} is of version ${present}, this plugin knows up to ${migrations.length}`);
  }
  if (present > 0 && present < migrations.length) copyBefore(store, `${path}.v${present}`);
  for (const [index, migration] of migrations.entries()) {
    if (index < present) continue;
    store.transaction(() => {
      store.exec(migration);
      store.pragma(`user_version = ${index + 1}`);
    })();
  }
}

/** A copy of an interrupted attempt would make `VACUUM INTO` fail; the file it was made from has not changed since. */
function copyBefore(store: Store, copy: string): void {
  rmSync(copy, { force: true });
  store.prepare('VACUUM INTO ?').run(copy);
}
