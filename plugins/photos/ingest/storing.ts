import { readdir, rm, stat } from 'node:fs/promises';
import { errorCode, errorText, syncFolder } from 'cupboard/sdk';
import type { Catalogue, CatalogueFile } from '../catalogue.ts';
import type { Archive } from './archive.ts';
import { CopyError, copyToTemporary, type Hashed, hashFile, placeFile } from './copy.ts';
import type { Folders } from './folders.ts';
import type { Member } from './group.ts';
import type { HeadReader } from './head.ts';
import { endingOf, isCompanion } from './kinds.ts';
import type { ImportError } from './report.ts';
import type { Location } from './scan.ts';
import type { SeenFiles } from './seen.ts';
import type { Arrival, Decision, Settler } from './settle.ts';

/** Ends an import: nothing more can be stored, or read. */
export class Stop extends Error {
  constructor(
    readonly code: ImportError,
    readonly advice: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${advice}`, options);
  }
}

/** What is left to do of a group, and the rows of its members that are stored already. */
export interface Work {
  readonly members: readonly Member[];
  readonly known: readonly CatalogueFile[];
}

export interface StoringContext {
  readonly archive: Archive;
  readonly catalogue: Catalogue;
  readonly seen: SeenFiles;
  readonly folders: Folders;
  readonly settler: Settler;
  readonly reader: HeadReader;
  /** Modes of files and folders. */
  readonly mode: number;
  readonly folderMode: number;
  /** Group id. */
  readonly group: number | undefined;
  readonly root: string;
  /** Number of the file system at `root` when the import began. */
  readonly rootDevice: () => number;
  /** Key of the fast key. */
  readonly card: string;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** So many more bytes were read. */
  readonly onBytes: (bytes: number) => void;
  /** A file cannot be taken. */
  readonly onFailed: (member: Member, reason: string) => void;
  /** Files are done; what was new is durable, unless it is a dry run. */
  readonly onDone: (decisions: readonly Decision[]) => void;
}

/** While one copy waits for the disk, another is hashed. */
const COPIES_AT_ONCE = 3;
const NO_DEVICE = new Set(['ENODEV', 'ENXIO', 'ESTALE', 'ENOTCONN', 'ENOENT', 'EIO']);

/**
 * Stores a batch: copies, decides, links into place, makes that durable, and only then writes the rows. In this order a
 * crash leaves at worst temporary files, or files without a row, which the next import recognises by their content.
 * @throws Stop when the archive or the source is gone or full
 */
export async function storeBatch(batch: readonly Work[], context: StoringContext): Promise<void> {
  const arrivals = await readAll(
    batch.flatMap(({ members }) => members),
    context,
  );
  const decisions: Decision[] = [];
  for (const { members, known } of batch) {
    const read = members.map((member) => arrivals.get(member)).filter((arrival) => arrival !== undefined);
    const hasMain = known.length > 0 || read.some(({ member }) => !isCompanion(member.kind));
    if (hasMain) decisions.push(...(await context.settler.settle(read, known)));
    else for (const { member } of read) context.onFailed(member, 'its photo or video could not be read');
  }
  if (context.dryRun) context.onDone(decisions);
  else await placeAll(decisions, context);
}

/** Reads the members, several at a time; one that cannot be read is reported and left out. */
async function readAll(members: readonly Member[], context: StoringContext): Promise<Map<Member, Arrival>> {
  const arrivals = new Map<Member, Arrival>();
  const queue = [...members];
  const work = async () => {
    for (let member = queue.shift(); member !== undefined; member = queue.shift()) {
      try {
        arrivals.set(member, await read(member, context));
      } catch (error) {
        if (!(error instanceof CopyError) || error.side === 'archive') throw error;
        if (NO_DEVICE.has(error.reason) && !(await isThere(context))) throw sourceGone(error);
        context.onFailed(member, `${error.reason}: ${error.message}`);
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: COPIES_AT_ONCE }, work));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
  return arrivals;
}

async function read(member: Member, context: StoringContext): Promise<Arrival> {
  const { dryRun, archive, mode, group, signal, onBytes } = context;
  const { location } = member;
  if (dryRun) {
    const hashed = await hashFile(location, { signal, onBytes });
    return { member, hashed, head: readHead(member, hashed, location, context) };
  }
  const settings = { folder: archive.incoming, mode, group, ending: endingOf(member.name) };
  const copied = await copyToTemporary(location, settings, { signal, onBytes });
  const { temporary } = copied;
  return { member, hashed: copied, temporary, head: readHead(member, copied, temporary, context) };
}

/** Of what is new and may have one. */
async function readHead({ kind, name }: Member, { sha256 }: Hashed, file: Location, context: StoringContext) {
  const isMute = kind === 'audio' || (kind === 'sidecar' && endingOf(name) !== 'xmp');
  const isKnown = !isCompanion(kind) && context.catalogue.byHash(sha256).length > 0;
  if (typeof file !== 'string' || isMute || isKnown) return undefined;
  // A reader that is stopped half way has nothing to say; nobody may be waiting for it any more.
  return context.reader.read(file, context.signal).catch(() => undefined);
}

async function placeAll(decisions: readonly Decision[], context: StoringContext): Promise<void> {
  const { archive, folders, folderMode, group } = context;
  const placed: Decision[] = [];
  const touched = new Set<string>();
  let failure: CopyError | undefined;
  for (const decision of decisions) {
    const { file, arrival, inPlace } = decision;
    const temporary = arrival.temporary as string;
    try {
      if (file && !inPlace) {
        for (const folder of await folders.make(file.folder, { mode: folderMode, group })) touched.add(folder);
        await placeFile(temporary, archive.absolute(file.path));
        touched.add(archive.absolute(file.folder));
      } else {
        await rm(temporary, { force: true });
      }
      placed.push(decision);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') {
        context.onFailed(arrival.member, 'another program took its name just now: import again');
        continue;
      }
      failure = new CopyError('archive', 'failed', errorText(error), { cause: error });
      break; // what has its name already gets its row first
    }
  }
  for (const folder of touched) await syncFolder(folder);
  commit(placed, context);
  context.onDone(placed);
  if (failure) throw failure;
}

function commit(decisions: readonly Decision[], { catalogue, seen, settler, card }: StoringContext): void {
  catalogue.transaction(() => {
    for (const { arrival, outcome, path, file } of decisions) {
      const { member, hashed } = arrival;
      if (file) catalogue.add(file);
      if (outcome === 'missing' && path !== undefined) catalogue.update(path, { state: 'missing' });
      seen.note(card, { path: member.path, size: member.size, mtime: member.mtime, sha256: hashed.sha256 });
      catalogue.addAlias(hashed.sha256, member.name);
    }
  });
  settler.committed();
}

/**
 * Is what is imported still there? Of a card that was pulled the folder may remain, with another file system or with
 * none of its entries.
 */
async function isThere({ root, rootDevice }: StoringContext): Promise<boolean> {
  try {
    const [{ dev }, entries] = await Promise.all([stat(root), readdir(root)]);
    return dev === rootDevice() && entries.length > 0;
  } catch {
    return false;
  }
}

export const sourceGone = (cause?: unknown): Stop =>
  new Stop('source_gone', 'Insert the card again: the import goes on where it stopped.', { cause });
