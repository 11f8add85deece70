import { statfs } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ImportProgress, ImportReport } from '../ingest/report.ts';
import { CARD_FOLDERS, scan } from '../ingest/scan.ts';
import type { Photos } from '../photos.ts';
import { type Candidate, identify } from './identity.ts';
import type { Place } from './places.ts';
import type { CardDetails, Register } from './register.ts';
import { afterImport, type CardStatus, NEW_CARD, whileImporting, withReason } from './status.ts';

const SHOW_MS = 1000;
const ARCHIVE_RETRY_MS = 30_000;

/** What importing a card needs to know about it and to tell about it. */
export interface CardWork {
  readonly photos: Photos;
  readonly register: Register;
  /** Chooses an id with what the other cards have, and takes it at once: two cards are never one topic. */
  readonly claim: (choose: (present: ReadonlySet<string>) => string) => string;
  readonly show: (id: string, status: CardStatus) => Promise<void>;
  /** Looks again whether the same medium is still mounted there. */
  readonly isThere: () => Promise<boolean>;
  /** Aborted when the card is gone. */
  readonly gone: AbortSignal;
}

/** A made-up card says so on its topic. */
const markOf = ({ hub }: Photos) => (hub.config.simulate ? { simulated: true as const } : {});

/**
 * Recognizes the card at `place` and has it imported, again and again while it is the archive that is not ready.
 * Answers what is to be shown once nothing reads the card any more.
 * @throws the system's error where the card cannot be listed
 */
export async function importCard(place: Place, work: CardWork): Promise<CardStatus> {
  const { photos, register, gone } = work;
  const extra = new Set(photos.hub.config.extensions.map((ending) => ending.toLowerCase()));
  const { files, failed } = await scan(place.point, { folders: CARD_FOLDERS, extra, signal: gone });
  const details = await detailsOf(place);
  const candidates: readonly Candidate[] = register.candidates(details.volume, files);
  const id = work.claim((present) =>
    identify({ name: details.volume, bytes: details.size }, candidates, present, (taken) => register.isTaken(taken)),
  );
  const label = register.see(id, details, Date.now());
  let status: CardStatus = { ...NEW_CARD, label, path: place.point, ...markOf(photos) };
  await work.show(id, photos.jobs.busy ? withReason(status, 'waiting') : status);
  await photos.hub.event('card_inserted', { card: id, label, path: place.point, ...markOf(photos) });

  let shown = Number.NEGATIVE_INFINITY;
  const onProgress = (progress: ImportProgress) => {
    const next = whileImporting(status, progress);
    const isNews = next.state !== status.state || performance.now() - shown >= SHOW_MS;
    status = next;
    if (!isNews) return;
    shown = performance.now();
    work.show(id, status).catch((error) => photos.hub.log.debug(`card ${id}: ${error}`));
  };
  for (;;) {
    const { state, advice } = await photos.archive.status();
    if (state === 'ok') {
      const options = { card: id, folders: CARD_FOLDERS, signal: gone, onProgress };
      const report = await photos.importTree(place.point, options);
      const isThere = !gone.aborted && (await work.isThere());
      if (report.ok && isThere && failed.length === 0) register.hasRead(id, files, wantedOf(report));
      status = afterImport(status, report, isThere);
    } else {
      status = withReason({ ...status, state: 'failed' }, state, advice);
    }
    if (status.reason?.startsWith('archive_') !== true) return status;
    await work.show(id, status);
    // Nobody would put the card in again only because a disk was mounted late.
    await setTimeout(ARCHIVE_RETRY_MS, undefined, { signal: gone }).catch(() => undefined);
    if (gone.aborted) return status;
  }
}

/** How many of a card's files are worth keeping: they have content and belong to a photo or video. */
const wantedOf = ({ files }: ImportReport) =>
  files.filter(({ outcome }) => outcome !== 'empty' && outcome !== 'skipped').length;

/** What its file system is called: the serial number where it has one. */
export const volumeName = ({ volume, point }: Place) => volume?.uuid ?? basename(point);
/** The name that the camera gave it when it was formatted. */
export const labelOf = (place: Place) => place.volume?.label ?? volumeName(place);

async function detailsOf(place: Place): Promise<CardDetails> {
  const { blocks, bsize } = await statfs(place.point);
  return {
    label: labelOf(place),
    filesystem: place.volume?.type ?? null,
    volume: volumeName(place),
    // A folder of a larger disk has no size of its own.
    size: place.medium === undefined ? 0 : blocks * bsize,
  };
}
