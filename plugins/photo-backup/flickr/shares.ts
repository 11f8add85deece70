import type { Store } from 'cupboard/sdk';

/**
 * flickr_photo: what Flickr holds; without an id an upload began and its end is not known.
 * flickr_album: albums by title. flickr_share: what is to be in which album, and what became of it.
 */
export const FLICKR_MIGRATION = `
  CREATE TABLE flickr_photo (
    sha256 TEXT PRIMARY KEY,
    id TEXT,
    located INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE flickr_album (
    title TEXT PRIMARY KEY,
    id TEXT,
    guest_pass TEXT
  ) WITHOUT ROWID;
  CREATE TABLE flickr_share (
    album TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (album, sha256)
  ) WITHOUT ROWID;`;

/** One photo on its way into one album. */
export interface Share {
  readonly album: string;
  /** Of the file as the camera made it. */
  readonly sha256: string;
  /** In the archive. */
  readonly path: string;
}

export interface AlbumSummary {
  readonly title: string;
  readonly id: string | null;
  readonly guest_pass: string | null;
  readonly shared: number;
  readonly waiting: number;
  readonly refused: number;
}

/** What is known of Flickr, and what is still to be done there. */
export interface Shares {
  /** Adds to the queue; what was refused before is tried again, what is shared already stays. */
  add(shares: readonly Share[]): void;
  waiting(): Share[];
  settle(share: Share, state: 'shared' | 'refused', reason?: string): void;
  /** Refused ones of an album, with the reason. */
  refused(album: string): { path: string; reason: string }[];
  photo(sha256: string): { id: string | null; located: boolean } | undefined;
  /** An upload begins (no id), or its result is known. */
  setPhoto(sha256: string, id?: string): void;
  /** It surely is not on Flickr. */
  forgetPhoto(sha256: string): void;
  setLocated(sha256: string): void;
  album(title: string): { id: string | null; guest_pass: string | null } | undefined;
  setAlbum(title: string, id: string | null): void;
  /** An empty link forgets it. Answers false when there is no such album. */
  setGuestPass(title: string, link: string): boolean;
  albums(): AlbumSummary[];
  /** What lies on Flickr: path in the archive and id there. */
  uploaded(): { path: string; id: string }[];
}

export function openShares(store: Store): Shares {
  const insert = store.prepare(
    `INSERT INTO flickr_share (album, sha256, path, state) VALUES (@album, @sha256, @path, 'waiting')
     ON CONFLICT (album, sha256) DO UPDATE SET path = @path, state = 'waiting', reason = NULL WHERE state = 'refused'`,
  );
  const touchAlbum = store.prepare('INSERT OR IGNORE INTO flickr_album (title) VALUES (?)');
  const waiting = store.prepare(
    "SELECT album, sha256, path FROM flickr_share WHERE state = 'waiting' ORDER BY album, path",
  );
  const settle = store.prepare('UPDATE flickr_share SET state = ?, reason = ? WHERE album = ? AND sha256 = ?');
  const refused = store.prepare(
    "SELECT path, reason FROM flickr_share WHERE album = ? AND state = 'refused' ORDER BY path",
  );
  const photo = store.prepare('SELECT id, located FROM flickr_photo WHERE sha256 = ?');
  const setPhoto = store.prepare(
    'INSERT INTO flickr_photo (sha256, id) VALUES (?, ?) ON CONFLICT (sha256) DO UPDATE SET id = excluded.id',
  );
  const forgetPhoto = store.prepare('DELETE FROM flickr_photo WHERE sha256 = ?');
  const setLocated = store.prepare('UPDATE flickr_photo SET located = 1 WHERE sha256 = ?');
  const album = store.prepare('SELECT id, guest_pass FROM flickr_album WHERE title = ?');
  const setAlbum = store.prepare('UPDATE flickr_album SET id = ? WHERE title = ?');
  const setGuestPass = store.prepare('UPDATE flickr_album SET guest_pass = ? WHERE title = ?');
  const albums = store.prepare(
    `SELECT title, id, guest_pass, COUNT(*) FILTER (WHERE state = 'shared') AS shared,
       COUNT(*) FILTER (WHERE state = 'waiting') AS waiting, COUNT(*) FILTER (WHERE state = 'refused') AS refused
     FROM flickr_album LEFT JOIN flickr_share ON album = title GROUP BY title ORDER BY title DESC`,
  );
  const uploaded = store.prepare(
    `SELECT DISTINCT path, id FROM flickr_share JOIN flickr_photo USING (sha256)
     WHERE id IS NOT NULL ORDER BY path`,
  );
  return {
    add: store.transaction((shares: readonly Share[]) => {
      for (const share of shares) {
        touchAlbum.run(share.album);
        insert.run(share);
      }
    }),
    waiting: () => waiting.all() as Share[],
    settle: ({ album: title, sha256 }, state, reason) => void settle.run(state, reason ?? null, title, sha256),
    refused: (title) => refused.all(title) as { path: string; reason: string }[],
    photo: (sha256) => {
      const row = photo.get(sha256) as { id: string | null; located: number } | undefined;
      return row && { id: row.id, located: row.located === 1 };
    },
    setPhoto: (sha256, id) => void setPhoto.run(sha256, id ?? null),
    forgetPhoto: (sha256) => void forgetPhoto.run(sha256),
    setLocated: (sha256) => void setLocated.run(sha256),
    album: (title) => album.get(title) as ReturnType<Shares['album']>,
    setAlbum: (title, id) => void setAlbum.run(id, title),
    setGuestPass: (title, link) => setGuestPass.run(link === '' ? null : link, title).changes > 0,
    albums: () => albums.all() as AlbumSummary[],
    uploaded: () => uploaded.all() as { path: string; id: string }[],
  };
}
