/**
 * `offset` counts a console's bytes since its first recording; the bytes themselves are in files (recorder/raw-log.ts).
 * The search index keeps no text: a line found is read from its file.
 */
export const MIGRATIONS = [
  `CREATE TABLE console (
     id INTEGER PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     indexed INTEGER NOT NULL DEFAULT 0 -- bytes whose lines are in the index
   ) STRICT;
   CREATE TABLE mark ( -- when bytes from this offset on came, epoch ms
     console INTEGER NOT NULL REFERENCES console,
     offset INTEGER NOT NULL,
     time INTEGER NOT NULL,
     PRIMARY KEY (console, offset)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX mark_time ON mark (console, time);
   CREATE TABLE line (
     id INTEGER PRIMARY KEY, -- console << 43 | offset of its first byte
     length INTEGER NOT NULL,
     time INTEGER NOT NULL
   ) STRICT;
   CREATE VIRTUAL TABLE line_text USING fts5 (text, content = '', contentless_delete = 1);
   CREATE TABLE boot (
     id INTEGER PRIMARY KEY,
     console INTEGER NOT NULL REFERENCES console,
     time INTEGER NOT NULL,
     finished INTEGER, -- epoch ms
     offset INTEGER NOT NULL,
     boot TEXT NOT NULL -- JSON, as the command decode describes it
   ) STRICT;
   CREATE INDEX boot_console ON boot (console, id);
   CREATE TABLE day ( -- boots seen on a day of the hub's time zone
     console INTEGER NOT NULL REFERENCES console,
     date TEXT NOT NULL,
     boots INTEGER NOT NULL,
     PRIMARY KEY (console, date)
   ) STRICT, WITHOUT ROWID;`,
];
