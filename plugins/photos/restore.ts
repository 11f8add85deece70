import { randomUUID } from 'node:crypto';
import { link, mkdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type CommandResult, errorText, HubError, type Json, syncFolder } from 'cupboard/sdk';
import type { CatalogueFile } from './catalogue.ts';
import { OWN_FOLDER } from './ingest/archive.ts';
import { type CopySettings, copyToTemporary, hashFile, placeFile } from './ingest/copy.ts';
import { type ScannedFile, scan } from './ingest/scan.ts';
import type { Photos } from './photos.ts';

export interface RestoreRequest {
  /** Id of an inserted card, or a folder. */
  readonly from: string;
  readonly week?: string;
  readonly files?: readonly string[];
}

interface Restored {
  readonly path: string;
  readonly outcome: 'restored' | 'not_found' | 'failed';
  readonly source?: string;
  readonly reason?: string;
}

/** Damaged files are kept here when they are replaced. */
const DAMAGED = 'damaged';

/**
 * Puts rotten and missing files back from a card or any folder that holds their content, told by its hash.
 * @throws HubError `restore_from`, `archive_missing` and the like
 */
export function restore(request: RestoreRequest, photos: Photos, copying: Omit<CopySettings, 'folder'>) {
  return photos.jobs.run(async (): Promise<CommandResult> => {
    await photos.archive.open();
    const wanted = wantedRows(request, photos);
    const files: Restored[] = [];
    await readFrom(request.from, photos, async (root) => {
      const source = await openSource(request.from, root, wanted, photos);
      for (const row of wanted) {
        files.push(await restoreOne(row, source, photos, { ...copying, folder: photos.archive.incoming }));
        photos.hub.progress('restore', files.length, wanted.length, row.path);
      }
    });
    const count = (outcome: Restored['outcome']) => files.filter((file) => file.outcome === outcome).length;
    const [restored, notFound, failed] = [count('restored'), count('not_found'), count('failed')];
    return { ok: failed + notFound === 0, restored, not_found: notFound, failed, files: files as unknown as Json };
  });
}

/** Only what is damaged or gone is ever replaced. */
function wantedRows({ week, files }: RestoreRequest, { catalogue }: Photos): CatalogueFile[] {
  const asked = files && new Set(files);
  return [...catalogue.inState('rot'), ...catalogue.inState('missing')].filter(
    ({ path, folder }) => (week === undefined || folder === week) && (asked === undefined || asked.has(path)),
  );
}

/** Finds files of the source by their hash. */
type Source = (sha256: string) => Promise<ScannedFile | undefined>;

async function readFrom(from: string, { inserted }: Photos, read: (root: string) => Promise<void>): Promise<void> {
  const readCard = inserted.get(from);
  if (readCard) return readCard(read);
  const root = from.startsWith('/') ? await realpath(from).catch(() => undefined) : undefined;
  if (root === undefined) {
    throw new HubError('restore_from', `${from} is neither a card that is inserted nor a folder`);
  }
  return read(root);
}

async function openSource(
  from: string,
  root: string,
  wanted: readonly CatalogueFile[],
  { seen, hub }: Photos,
): Promise<Source> {
  const files = (await scan(root, { signal: hub.signal })).files;
  const byPath = new Map(files.map((file) => [file.path, file]));
  const known = new Map([...seen.ofCard(from).values()].map(({ sha256, path }) => [sha256, path]));
  const hashes = new Map<string, string>();
  const hashOf = async ({ path, location }: ScannedFile) => {
    const sha256 = hashes.get(path) ?? (await hashFile(location, { signal: hub.signal })).sha256;
    hashes.set(path, sha256);
    return sha256;
  };
  // The size as it came from the camera is known only where a card remembers it.
  const sizes = new Map<string, Set<number>>();
  for (const { originalSha256, currentSha256, size } of wanted) {
    sizes.set(currentSha256, new Set([size]));
    if (originalSha256 === currentSha256) continue;
    sizes.set(originalSha256, new Set(seen.holders(originalSha256).map((holder) => holder.size)));
  }
  return async (sha256) => {
    const direct = byPath.get(known.get(sha256) ?? '');
    const candidates = files.filter(({ size }) => sizes.get(sha256)?.has(size));
    for (const file of direct ? [direct, ...candidates] : candidates) {
      // What cannot be read is not it.
      if ((await hashOf(file).catch(() => undefined)) === sha256) return file;
    }
    return undefined;
  };
}

async function restoreOne(
  row: CatalogueFile,
  source: Source,
  { archive, catalogue, verifier }: Photos,
  copying: CopySettings,
): Promise<Restored> {
  const { path, currentSha256, originalSha256 } = row;
  const found = (await source(currentSha256)) ?? (await source(originalSha256));
  if (!found) return { path, outcome: 'not_found' };
  const target = archive.absolute(path);
  try {
    const copied = await copyToTemporary(found.location, copying);
    try {
      if (copied.sha256 !== currentSha256 && copied.sha256 !== originalSha256)
        throw new Error('it reads differently now');
      await mkdir(dirname(target), { recursive: true });
      if (row.state === 'rot') await replaceDamaged(copied.temporary, target, join(archive.root, OWN_FOLDER, DAMAGED));
      else await placeFile(copied.temporary, target);
    } finally {
      await rm(copied.temporary, { force: true });
    }
    await syncFolder(dirname(target));
    const { sha256, size, mtime } = copied;
    catalogue.update(path, { currentSha256: sha256, size, mtime, state: 'copied', verified: null });
    const [state] = await verifier.verifyCopies([path]);
    if (state?.state !== 'verified') throw new Error('the copy reads differently from what was written');
    const reason = 'as it came from the camera: title, caption and place have to be written again';
    return { path, outcome: 'restored', source: found.path, ...(sha256 !== currentSha256 && { reason }) };
  } catch (error) {
    return { path, outcome: 'failed', source: found.path, reason: errorText(error) };
  }
}

/** Keeps what was there, in case it was no rot after all. */
async function replaceDamaged(temporary: string, target: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // A file system without hard links keeps no second name; the damaged file is then given up.
  await link(target, join(folder, `${randomUUID().slice(0, 8)}-${basename(target)}`)).catch(() => undefined);
  await rename(temporary, target);
}
