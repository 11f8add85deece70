import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';
import { errorText, HubError } from 'cupboard/sdk';
import type { Catalogue, CatalogueFile, NewFile } from '../catalogue.ts';
import type { Archive } from './archive.ts';
import { chooseDate, timeInName } from './choose-date.ts';
import { type Hashed, hashFile } from './copy.ts';
import { groupFiles } from './group.ts';
import type { HeadReader } from './head.ts';
import { splitName } from './names.ts';
import type { Originals } from './originals.ts';
import type { ImportProgress, ImportReport } from './report.ts';
import { type ScannedFile, scan } from './scan.ts';
import { describe } from './settle.ts';
import { Tally } from './tally.ts';

export interface AdoptContext {
  readonly archive: Archive;
  readonly catalogue: Catalogue;
  readonly originals: Originals;
  readonly reader: HeadReader;
  readonly timezone: string;
  readonly extra: ReadonlySet<string>;
}

export interface AdoptOptions {
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ImportProgress) => void;
}

/** Rows of one transaction. */
const BATCH_FILES = 100;
const READS_AT_ONCE = 3;

/** What is to be written about one file. */
type Change = (catalogue: Catalogue) => void;

/** Takes the files of the archive into the catalogue where they lie; changes none of them. `run` once. */
export class AdoptJob {
  readonly #tally = new Tally();
  /** Files of the archive below the folder, by path. */
  readonly #present = new Set<string>();
  /** The folder that is looked through, relative to the archive. */
  #folder = '';
  #total = 0;

  constructor(
    private readonly context: AdoptContext,
    private readonly options: AdoptOptions,
  ) {}

  /**
   * @param folder the archive, or a folder in it
   * @throws HubError `adopt_path` | `archive_missing` and errors of the file system
   */
  async run(folder: string): Promise<Omit<ImportReport, 'job' | 'root'>> {
    const { archive, catalogue } = this.context;
    const { dryRun, signal } = this.options;
    const below = await this.#below(folder);
    this.#folder = below;
    if (!dryRun) await this.#takeArchive();
    const found = await scan(archive.absolute(below), { extra: this.context.extra, signal });
    const files = found.files.map((file) => inArchive(file, below));
    for (const { path, reason } of found.failed) this.#tally.add({ source: path, outcome: 'failed', reason });
    for (const { path, reason } of found.skipped) this.#tally.add({ source: path, outcome: 'skipped', reason });
    for (const { path } of files) this.#present.add(path);
    this.#total = files.length;
    const known = await this.context.originals.load();
    if (!dryRun) catalogue.transaction(() => known.discarded.forEach((sha256) => void catalogue.discard(sha256, '')));

    const shots = shotsOf(files);
    for (let start = 0; start < files.length; start += BATCH_FILES) {
      signal.throwIfAborted();
      const batch = files.slice(start, start + BATCH_FILES);
      const changes = await this.#look(batch, shots, known.originals);
      if (!dryRun) catalogue.transaction(() => changes.forEach((change) => void change(catalogue)));
      this.#progress();
    }
    if (found.failed.length === 0) this.#noteMissing();
    return { ok: true, dry_run: dryRun, verified: 0, ...this.#tally.report() };
  }

  async #below(folder: string): Promise<string> {
    const { archive } = this.context;
    const resolve = (path: string) =>
      realpath(path).catch((error: unknown) => {
        throw new HubError('adopt_path', `${path} cannot be read: ${errorText(error)}`, { cause: error });
      });
    const below = relative(await resolve(archive.root), await resolve(folder));
    if (below.startsWith('..')) {
      throw new HubError('adopt_path', `${folder} is not in the archive ${archive.root}: import copies from elsewhere`);
    }
    return below;
  }

  /** An archive without the marker is taken only if it holds something the catalogue knows: else it is an empty mount. */
  async #takeArchive(): Promise<void> {
    const { archive, catalogue } = this.context;
    const { state, reason } = await archive.status();
    if (state === 'archive_failed' || state === 'archive_unset') throw new HubError(state, reason);
    if (state === 'archive_missing' && catalogue.totals().files > 0 && (await archive.isEmpty())) {
      throw new HubError(state, reason);
    }
    await archive.take();
  }

  async #look(
    files: readonly ScannedFile[],
    shots: ReadonlyMap<string, string>,
    originals: ReadonlyMap<string, string>,
  ): Promise<Change[]> {
    const changes: Change[] = [];
    const queue = [...files];
    const work = async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const change = await this.#lookAt(file, shots.get(file.path) ?? file.path, originals);
        if (change) changes.push(change);
      }
    };
    await Promise.all(Array.from({ length: READS_AT_ONCE }, work));
    return changes;
  }

  async #lookAt(file: ScannedFile, shot: string, originals: ReadonlyMap<string, string>): Promise<Change | undefined> {
    const { catalogue } = this.context;
    const { path } = file;
    const row = catalogue.find(path);
    if (file.size === 0) {
      this.#tally.add({ source: path, outcome: 'empty', reason: 'it has no content' });
    } else if (row && row.size === file.size && row.mtime === file.mtime) {
      this.#tally.add({ source: path, path, outcome: 'known' });
      // It was away and is back; the next scrub reads it.
      if (row.state === 'missing') return () => catalogue.update(path, { state: 'copied' });
    } else {
      try {
        const hashed = await hashFile(file.location, { signal: this.options.signal });
        return row ? await this.#again(file, row, hashed) : await this.#first(file, shot, hashed, originals);
      } catch (error) {
        this.options.signal.throwIfAborted();
        this.#tally.add({ source: path, outcome: 'failed', reason: errorText(error) });
      }
    }
    return undefined;
  }

  /** A file of the catalogue whose size or time is another. */
  async #again(file: ScannedFile, row: CatalogueFile, { sha256, size, mtime }: Hashed): Promise<Change> {
    const { path } = file;
    const isSame = sha256 === row.currentSha256;
    this.#tally.add({ source: path, path, outcome: isSame ? 'known' : 'edited' });
    const checked = { size, mtime, currentSha256: sha256, verified: Date.now() };
    if (isSame) return (catalogue) => catalogue.update(path, { ...checked, state: 'verified' });
    const described = await this.#describe(file);
    return (catalogue) => catalogue.update(path, { ...described, ...checked, state: 'edited' });
  }

  /** A file the catalogue does not know under this path. */
  async #first(
    file: ScannedFile,
    shot: string,
    { sha256, size, mtime }: Hashed,
    originals: ReadonlyMap<string, string>,
  ): Promise<Change> {
    const { path, kind } = file;
    const folder = dirname(path);
    const moved = await this.#movedFrom(sha256);
    if (moved) {
      this.#tally.add({ source: path, path, outcome: 'moved', reason: `it was ${moved.path}` });
      return (catalogue) =>
        catalogue.update(moved.path, { path, folder, shot, size, mtime, state: 'moved', verified: Date.now() });
    }
    const described = await this.#describe(file);
    this.#tally.add({ source: path, path, outcome: 'adopted' }, { bytes: size, undated: described.captured === null });
    const now = Date.now();
    const row: NewFile = {
      ...described,
      path,
      folder,
      shot,
      kind,
      size,
      mtime,
      originalSha256: originals.get(sha256) ?? sha256,
      currentSha256: sha256,
      state: 'verified',
      imported: now,
      verified: now,
    };
    return (catalogue) => catalogue.add(row);
  }

  async #describe({ location, name, kind }: ScannedFile) {
    const isReadable = typeof location === 'string' && kind !== 'audio';
    const head = isReadable ? await this.context.reader.read(location, this.options.signal) : undefined;
    const named = timeInName(name);
    const times = [...(head?.times ?? []), ...(named ? [named] : [])];
    const date = chooseDate(times, { now: Date.now(), timezone: this.context.timezone });
    return describe(head, 'captured' in date ? date : undefined);
  }

  /** Rows of the folder whose file is not there any more. */
  #noteMissing(): void {
    const { catalogue } = this.context;
    const gone = [...catalogue.all()].filter(({ path }) => isBelow(path, this.#folder) && !this.#present.has(path));
    for (const { path } of gone) {
      this.#tally.add({ source: path, path, outcome: 'missing', reason: 'it is gone from the archive' });
    }
    if (this.options.dryRun) return;
    catalogue.transaction(() => {
      for (const { path, state } of gone) if (state !== 'missing') catalogue.update(path, { state: 'missing' });
    });
  }

  /** The row whose file this may be under another name: one that has none any more. */
  async #movedFrom(sha256: string): Promise<CatalogueFile | undefined> {
    for (const row of this.context.catalogue.byHash(sha256)) {
      if (this.#present.has(row.path)) continue;
      const elsewhere = isBelow(row.path, this.#folder) ? undefined : await this.#find(row.path);
      if (!elsewhere) return row;
    }
    return undefined;
  }

  #find = (path: string) => lstat(this.context.archive.absolute(path)).catch(() => undefined);

  #progress(): void {
    const { done, bytes } = this.#tally;
    this.options.onProgress({ phase: 'importing', done, total: this.#total, bytes, verified: 0 });
  }
}

const isBelow = (path: string, folder: string) => folder === '' || path.startsWith(`${folder}/`);

const inArchive = (file: ScannedFile, below: string): ScannedFile =>
  below === ''
    ? file
    : { ...file, path: `${below}/${file.path}`, folder: `${below}/${file.folder}`.replace(/\/$/, '') };

/** The shot of every file by its path; a companion whose photo is gone is one of its own. */
function shotsOf(files: readonly ScannedFile[]): Map<string, string> {
  const shots = new Map<string, string>();
  for (const { members } of groupFiles(files).groups) {
    const [main] = members;
    const shot = `${dirname(main.path)}/${splitName(basename(main.path)).stem}`;
    for (const { path } of members) shots.set(path, shot);
  }
  return shots;
}
