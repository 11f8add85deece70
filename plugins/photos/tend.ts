import type { Ingest } from './ingest/index.ts';
import { scrub } from './verify.ts';

const LOOK_SECONDS = 15;
const SAVE_SECONDS = 300;
const HOUR_SECONDS = 3600;
const DAY_MS = 86_400_000;
/** A scheduled scrub rests three times as long as it reads. */
const REST = 3;

/** Watches over the archive: its marker and room, the scrub in small portions, the file of original hashes. */
export function tendArchive(photos: Ingest): void {
  const { hub } = photos;
  let published = '';
  let last = '';
  hub.every(LOOK_SECONDS, async () => {
    const state = await stateOf(photos);
    if (state.state !== last && state.state !== 'ok') hub.waiting(state.reason, state.advice);
    else if (state.state !== last && last !== '') hub.ready();
    last = state.state;
    const text = JSON.stringify(state);
    if (text === published) return;
    published = text;
    await hub.publish(`${hub.id}/archive`, { time: Date.now(), ...state }, { retain: true });
  });
  const isAtWork = async () => photos.catalogue.totals().files > 0 && (await photos.archive.status()).state === 'ok';
  hub.every(SAVE_SECONDS, async () => {
    if (await isAtWork()) await photos.jobs.run(() => photos.archive.open().then(() => photos.originals.save()));
  });
  hub.every(HOUR_SECONDS, async () => {
    if (!(await isAtWork())) return;
    await scrub(dueForScrub(photos), photos, { signal: hub.signal, rest: REST }).catch((error: unknown) => {
      if (!hub.signal.aborted) throw error;
    });
  });
}

async function stateOf({ archive, catalogue }: Ingest) {
  const { state, reason, advice } = await archive.status();
  const { files, bytes } = catalogue.totals();
  const isStranger = state === 'ok' && files === 0 && !(await archive.isEmpty());
  return {
    state,
    reason,
    advice: isStranger
      ? 'The folder holds files that the catalogue does not know: the command adopt takes them in.'
      : advice,
    path: archive.root,
    files,
    bytes,
    ...(state === 'ok' && (await roomOf(archive))),
  };
}

/** In steps of 100 MB, so that the topic does not change with every log line on the disk. */
async function roomOf(archive: Ingest['archive']): Promise<{ readonly free_mb?: number }> {
  const room = await archive.space().catch(() => undefined); // a folder that is yet to be made
  return room ? { free_mb: Math.floor(room.free / 1e8) * 100 } : {};
}

/** Copies that no one has read again yet (a crash came between), and this hour's share of the whole archive. */
function dueForScrub({ catalogue, hub }: Ingest): string[] {
  const days = hub.config.verify_days;
  const copied = catalogue.inState('copied').map(({ path }) => path);
  if (days === 0) return copied;
  const share = Math.ceil(catalogue.totals().files / (days * 24));
  const due = catalogue.unverifiedSince(Date.now() - days * DAY_MS, share).map(({ path }) => path);
  return [...new Set([...copied, ...due])];
}
