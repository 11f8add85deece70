import { DOCUMENTS_MIGRATION } from './documents/publish.ts';
import { DRILL_MIGRATION } from './drill.ts';
import { FLICKR_MIGRATION } from './flickr/shares.ts';

/**
 * source: what the photos plugin says of each file, kept so that a copy can be planned while it does not run.
 * hash: hashes that objects are recognised by, of each content once.
 * copy: what a target holds of a file. failure, session: what went wrong, and how to go on. target: one row each.
 */
export const MIGRATIONS = [
  `CREATE TABLE source (
     path TEXT PRIMARY KEY,
     folder TEXT NOT NULL,
     size INTEGER NOT NULL,
     mtime INTEGER NOT NULL,
     sha256 TEXT NOT NULL,
     original_sha256 TEXT,
     state TEXT NOT NULL,
     captured TEXT,
     title TEXT,
     caption TEXT,
     latitude REAL,
     longitude REAL,
     removed INTEGER NOT NULL DEFAULT 0
   ) WITHOUT ROWID;
   CREATE INDEX source_folder ON source (folder, path);
   CREATE TABLE follower (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     change INTEGER NOT NULL,
     archive TEXT,
     simulated INTEGER NOT NULL
   );
   INSERT INTO follower (id, change, archive, simulated) VALUES (1, 0, NULL, 0);
   CREATE TABLE hash (
     sha256 TEXT PRIMARY KEY,
     md5 TEXT NOT NULL,
     crc32c TEXT
   ) WITHOUT ROWID;
   CREATE TABLE copy (
     target TEXT NOT NULL,
     path TEXT NOT NULL,
     key TEXT NOT NULL,
     sha256 TEXT NOT NULL,
     size INTEGER NOT NULL,
     tag TEXT NOT NULL,
     proof TEXT NOT NULL,
     stored INTEGER NOT NULL,
     verified INTEGER NOT NULL,
     because TEXT,
     suspect INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (target, path)
   ) WITHOUT ROWID;
   CREATE TABLE failure (
     target TEXT NOT NULL,
     path TEXT NOT NULL,
     kind TEXT NOT NULL,
     reason TEXT NOT NULL,
     attempts INTEGER NOT NULL,
     next INTEGER NOT NULL,
     PRIMARY KEY (target, path)
   ) WITHOUT ROWID;
   CREATE TABLE session (
     target TEXT NOT NULL,
     key TEXT NOT NULL,
     sha256 TEXT NOT NULL,
     state TEXT NOT NULL,
     PRIMARY KEY (target, key)
   ) WITHOUT ROWID;
   CREATE TABLE target (
     name TEXT PRIMARY KEY,
     paused INTEGER NOT NULL DEFAULT 0,
     cannot_replace INTEGER NOT NULL DEFAULT 0,
     last_success INTEGER,
     last_verified INTEGER
   ) WITHOUT ROWID;`,
  DOCUMENTS_MIGRATION,
  DRILL_MIGRATION,
  FLICKR_MIGRATION,
  'ALTER TABLE target ADD COLUMN identity TEXT;',
];
