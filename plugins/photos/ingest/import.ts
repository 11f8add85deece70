import { realpath, stat } from 'node:fs/promises';
import { errorCode, errorText, HubError } from 'cupboard/sdk';
import type { Catalogue, CatalogueFile } from '../catalogue.ts';
import type { Archive } from './archive.ts';
import { CopyError, sweepTemporaries } from './copy.ts';
import { Folders } from './folders.ts';
import { type Group, groupFiles, type Member } from './group.ts';
import type { HeadReader } from './head.ts';
import { isCompanion } from './kinds.ts';
import type { ImportOptions, ImportProgress, ImportReport } from './report.ts';
import { scan } from './scan.ts';
import { isSeen, type SeenFile, type SeenFiles } from './seen.ts';
import { type Decision, Settler } from './settle.ts';
import { Stop, type StoringContext, sourceGone, storeBatch, type Work } from './storing.ts';
import { Tally } from './tally.ts';
import type { Verifier } from './verifier.ts';
import type { NameFolder } from './week.ts';

/** What every import works with. */
export interface ImportContext {
  readonly archive: Archive;
  readonly catalogue: Catalogue;
  readonly seen: SeenFiles;
  readonly reader: HeadReader;
  readonly verifier: Verifier;
  readonly nameFolder: NameFolder;
  readonly timezone: string;
  /** Further endings. */
  readonly extra: ReadonlySet<string>;
  /** Bytes to leave free; `undefined`: 1 % of the disk, at most 1 GB. */
  readonly reserve: number | undefined;
  readonly mode: number;
  readonly folderMode: number;
  /** Group id. */
  readonly group: number | undefined;
}

/** A batch is made durable in one go: long enough to be quick, short enough to lose little when it is cut off. */
const BATCH_FILES = 64;
const BATCH_BYTES = 128 << 20;
const MOST_RESERVE = 1e9;
const TELL_MS = 1000;

/** One import of one folder or card; `run` once. */
export class ImportJob {
  readonly #tally = new Tally();
  readonly #folders: Folders;
  readonly #settler: Settler;
  readonly #storing: StoringContext;
  #groups: readonly Group[] = [];
  #rootDevice = 0;
  #total = 0;
  #verified = 0;
  /** Bytes read of the batch that is under way. */
  #reading = 0;
  #told = 0;
  #verifying: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: ImportContext,
    private readonly root: string,
    private readonly options: ImportOptions & { readonly signal: AbortSignal },
  ) {
    const { archive, catalogue } = context;
    this.#folders = new Folders(archive, catalogue);
    this.#settler = new Settler({ ...context, folders: this.#folders, absolute: (path) => archive.absolute(path) });
    this.#storing = {
      ...context,
      folders: this.#folders,
      settler: this.#settler,
      root,
      rootDevice: () => this.#rootDevice,
      card: options.card ?? `folder:${root}`,
      dryRun: options.dryRun ?? false,
      signal: options.signal,
      onBytes: (bytes) => this.#read(bytes),
      onFailed: (member, reason) => this.#tally.add({ source: member.path, outcome: 'failed', reason }),
      onDone: (decisions) => this.#done(decisions),
    };
  }

  /** @throws HubError when the folder cannot be imported from or the archive cannot be used */
  async run(): Promise<Omit<ImportReport, 'job' | 'root'>> {
    const { archive } = this.context;
    const { dryRun } = this.#storing;
    await this.#checkRoot();
    if (!dryRun) {
      await archive.open();
      await sweepTemporaries(archive.incoming);
    }
    const stop = await this.#import();
    await this.#verifying;
    if (!dryRun && stop?.code !== 'archive_missing') await sweepTemporaries(archive.incoming);
    const report = { dry_run: dryRun, verified: this.#verified, ...this.#tally.report() };
    return stop ? { ok: false, error: stop.code, advice: stop.advice, ...report } : { ok: true, ...report };
  }

  async #checkRoot(): Promise<void> {
    const refuse = (why: string, cause?: unknown) => new HubError('import_path', `${this.root} ${why}`, { cause });
    const found = await stat(this.root).catch((error: unknown) => {
      throw refuse(`cannot be read: ${errorText(error)}`, error);
    });
    if (!found.isDirectory()) throw refuse('is not a folder');
    this.#rootDevice = found.dev;
    if (await this.context.archive.overlaps(await realpath(this.root))) {
      throw refuse('overlaps the archive: the command adopt takes in what lies there');
    }
  }

  /** @returns what ended the import early */
  async #import(): Promise<Stop | undefined> {
    try {
      this.#groups = await this.#scan();
      await this.#importAll();
      return undefined;
    } catch (error) {
      const stop = await this.#stopOf(error);
      for (const { path } of this.#groups.flatMap(({ members }) => members)) {
        if (!this.#tally.has(path)) this.#tally.add({ source: path, outcome: 'failed', reason: stop.code });
      }
      return stop;
    }
  }

  /** Lists the source; what cannot or need not be read has its outcome after this. */
  async #scan(): Promise<readonly Group[]> {
    this.#progress('scanning');
    const { folders, settledMs = 0, signal } = this.options;
    const found = await scan(this.root, { extra: this.context.extra, settledMs, signal, ...(folders && { folders }) });
    const note = (outcome: 'failed' | 'skipped' | 'empty', source: string, reason: string) =>
      this.#tally.add({ source, outcome, reason });
    for (const { path, reason } of found.failed) note('failed', path, reason);
    for (const { path, reason } of found.skipped) note('skipped', path, reason);
    for (const { path, size } of found.files) if (size === 0) note('empty', path, 'it has no content');
    const { groups, alone } = groupFiles(found.files.filter(({ size }) => size > 0));
    for (const { path } of alone) note('skipped', path, 'it belongs to no photo or video here');
    this.#total = this.#tally.done + groups.reduce((sum, { members }) => sum + members.length, 0);
    return groups;
  }

  async #importAll(): Promise<void> {
    const seen = this.context.seen.ofCard(this.#storing.card);
    const missing: string[] = [];
    const works: Work[] = [];
    for (const group of this.#groups) {
      const work = await this.#recognise(group, seen, missing);
      if (work.members.length > 0) works.push(work);
    }
    if (!this.#storing.dryRun) {
      const { catalogue } = this.context;
      catalogue.transaction(() => {
        for (const path of missing) catalogue.update(path, { state: 'missing' });
      });
    }
    this.#progress('importing');
    while (works.length > 0) {
      this.options.signal.throwIfAborted();
      const room = this.#storing.dryRun ? BATCH_BYTES : await this.#room(works[0] as Work);
      await storeBatch(takeBatch(works, room), this.#storing);
      this.#reading = 0;
      this.#progress('importing');
    }
  }

  /** Takes out of a group what the fast key knows, without reading a byte of it. */
  async #recognise(group: Group, seen: ReadonlyMap<string, SeenFile>, missing: string[]): Promise<Work> {
    const { catalogue } = this.context;
    const members: Member[] = [];
    const known: CatalogueFile[] = [];
    for (const member of group.members) {
      const before = seen.get(member.path);
      const sha256 = before && isSeen(before, member) ? before.sha256 : undefined;
      const rows = sha256 === undefined ? [] : catalogue.byHash(sha256);
      const row = rows.find(({ shot }) => known.some((other) => other.shot === shot)) ?? rows[0];
      if (sha256 !== undefined && row) {
        const said = await this.#settler.recognise(row, { name: member.name, sha256 });
        if (said.outcome === 'missing') missing.push(row.path);
        // A companion's content may be that of another shot's; it does not tell where a new photo belongs.
        if (!isCompanion(member.kind)) known.push(row);
        this.#tally.add({ source: member.path, ...said });
      } else if (sha256 !== undefined && catalogue.isDiscarded(sha256)) {
        this.#tally.add({ source: member.path, outcome: 'discarded' });
      } else {
        members.push(member);
      }
    }
    return { members, known };
  }

  /**
   * Bytes that the archive takes now. The marker is looked for again and again: a network disk may go meanwhile.
   * @throws Stop when not even `first` fits, or the archive is not there
   */
  async #room(first: Work): Promise<number> {
    const { archive, reserve } = this.context;
    const status = await archive.status();
    if (status.state !== 'ok') throw new Stop(isMissing(status.state), status.advice);
    const { free, total } = await archive.space();
    const room = free - (reserve ?? Math.min(total / 100, MOST_RESERVE));
    if (bytesOf(first) > room) throw new Stop('archive_full', FULL_ADVICE);
    return room;
  }

  #done(decisions: readonly Decision[]): void {
    for (const { arrival, outcome, path, reason, file } of decisions) {
      const said = { source: arrival.member.path, outcome, ...(path && { path }), ...(reason && { reason }) };
      this.#tally.add(said, file && { bytes: file.size, undated: file.captured === null });
    }
    if (!this.#storing.dryRun) this.#verify(decisions.flatMap(({ file }) => (file ? [file.path] : [])));
  }

  /** Reads new files again while the next ones are copied. */
  #verify(paths: readonly string[]): void {
    this.#verifying = this.#verifying.then(async () => {
      for (const { path, state } of await this.context.verifier.verifyCopies(paths)) {
        if (state === 'verified') this.#verified += 1;
        else this.#tally.fail(path, 'the copy reads differently from what was written');
      }
      this.#progress('verifying');
    });
    this.#verifying.catch(() => undefined); // awaited at the end of the run
  }

  async #stopOf(error: unknown): Promise<Stop> {
    if (error instanceof Stop) return error;
    if (this.options.signal.aborted) {
      const isGone = this.options.signal.reason === 'source_gone';
      return isGone ? sourceGone(error) : new Stop('stopped', 'Import again: it goes on where it stopped.');
    }
    if (!(error instanceof CopyError)) throw error;
    if (errorCode(error.cause) === 'ENOSPC' || errorCode(error.cause) === 'EDQUOT') {
      return new Stop('archive_full', FULL_ADVICE, { cause: error });
    }
    const status = await this.context.archive.status();
    return new Stop(isMissing(status.state), status.advice || `The archive refuses: ${error.message}`, {
      cause: error,
    });
  }

  /** A video of gigabytes shows that it is coming. */
  #read(bytes: number): void {
    this.#reading += bytes;
    if (performance.now() - this.#told > TELL_MS) this.#progress('importing');
  }

  #progress(phase: ImportProgress['phase']): void {
    this.#told = performance.now();
    const { done, bytes } = this.#tally;
    const progress = { phase, done, total: this.#total, bytes: bytes + this.#reading, verified: this.#verified };
    this.options.onProgress?.(progress);
  }
}

const FULL_ADVICE = 'Make room on the disk of the archive and import again: it goes on where it stopped.';
const isMissing = (state: string) => (state === 'archive_missing' ? 'archive_missing' : 'archive_failed');
const bytesOf = ({ members }: Work) => members.reduce((sum, { size }) => sum + size, 0);

/** Takes groups off the front of `works`: at least one, as many as fit into a batch and the room there is. */
function takeBatch(works: Work[], room: number): Work[] {
  let [files, bytes, count] = [0, 0, 0];
  for (const work of works) {
    files += work.members.length;
    bytes += bytesOf(work);
    if (count > 0 && (files > BATCH_FILES || bytes > Math.min(BATCH_BYTES, room))) break;
    count += 1;
  }
  return works.splice(0, count);
}
