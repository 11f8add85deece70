/**
 * The plugin's database. Times are epoch ms unless a comment says otherwise, paths relative to the archive, hashes
 * SHA-256 in hex. Applied once each, in order; never edited.
 */
export const MIGRATIONS = [
  `
  CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,           -- 2016-W05/P1010001.JPG
    folder TEXT NOT NULL,                -- 2016-W05, or undated
    shot TEXT NOT NULL,                  -- the same for members of one group: 2016-W05/P1010001
    kind TEXT NOT NULL,                  -- photo, raw, video, sidecar, audio, thumbnail, other
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    original_sha256 TEXT NOT NULL,       -- as it came from the camera: tells what is already imported
    current_sha256 TEXT NOT NULL,        -- with the metadata written since: tells whether it is intact
    captured TEXT,                       -- wall clock YYYY-MM-DDTHH:MM:SS; NULL = undated
    captured_from TEXT,                  -- the tag it was read from
    utc_offset TEXT,                     -- +02:00, where the camera says so
    camera TEXT,                         -- make, model, serial number
    latitude REAL,
    longitude REAL,
    altitude REAL,
    title TEXT,
    caption TEXT,
    keywords TEXT,                       -- JSON array
    state TEXT NOT NULL,                 -- copied, verified, edited, moved, rot, missing
    imported INTEGER NOT NULL,
    verified INTEGER,                    -- when its content was last read and found right
    change INTEGER NOT NULL DEFAULT 0    -- set by the triggers below
  ) STRICT;
  CREATE INDEX files_folder ON files (folder, captured);
  CREATE INDEX files_original ON files (original_sha256);
  CREATE INDEX files_current ON files (current_sha256);
  CREATE INDEX files_shot ON files (shot);
  CREATE INDEX files_state ON files (state, verified);
  CREATE INDEX files_change ON files (change);

  -- Paths that hold no file of the catalogue any more. They are not given to other content: an off-site copy may still
  -- have the old one there.
  CREATE TABLE removed (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, change INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX removed_change ON removed (change);

  -- One number for every change of the catalogue, so that a follower asks for what came after the last it saw.
  CREATE TABLE sequence (change INTEGER NOT NULL) STRICT;
  INSERT INTO sequence VALUES (0);
  CREATE TRIGGER files_added AFTER INSERT ON files BEGIN
    UPDATE sequence SET change = change + 1;
    UPDATE files SET change = (SELECT change FROM sequence) WHERE id = NEW.id;
    DELETE FROM removed WHERE path = NEW.path;
  END;
  -- That a file was read again and found right is no change.
  CREATE TRIGGER files_changed AFTER UPDATE ON files WHEN
    (OLD.path, OLD.folder, OLD.shot, OLD.size, OLD.mtime, OLD.original_sha256, OLD.current_sha256,
      OLD.captured, OLD.camera, OLD.latitude, OLD.longitude, OLD.altitude, OLD.title, OLD.caption, OLD.keywords, OLD.state) IS NOT
    (NEW.path, NEW.folder, NEW.shot, NEW.size, NEW.mtime, NEW.original_sha256, NEW.current_sha256,
      NEW.captured, NEW.camera, NEW.latitude, NEW.longitude, NEW.altitude, NEW.title, NEW.caption, NEW.keywords, NEW.state) BEGIN
    UPDATE sequence SET change = change + 1;
    UPDATE files SET change = (SELECT change FROM sequence) WHERE id = NEW.id;
  END;
  CREATE TRIGGER files_renamed AFTER UPDATE OF path ON files WHEN OLD.path <> NEW.path BEGIN
    UPDATE sequence SET change = change + 1;
    DELETE FROM removed WHERE path = NEW.path;
    INSERT OR REPLACE INTO removed SELECT OLD.path, OLD.current_sha256, change FROM sequence;
  END;
  CREATE TRIGGER files_deleted AFTER DELETE ON files BEGIN
    UPDATE sequence SET change = change + 1;
    INSERT OR REPLACE INTO removed SELECT OLD.path, OLD.current_sha256, change FROM sequence;
  END;

  -- Culled shots, by the hash they came with.
  CREATE TABLE discarded (sha256 TEXT PRIMARY KEY, path TEXT NOT NULL, time INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  -- Names under which known content was met again.
  CREATE TABLE aliases (
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (sha256, name)
  ) STRICT, WITHOUT ROWID;

  -- What was read on a card or, as card 'folder:<path>', in a folder: the fast key of the next insert.
  CREATE TABLE card_files (
    card TEXT NOT NULL,
    path TEXT NOT NULL,                  -- relative to the card
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (card, path)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX card_files_sha256 ON card_files (sha256);

  CREATE TABLE cards (
    id TEXT PRIMARY KEY,
    label TEXT NOT NULL DEFAULT '',
    filesystem TEXT,                     -- vfat, exfat, ext4
    volume TEXT,                         -- serial number or UUID of the file system
    size INTEGER,                        -- bytes
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    in_safe INTEGER,                     -- since when it lies in the safe; NULL = it does not
    state TEXT NOT NULL DEFAULT 'removed'
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE weeks (folder TEXT PRIMARY KEY, title TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE places (
    name TEXT PRIMARY KEY,
    latitude REAL,                       -- NULL: removed on the page, though the config has it
    longitude REAL,
    altitude REAL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- Metadata to be written into files, in order; a row goes when its file is done, so that a batch survives a power cut.
  CREATE TABLE edits (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    path TEXT NOT NULL,
    edit TEXT NOT NULL,                  -- JSON
    written TEXT                         -- JSON: what the file is to become, noted just before it is put in place
  ) STRICT;
  `,
  `
  ALTER TABLE cards ADD COLUMN found INTEGER NOT NULL DEFAULT 0;  -- files on it when it was last read to its end
  ALTER TABLE cards ADD COLUMN status TEXT;                       -- JSON: what was last published about it
  `,
];
