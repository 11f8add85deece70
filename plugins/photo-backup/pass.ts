import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from 'cupboard/sdk';
import type { Catalogue, SourceFile } from './catalogue.ts';
import type { HashBook } from './hashes.ts';
import type { Copy, Ledger } from './ledger.ts';
import { sha256Of } from './local-file.ts';
import { type Action, decide, type LocalEntry, type Policy } from './plan.ts';
import { stopsRun, TargetError } from './targets/errors.ts';
import type { Limiter, Proof, RemoteObject, Target } from './targets/target.ts';

/** After a failure of one file: 1, 2, 4 ... minutes, at most six hours. */
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 6 * 3_600_000;

export interface PassOptions {
  readonly target: Target;
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly hashes: HashBook;
  /** Absolute folder of the archive. */
  readonly archive: string;
  readonly policy: Policy;
  readonly limiter: Limiter;
  readonly signal: AbortSignal;
  /** Tell what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** Also files whose last attempt failed a short while ago. */
  readonly retryAll: boolean;
  readonly onProgress: (sent: number, path: string) => void;
  /** A file is settled: sent, found there, failed. */
  readonly onFile: (path: string, size: number, outcome: Outcome) => void;
}

export type Outcome =
  | { readonly kind: 'sent' | 'found'; readonly because: Copy['because'] }
  | { readonly kind: 'failed'; readonly error: TargetError; readonly first: boolean };

export interface PassResult {
  /** Files sent, of them in place of an old copy; in a dry run those that would be. */
  uploaded: number;
  replaced: number;
  bytes: number;
  /** Found there, put by somebody else or by a run that was cut short. */
  found: number;
  failed: number;
  /** In a dry run: objects of the same size that only fetching would tell apart. */
  unclear: number;
  /** Changed files whose time has not come. */
  waiting: number;
  /** The target refused to replace an object in this pass. */
  replacing_refused: boolean;
  /** When there is something to do again, epoch ms; `Infinity` = not by itself. */
  nextAt: number;
}

/** The archive is not there: its disk is not mounted. */
export class ArchiveMissingError extends Error {}

/** Is this the archive, and not the empty mount point of a disk that is away? @throws ArchiveMissingError */
export async function checkArchive(archive: string): Promise<void> {
  await access(join(archive, '.cupboard')).catch((cause) => {
    throw new ArchiveMissingError(`the archive is not at ${archive}`, { cause });
  });
}

/**
 * Goes once through all files that are not safe, newest folder first. @throws TargetError that concerns the whole
 * target, ArchiveMissingError, the reason of an aborted signal
 */
export async function runPass(options: PassOptions): Promise<PassResult> {
  const { target, ledger, catalogue, archive, signal } = options;
  await checkArchive(archive);
  ledger.identify(await target.check(signal, ledger.isNew));
  const result: PassResult = {
    uploaded: 0,
    replaced: 0,
    bytes: 0,
    found: 0,
    failed: 0,
    waiting: 0,
    unclear: 0,
    replacing_refused: false,
    nextAt: Number.POSITIVE_INFINITY,
  };
  for (const folder of ledger.pendingFolders()) {
    const remote = await listed(target, folder, signal);
    for (const file of catalogue.files(folder)) {
      signal.throwIfAborted();
      await handle(file, remote, options, result);
    }
  }
  return result;
}

/** The objects of a folder of the archive, by key; `''` is its top. */
export async function listed(target: Target, folder: string, signal: AbortSignal): Promise<Map<string, RemoteObject>> {
  const objects = new Map<string, RemoteObject>();
  for await (const object of target.list(folder === '' ? '' : `${folder}/`, signal)) objects.set(object.key, object);
  return objects;
}

async function handle(
  file: SourceFile,
  remote: Map<string, RemoteObject>,
  options: PassOptions,
  result: PassResult,
): Promise<void> {
  const { ledger, signal, dryRun } = options;
  const copy = ledger.copy(file.path);
  if (copy?.sha256 === file.sha256 && !copy.suspect) return;
  const failure = ledger.failure(file.path);
  if (failure && failure.next > Date.now() && !options.retryAll) {
    result.failed += 1;
    result.nextAt = Math.min(result.nextAt, failure.next);
    return;
  }
  try {
    await settle(file, remote, options, result);
  } catch (error) {
    if (signal.aborted || (error instanceof TargetError && stopsRun(error))) throw error;
    const known = error instanceof TargetError ? error : new TargetError('refused', errorText(error), { cause: error });
    const attempts = (failure?.attempts ?? 0) + 1;
    const next = Date.now() + Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LONGEST_RETRY_MS);
    result.failed += 1;
    result.nextAt = Math.min(result.nextAt, next);
    if (dryRun) return;
    ledger.failed({ path: file.path, kind: known.kind, reason: known.message, attempts, next });
    options.onFile(file.path, file.size, { kind: 'failed', error: known, first: attempts === 1 });
  }
}

/** Decides and acts until the file is settled. */
async function settle(
  file: SourceFile,
  remote: Map<string, RemoteObject>,
  options: PassOptions,
  result: PassResult,
): Promise<void> {
  const { ledger, hashes, target, signal, dryRun } = options;
  const known = ledger.copy(file.path);
  // What a check found missing or changed is looked at as if it had never been sent.
  const copy = known && { ...known, ...(known.suspect && { tag: '' }) };
  let entry: LocalEntry = { ...file, ...hashes.get(file.sha256) };
  let proof: Proof = 'checksum';
  let collisions = 0;
  for (;;) {
    const policy = { ...options.policy, replace: options.policy.replace && !result.replacing_refused };
    const action = decide(entry, copy, (key) => remote.get(key), policy, Date.now());
    switch (action.do) {
      case 'nothing':
        return;
      case 'hash': {
        const crc32c = action.hash === 'crc32c';
        entry = { ...entry, ...(await hashes.compute(localPath(file, options), file.sha256, signal, crc32c)) };
        break;
      }
      case 'compare': {
        // Fetching may be billed: a dry run leaves it open.
        if (dryRun) {
          result.unclear += 1;
          return;
        }
        const { key } = action.object;
        // One object at a time tells more than a listing: its metadata.
        const object = (await target.head(key, signal)) ?? action.object;
        const isClaimed = object.md5 ?? object.crc32c ?? object.sha256;
        if (isClaimed === undefined) proof = 'read_back';
        const sha256 = object.sha256 ?? (isClaimed ? undefined : await sha256Of(await target.get(key, 0, signal)));
        remote.set(key, { ...object, ...(sha256 !== undefined && { sha256 }) });
        break;
      }
      case 'wait':
        result.waiting += 1;
        result.nextAt = Math.min(result.nextAt, action.until);
        return;
      case 'record':
        result.found += 1;
        if (!dryRun) note(file, action.object, proof, 'found', options);
        return;
      default: {
        const outcome = dryRun ? 'sent' : await send(file, entry, action, remote, options, collisions > 0);
        if (outcome === 'sent') {
          result.uploaded += 1;
          result.bytes += file.size;
          if (action.do === 'replace') result.replaced += 1;
          return;
        }
        if (outcome === 'refused') result.replacing_refused = true;
        collisions += 1;
      }
    }
  }
}

/** Sends one file; `again` and `refused` ask to decide anew, by what is there now. */
async function send(
  file: SourceFile,
  entry: LocalEntry,
  action: Extract<Action, { do: 'upload' | 'replace' }>,
  remote: Map<string, RemoteObject>,
  options: PassOptions,
  isSecond: boolean,
): Promise<'sent' | 'again' | 'refused'> {
  const { target, ledger, hashes, signal, limiter } = options;
  const path = localPath(file, options);
  const md5 = entry.md5 ?? (await hashes.compute(path, file.sha256, signal)).md5;
  const key = action.do === 'replace' ? action.object.key : action.key;
  try {
    const { object, proof } = await target.put(
      { path, size: file.size, mtime: file.mtime, sha256: file.sha256, md5 },
      {
        key,
        ...(action.do === 'replace' && { replaces: action.object }),
        session: ledger.session(key, file.sha256),
        limiter,
        onProgress: (bytes) => options.onProgress(bytes, file.path),
        signal,
      },
    );
    remote.set(key, object);
    if (action.do === 'replace') ledger.cannotReplace = false;
    note(file, object, proof, 'sent', options, action.do === 'upload' ? action.because : undefined);
    return 'sent';
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    const isRefused = error.kind === 'cannot_replace' && action.do === 'replace';
    if (isRefused) ledger.cannotReplace = true;
    // A precondition: often it is our own upload whose answer was lost.
    else if (error.kind !== 'precondition' || isSecond) throw error;
    const there = await target.head(key, signal);
    if (there) remote.set(key, there);
    else remote.delete(key);
    return isRefused ? 'refused' : 'again';
  }
}

function note(
  file: SourceFile,
  object: RemoteObject,
  proof: Proof,
  kind: 'sent' | 'found',
  { ledger, onFile }: PassOptions,
  why?: Copy['because'],
): void {
  const now = Date.now();
  const because = object.key === file.path ? null : (why ?? 'keep_both');
  const { path, sha256, size } = file;
  ledger.stored({ path, key: object.key, sha256, size, tag: object.tag, proof, stored: now, verified: now, because });
  onFile(path, size, { kind, because });
}

const localPath = (file: SourceFile, { archive }: PassOptions) => join(archive, file.path);
