import type { Statement } from 'better-sqlite3';
import type { Store } from 'cupboard/sdk';
import type { FileKind, FileState } from '../catalogue.ts';
import type { CataloguedFile } from './archive-file.ts';
import type { Found, Picture, Shot, Week } from './contract.ts';
import { groupBy } from './group-by.ts';
import type { Searchable } from './search.ts';

/** A row of `files` as the page needs it. */
export interface FileRow extends CataloguedFile {
  readonly id: number;
  readonly folder: string;
  readonly shot: string;
  readonly kind: FileKind;
  readonly captured: string | null;
  readonly camera: string | null;
  readonly title: string | null;
  readonly caption: string | null;
  readonly keywords: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly altitude: number | null;
  readonly state: FileState;
}

type WeekRow = Omit<Week, 'states' | 'covers'>;
type SearchRow = Searchable & Pick<FileRow, 'folder' | 'shot'>;

const COLUMNS = `id, path, folder, shot, kind, size, mtime, current_sha256, captured, camera, title, caption, keywords,
  latitude, longitude, altitude, state`;
const IS_PICTURE = "kind IN ('photo', 'raw', 'video')";
const shotsWhere = (condition: string) => `count(DISTINCT CASE WHEN ${condition} THEN shot END)`;

/** Which file of a shot stands for it. A RAW comes after the JPEG of the same moment, which shows at once. */
const RANK: Readonly<Record<FileKind, number>> = {
  photo: 0,
  video: 1,
  raw: 2,
  audio: 3,
  other: 4,
  thumbnail: 5,
  sidecar: 6,
};

/** The catalogue as the page reads it. Nothing here writes. */
export class Gallery {
  /** Rows written by this process, whatever the table: nobody else writes. */
  readonly #changes: Statement<[], number>;
  #counted: { readonly changes: number; readonly weeks: readonly Week[] } | undefined;
  readonly #weeks: Statement<[], WeekRow>;
  readonly #states: Statement<[], { folder: string; state: FileState; count: number }>;
  readonly #covers: Statement<[], Picture & { folder: string }>;
  readonly #title: Statement<[string], { title: string | null }>;
  readonly #folder: Statement<[string], FileRow>;
  readonly #file: Statement<[number], FileRow>;
  readonly #shot: Statement<[string], FileRow>;
  readonly #all: Statement<[], SearchRow>;

  constructor(store: Store) {
    this.#changes = store.prepare<[], number>('SELECT total_changes()').pluck();
    this.#weeks = store.prepare(`
      SELECT files.folder, weeks.title, ${shotsWhere(IS_PICTURE)} AS shots,
        ${shotsWhere("kind IN ('photo', 'raw')")} AS photos, ${shotsWhere("kind = 'video'")} AS videos,
        count(*) AS files, sum(size) AS bytes,
        min(captured) AS first, max(captured) AS last,
        ${shotsWhere(`${IS_PICTURE} AND caption <> ''`)} AS captioned,
        ${shotsWhere(`${IS_PICTURE} AND latitude IS NOT NULL`)} AS located
      FROM files LEFT JOIN weeks USING (folder) GROUP BY files.folder ORDER BY files.folder = 'undated', files.folder DESC`);
    this.#states = store.prepare('SELECT folder, state, count(*) AS count FROM files GROUP BY folder, state');
    // The first picture of each quarter. SQLite takes the other columns from the row of the minimum.
    this.#covers = store.prepare(`
      SELECT folder, id, current_sha256 AS version, min(place) FROM (
        SELECT folder, id, current_sha256, row_number() OVER week AS place, ntile(4) OVER week AS quarter
        FROM files WHERE kind = 'photo' AND state <> 'missing' WINDOW week AS (PARTITION BY folder ORDER BY captured, path)
      ) GROUP BY folder, quarter ORDER BY folder, quarter`);
    this.#title = store.prepare('SELECT title FROM weeks WHERE folder = ?');
    this.#folder = store.prepare(`SELECT ${COLUMNS} FROM files WHERE folder = ? ORDER BY captured, path`);
    this.#file = store.prepare(`SELECT ${COLUMNS} FROM files WHERE id = ?`);
    this.#shot = store.prepare(`SELECT ${COLUMNS} FROM files WHERE shot = ? ORDER BY path`);
    this.#all = store.prepare(`
      SELECT path, files.folder, shot, captured, camera, files.title, caption, keywords, latitude, longitude,
        weeks.title AS week_title
      FROM files LEFT JOIN weeks USING (folder) WHERE ${IS_PICTURE} ORDER BY captured DESC, path`);
  }

  /** Newest first, what has no date last. To count 25,000 files takes a moment, so it is done once a change. */
  weeks(): readonly Week[] {
    const changes = this.#changes.get() as number;
    if (this.#counted?.changes !== changes) this.#counted = { changes, weeks: this.#count() };
    return this.#counted.weeks;
  }

  #count(): Week[] {
    const states = groupBy(this.#states.all(), ({ folder }) => folder);
    const covers = groupBy(this.#covers.all(), ({ folder }) => folder);
    return this.#weeks.all().map((week) => ({
      ...week,
      states: Object.fromEntries((states.get(week.folder) ?? []).map(({ state, count }) => [state, count])),
      covers: (covers.get(week.folder) ?? []).map(({ id, version }) => ({ id, version })),
    }));
  }

  title(folder: string): string | null {
    return this.#title.get(folder)?.title ?? null;
  }

  /** In the order they were taken, those without a date first. */
  shots(folder: string): Shot[] {
    const groups = groupBy(this.#folder.all(folder), ({ shot }) => shot);
    return [...groups.values()].map(toShot);
  }

  file(id: number): FileRow | undefined {
    return this.#file.get(id);
  }

  /** The small picture that a camera laid beside a film. */
  companion({ shot, kind }: FileRow): FileRow | undefined {
    return kind === 'video' ? this.#shot.all(shot).find((row) => row.kind === 'thumbnail') : undefined;
  }

  /** The newest `limit` shots that fit. */
  search(fits: (row: Searchable) => boolean, limit: number): Found {
    const found = new Set<string>();
    const folders = new Set<string>();
    for (const row of this.#all.iterate()) {
      if (found.has(row.shot) || !fits(row)) continue;
      found.add(row.shot);
      folders.add(row.folder);
      if (found.size > limit) break;
    }
    const shots = [...found].slice(0, limit).map((shot) => toShot(this.#shot.all(shot)));
    return {
      shots,
      titles: Object.fromEntries([...folders].map((folder) => [folder, this.title(folder) ?? ''])),
      more: found.size > limit,
    };
  }
}

/** What is known of a shot may stand in any of its files: a caption in the JPEG, a position in the film. */
function toShot(rows: readonly FileRow[]): Shot {
  const ranked = rows.toSorted((a, b) => RANK[a.kind] - RANK[b.kind]);
  const main = ranked[0] as FileRow;
  const first = <Key extends keyof FileRow>(key: Key) => ranked.find((row) => row[key] !== null) ?? main;
  const { latitude, longitude, altitude } = first('latitude');
  return {
    id: main.id,
    version: main.current_sha256,
    folder: main.folder,
    name: nameOf(main.path),
    kind: main.kind,
    captured: first('captured').captured,
    camera: first('camera').camera,
    title: first('title').title,
    caption: first('caption').caption,
    keywords: JSON.parse(first('keywords').keywords ?? '[]') as string[],
    latitude,
    longitude,
    altitude,
    files: ranked.map(({ id, path, kind, size, state }) => ({ id, name: nameOf(path), kind, size, state })),
  };
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
