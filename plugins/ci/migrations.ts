/** Migrations of the plugin's database. Objects are kept as JSON where nothing looks into them. */
export const MIGRATIONS = [
  `CREATE TABLE builds (
    id TEXT NOT NULL PRIMARY KEY,
    job TEXT NOT NULL,
    project TEXT,
    branch TEXT,
    pipeline TEXT,
    change_id TEXT,
    -- NULL = still to be done.
    result TEXT,
    queued INTEGER NOT NULL,
    started INTEGER,
    ended INTEGER,
    -- Who wants it, and what of it people see.
    record TEXT NOT NULL,
    -- What a runner needs.
    request TEXT NOT NULL
  ) STRICT;
  CREATE INDEX builds_by_time ON builds (queued);
  CREATE INDEX builds_by_job ON builds (job, ended);
  CREATE INDEX builds_open ON builds (id) WHERE result IS NULL;
  CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, item TEXT NOT NULL) STRICT;
  CREATE TABLE pipelines (name TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
  -- Events of sources that are not yet in a pipeline, and reports that have not yet reached their source.
  CREATE TABLE inbox (id INTEGER NOT NULL PRIMARY KEY, event TEXT NOT NULL) STRICT;
  CREATE TABLE outbox (id INTEGER NOT NULL PRIMARY KEY, letter TEXT NOT NULL) STRICT;
  -- What commands set: pauses, holds.
  CREATE TABLE settings (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`,
];
