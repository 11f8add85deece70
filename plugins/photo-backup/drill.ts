import { createHash, randomInt } from 'node:crypto';
import { Cron } from 'croner';
import { errorText, type Hub, type Store } from 'cupboard/sdk';
import type { Backup, Place } from './backup.ts';
import { type Config, readerSettings } from './config.ts';
import { folderOf, groupBy } from './documents/entry.ts';
import { isoDate } from './documents/iso-date.ts';
import { stopsRun, TargetError, type TargetErrorKind } from './targets/errors.ts';
import { openTarget } from './targets/index.ts';
import type { Target } from './targets/target.ts';
import { wantedByManifest } from './wanted.ts';

/** drill: the last one of each target, as published. */
export const DRILL_MIGRATION = `
  CREATE TABLE drill (
    target TEXT PRIMARY KEY,
    time INTEGER NOT NULL,
    result TEXT NOT NULL
  ) WITHOUT ROWID;`;

/** What came of fetching one week back. */
export type DrillResult = {
  readonly target: string;
  /** Epoch ms. */
  readonly time: number;
  readonly ok: boolean;
  /** `null` where it did not come to choosing one. */
  readonly week: string | null;
  /** Files fetched whole, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Whether the credential may only read, as that of a person who is given access; `null` where there is no such thing. */
  readonly reader: boolean | null;
  /** What is damaged or could not be fetched; the first of them. */
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
  readonly failed_count: number;
  /** What kept the target as a whole from being drilled, if anything. */
  readonly trouble: TargetErrorKind | null;
};

const MOST_NAMED = 20;
const HOUR_SECONDS = 3_600;
/** So long a line that is down or a disk that is away only puts the drill off: a false alarm dulls the true one. */
const PATIENCE_MS = 3 * 86_400_000;
/** `not_found` too: the folder of a disk that is away looks like one without a manifest. */
const PUTS_OFF: ReadonlySet<TargetErrorKind | null> = new Set(['unreachable', 'target_missing', 'not_found'] as const);

/**
 * Does what a stranger would do: reads the manifest at the target, fetches a week that chance chooses, and checks every
 * file of it. Nothing of our own books is used.
 */
export async function drillTarget(
  target: Target,
  about: Pick<DrillResult, 'reader'> & { readonly name: string },
  signal: AbortSignal,
  choose: (count: number) => number = randomInt,
): Promise<DrillResult> {
  const failed: { path: string; reason: string }[] = [];
  let [week, files, bytes]: [string | null, number, number] = [null, 0, 0];
  let trouble: TargetErrorKind | null = null;
  try {
    const weeks = [...groupBy(await wantedByManifest(target, undefined, signal), ({ key }) => folderOf(key))];
    if (weeks.length === 0) throw new TargetError('not_found', 'the manifest names no file');
    const [folder, listed] = weeks[choose(weeks.length)] as (typeof weeks)[number];
    week = folder;
    for (const { key, sha256 } of listed) {
      signal.throwIfAborted();
      const found = await fetchHashed(target, key, signal);
      if ('reason' in found) failed.push({ path: key, reason: found.reason });
      else if (found.sha256 !== sha256) failed.push({ path: key, reason: 'damaged: not the SHA-256 of the manifest' });
      else {
        files += 1;
        bytes += found.bytes;
      }
    }
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    trouble = error.kind;
    failed.push({ path: target.place, reason: `${error.kind}: ${error.message}` });
  }
  return {
    target: about.name,
    time: Date.now(),
    ok: failed.length === 0,
    week,
    files,
    bytes,
    reader: about.reader,
    failed: failed.slice(0, MOST_NAMED),
    failed_count: failed.length,
    trouble,
  };
}

/** Answers hash and length of an object, or why it cannot be had. @throws TargetError when no other would fare better */
async function fetchHashed(target: Target, key: string, signal: AbortSignal) {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const block of await target.get(key, 0, signal)) {
      hash.update(block as Buffer);
      bytes += (block as Buffer).length;
    }
    return { sha256: hash.digest('hex'), bytes };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TargetError && stopsRun(error)) throw error;
    return { reason: errorText(error) };
  }
}

/** Runs the drills: when the schedule says so, also late after a time without power, and by command. */
export function openDrills(hub: Hub<Config>, { places, store }: Pick<Backup, 'places' | 'store'>): void {
  const books = openBooks(store);
  const publish = () => hub.publish(`${hub.id}/drill`, summary(books.all(), places), { retain: true });
  /** @param due when the schedule wanted it, epoch ms; without it a person did, who is told whatever comes of it */
  const drill = async (place: Place, due = 0): Promise<DrillResult> => {
    const { name, type } = place.settings;
    const settings = readerSettings(place.settings);
    const target = settings === undefined ? place.target : openTarget(settings, hub);
    const reader = type === 's3' || type === 'gcs' ? settings !== undefined : null;
    const result = await drillTarget(target, { name, reader }, hub.signal);
    if (PUTS_OFF.has(result.trouble) && Date.now() < due + PATIENCE_MS) {
      hub.log.warn(`the restore drill at ${name} is put off: ${result.failed[0]?.reason}`);
      return result;
    }
    books.note(result);
    await publish();
    await hub.event(result.ok ? 'drill_passed' : 'drill_failed', result);
    if (!result.ok) {
      const named = result.failed.map(({ path, reason }) => `${path} (${reason})`).join(', ');
      hub.log.error(`the restore drill at ${name} FAILED for ${result.failed_count}: ${named}`);
    }
    return result;
  };

  hub.command<{ target?: string }>('drill', async ({ target }) => {
    const chosen =
      target === undefined ? [...places.values()] : [places.get(target)].filter((place) => place !== undefined);
    if (chosen.length === 0)
      return { ok: false, error: 'no such target', expected: [...places.keys()], got: target ?? null };
    const drills: DrillResult[] = [];
    for (const place of chosen) drills.push(await drill(place));
    const failed = drills.filter(({ ok }) => !ok).map((drill) => drill.target);
    const error = failed.length > 0 && { error: `the restore drill failed at ${failed.join(', ')}` };
    return { ok: failed.length === 0, ...error, drills };
  });
  const pattern = hub.config.drill;
  if (pattern !== '') {
    const cron = new Cron(pattern, { timezone: hub.timezone });
    hub.every(HOUR_SECONDS, async () => {
      for (const place of places.values()) {
        const since = books.lastOrFirst(place.settings.name);
        const due = since === null ? null : cron.nextRun(new Date(since));
        if (due !== null && due.getTime() <= Date.now()) await drill(place, due.getTime());
      }
    });
  }
  publish().catch((error: unknown) => hub.log.error(`the drills are not published: ${error}`));
}

const summary = (drills: readonly DrillResult[], places: Backup['places']) => {
  const present = drills.filter(({ target }) => places.has(target));
  const state = present.length === 0 ? 'never' : present.every(({ ok }) => ok) ? 'ok' : 'failed';
  return { time: Date.now(), state, drills: present };
};

function openBooks(store: Store) {
  const write = store.prepare('INSERT OR REPLACE INTO drill (target, time, result) VALUES (?, ?, ?)');
  const read = store.prepare('SELECT result FROM drill ORDER BY target').pluck();
  const since = store
    .prepare(
      'SELECT coalesce((SELECT time FROM drill WHERE target = @target), min(stored)) FROM copy WHERE target = @target',
    )
    .pluck();
  return {
    note: (result: DrillResult) => void write.run(result.target, result.time, JSON.stringify(result)),
    all: () => (read.all() as string[]).map((text) => JSON.parse(text) as DrillResult),
    /** When the last drill was, or else when the first file came there; `null` while there is nothing. */
    lastOrFirst: (target: string) => since.get({ target }) as number | null,
  };
}

/** The day a drill last found every file whole, for the letter. */
export function lastPassedDrill(store: Store, timeZone: string): { lastDrill?: string } {
  const passed = openBooks(store)
    .all()
    .filter(({ ok }) => ok)
    .map(({ time }) => time);
  return passed.length === 0 ? {} : { lastDrill: isoDate(Math.max(...passed), timeZone) };
}
