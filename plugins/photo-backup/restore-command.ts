import { isAbsolute } from 'node:path';
import type { Hub } from 'cupboard/sdk';
import type { Backup, Place } from './backup.ts';
import type { Config } from './config.ts';
import { folderOf } from './documents/entry.ts';
import { restoreFiles } from './restore.ts';
import { ADVICE, TargetError } from './targets/errors.ts';
import { wantedFrom } from './wanted.ts';

interface Arguments {
  readonly to: string;
  readonly week?: string;
  readonly all: boolean;
  readonly target?: string;
}

/** Files named in an answer; the rest is counted. */
const MOST_NAMED = 100;

/** The command `restore`: a week, or everything, from a target into a folder. Given again, it goes on where it ended. */
export function openRestore(hub: Hub<Config>, { places, catalogue }: Backup): void {
  hub.command<Arguments>('restore', async ({ to, week, all, target }) => {
    if (!isAbsolute(to)) return { ok: false, error: 'not an absolute path', expected: '/mnt/disk/photos', got: to };
    if ((week === undefined) === !all)
      return { ok: false, error: 'say either a week or all', expected: 'week: 2016-W05' };
    const place = target === undefined ? firstWith(week, places) : places.get(target);
    if (place === undefined) {
      return { ok: false, error: 'no such target', expected: [...places.keys()], got: target ?? null };
    }
    const { name } = place.settings;
    try {
      const files = await wantedFrom(place, catalogue, week, hub.signal);
      if (files.length === 0) return { ok: false, error: `${name} holds nothing of ${week ?? 'the archive'}` };
      const { failed, ...counts } = await restoreFiles(place.target, files, to, {
        signal: hub.signal,
        onProgress: (done, path) => hub.progress('restore', done, files.length, path),
      });
      hub.progress('restore', files.length, files.length);
      return {
        ok: failed.length === 0,
        target: name,
        to,
        ...counts,
        ...(failed.length > 0 && { error: `${failed.length} files could not be restored` }),
        failed_count: failed.length,
        failed: failed.slice(0, MOST_NAMED),
      };
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      return { ok: false, target: name, error: error.message, state: error.kind, advice: ADVICE[error.kind] };
    }
  });
}

/** The first target whose books name the week; after the loss of the books, simply the first. */
function firstWith(week: string | undefined, places: Backup['places']): Place | undefined {
  const all = [...places.values()];
  const holds = ({ ledger }: Place) =>
    ledger.holdings().some(({ key }) => week === undefined || folderOf(key) === week);
  return all.find(holds) ?? all[0];
}
