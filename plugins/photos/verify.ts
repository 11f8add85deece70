import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, errorText, HubError, type Json } from 'cupboard/sdk';
import type { CatalogueFile, FileState } from './catalogue.ts';
import { mtimeOf, type ScannedFile, scan } from './ingest/scan.ts';
import { describe } from './ingest/settle.ts';
import type { Photos } from './photos.ts';

/** What the scrub found about one file. */
export interface Finding {
  readonly path: string;
  readonly state: FileState | 'failed';
  readonly reason?: string;
  /** Where a moved file was. */
  readonly was?: string;
  /** Cards that hold a damaged or missing file, for `restore`. */
  readonly cards?: readonly string[];
}

export interface Scrub {
  /** Files read and found right. */
  readonly verified: number;
  /** All others. */
  readonly findings: readonly Finding[];
}

export interface ScrubOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Rest after each portion for so many times as long as it took; 0 reads on at once. */
  readonly rest?: number;
}

/** Files read before an import that waits gets its turn. */
const PORTION = 16;
/** Events of one scrub; its answer and the catalogue name all. */
const MOST_EVENTS = 50;

/**
 * Reads archived files again. Size or time changed and other content: edited, and taken so. Same size and time, other
 * content: rot. Gone, but the content is there under a name the catalogue does not know: moved. Else: missing.
 * @throws HubError `archive_missing` and the like: a disk that is gone is no reason to call its files missing
 */
export async function scrub(paths: readonly string[], photos: Photos, options: ScrubOptions): Promise<Scrub> {
  const findings: Finding[] = [];
  const lost: string[] = [];
  let verified = 0;
  for (let start = 0; start < paths.length; start += PORTION) {
    const began = performance.now();
    await photos.jobs.run(async () => {
      await photos.archive.open();
      for (const path of paths.slice(start, start + PORTION)) {
        options.signal.throwIfAborted();
        const row = photos.catalogue.find(path);
        const finding = row && (await look(row, photos, options.signal));
        if (finding?.state === 'missing') lost.push(path);
        else if (finding?.state === 'verified') verified += 1;
        else if (finding) findings.push(finding);
      }
    });
    options.onProgress?.(Math.min(start + PORTION, paths.length), paths.length);
    const { rest = 0, signal } = options;
    if (rest > 0) await sleep((performance.now() - began) * rest, undefined, { signal });
  }
  if (lost.length > 0) findings.push(...(await photos.jobs.run(() => searchLost(lost, photos, options.signal))));
  const damaged = findings.filter(({ state }) => state === 'rot' || state === 'missing');
  for (const finding of damaged.slice(0, MOST_EVENTS)) await announce(finding, photos);
  return { verified, findings };
}

async function look(row: CatalogueFile, photos: Photos, signal: AbortSignal): Promise<Finding> {
  const { archive, catalogue, verifier } = photos;
  const { path, currentSha256 } = row;
  try {
    const stats = await lstat(archive.absolute(path));
    const [size, mtime] = [stats.size, mtimeOf(stats)];
    // Nobody edits a photo away; a crash of the disk's machine leaves such files.
    if (size === 0) return asRot(row, 'it has no content any more', photos);
    const sha256 = await verifier.reader.hash(archive.absolute(path), signal);
    if (sha256 === currentSha256) {
      catalogue.update(path, { size, mtime, state: 'verified', verified: Date.now() });
      return { path, state: 'verified' };
    }
    if (size === row.size && mtime === row.mtime) return asRot(row, 'same size and time, other content', photos);
    const head = await photos.reader.read(archive.absolute(path), signal);
    const { captured: _, capturedFrom: __, utcOffset: ___, ...said } = describe(head, undefined);
    catalogue.update(path, { ...said, size, mtime, currentSha256: sha256, state: 'edited', verified: Date.now() });
    return { path, state: 'edited' };
  } catch (error) {
    signal.throwIfAborted();
    if (errorCode(error) === 'EIO') return asRot(row, 'it cannot be read', photos);
    if (errorCode(error) !== 'ENOENT') return { path, state: 'failed', reason: errorText(error) };
    await checkArchive(photos);
    return { path, state: 'missing' };
  }
}

function asRot({ path, originalSha256, currentSha256 }: CatalogueFile, reason: string, photos: Photos): Finding {
  photos.catalogue.update(path, { state: 'rot' });
  return { path, state: 'rot', reason, cards: holdersOf([originalSha256, currentSha256], photos) };
}

/** Looks for lost files under names that the catalogue does not know; what is not found is missing. */
async function searchLost(paths: readonly string[], photos: Photos, signal: AbortSignal): Promise<Finding[]> {
  const { catalogue, archive, verifier } = photos;
  await archive.open();
  const strangers = new Map<number, ScannedFile[]>();
  for (const file of (await scan(archive.root, { signal })).files) {
    if (catalogue.find(file.path)) continue;
    strangers.set(file.size, [...(strangers.get(file.size) ?? []), file]);
  }
  const findings: Finding[] = [];
  for (const path of paths) {
    const row = catalogue.find(path);
    if (!row) continue;
    let found: ScannedFile | undefined;
    for (const file of strangers.get(row.size) ?? []) {
      if (catalogue.find(file.path)) continue; // given to another lost file just now
      if ((await verifier.reader.hash(archive.absolute(file.path), signal)) !== row.currentSha256) continue;
      found = file;
      break;
    }
    if (found) {
      const { path: now, mtime } = found;
      const shot = now.slice(0, now.length - (row.path.length - row.shot.length));
      catalogue.update(path, { path: now, folder: dirname(now), shot, mtime, state: 'moved', verified: Date.now() });
      findings.push({ path: now, was: path, state: 'moved' });
    } else {
      if (row.state !== 'missing') catalogue.update(path, { state: 'missing' });
      const cards = holdersOf([row.originalSha256, row.currentSha256], photos);
      findings.push({ path, state: 'missing', cards });
    }
  }
  return findings;
}

const holdersOf = (hashes: readonly string[], { seen }: Photos): string[] => [
  ...new Set(hashes.flatMap((sha256) => seen.holders(sha256).map(({ card }) => card))),
];

async function checkArchive({ archive }: Photos): Promise<void> {
  const { state, reason } = await archive.status();
  if (state !== 'ok') throw new HubError(state, reason);
}

async function announce({ path, state, cards = [] }: Finding, { hub }: Photos): Promise<void> {
  await hub.event('file_damaged', { path, state, cards: [...cards] });
  hub.log.error(`${path}: ${state}${cards.length > 0 ? `; held by ${cards.join(', ')}` : ''}`);
}

/** An answer's counts and findings. */
export function scrubAnswer({ verified, findings }: Scrub) {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  return {
    ok: true,
    verified,
    edited: count('edited'),
    moved: count('moved'),
    missing: count('missing'),
    rot: count('rot'),
    failed: count('failed'),
    files: findings.slice(0, 500) as unknown as Json,
  };
}
