import { isAbsolute } from 'node:path';
import type { CommandResult, Hub } from 'cupboard/sdk';
import type { Backup, Place } from './backup.ts';
import type { Config } from './config.ts';
import { folderOf } from './documents/entry.ts';
import { type RestoreReport, restoreFiles, type Wanted } from './restore.ts';
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

/**
 * The command `restore`: a week, or all, from a target into a folder. Given again, it goes on where it ended. Without a
 * target named, what one does not have or cannot give whole is asked of the next.
 */
export function openRestore(hub: Hub<Config>, { places, catalogue }: Backup): void {
  const { signal } = hub;
  hub.command<Arguments>('restore', async ({ to, week, all, target }) => {
    if (!isAbsolute(to)) return { ok: false, error: 'not an absolute path', expected: '/mnt/disk/photos', got: to };
    if ((week === undefined) === !all)
      return { ok: false, error: 'say either a week or all', expected: 'week: 2016-W05' };
    const chosen = bestFirst(week, places).filter(({ settings }) => target === undefined || settings.name === target);
    if (chosen.length === 0)
      return { ok: false, error: 'no such target', expected: [...places.keys()], got: target ?? null };
    const tally = new Tally();
    for (const place of chosen) {
      let files: readonly Wanted[] = [];
      try {
        files = tally.lacking(await wantedFrom(place, catalogue, week, signal));
        const onProgress = (done: number, path: string) => hub.progress('restore', done, files.length, path);
        tally.take(files, await restoreFiles(place.target, files, to, { signal, onProgress }));
        if (files.length > 0) hub.progress('restore', files.length, files.length);
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        hub.log.warn(`restore from ${place.settings.name}: ${error.message}`);
        tally.giveUp(files, error);
      }
    }
    return tally.answer(week ?? 'the archive');
  });
}

/** What was restored over several targets, and what was not. */
class Tally {
  readonly #done = new Set<string>();
  readonly #failed = new Map<string, string>();
  readonly #counts = { restored: 0, present: 0, bytes: 0 };
  #trouble: TargetError | undefined;

  lacking(files: readonly Wanted[]): readonly Wanted[] {
    return files.filter(({ path }) => !this.#done.has(path));
  }

  take(files: readonly Wanted[], { failed, ...counts }: RestoreReport): void {
    for (const key of ['restored', 'present', 'bytes'] as const) this.#counts[key] += counts[key];
    for (const { path } of files) this.#settle(path);
    for (const { path, reason } of failed) this.#fail(path, reason);
  }

  /** The target as a whole failed; what it had restored by then, the next one finds present. */
  giveUp(files: readonly Wanted[], error: TargetError): void {
    this.#trouble ??= error;
    for (const { path } of files) this.#fail(path, error.message);
  }

  #settle(path: string): void {
    this.#done.add(path);
    this.#failed.delete(path);
  }

  #fail(path: string, reason: string): void {
    this.#done.delete(path);
    this.#failed.set(path, reason);
  }

  answer(what: string): CommandResult {
    const failed = [...this.#failed].map(([path, reason]) => ({ path, reason }));
    const counts = { ...this.#counts, failed_count: failed.length, failed: failed.slice(0, MOST_NAMED) };
    if (this.#done.size > 0 && failed.length === 0) return { ok: true, ...counts };
    // Where others have given something, that one of them is out of reach is told with the files.
    const { kind, message } = (this.#done.size === 0 && this.#trouble) || {};
    const error = failed.length > 0 ? `${failed.length} files could not be restored` : `there is nothing of ${what}`;
    return { ok: false, error: message ?? error, ...(kind && { state: kind, advice: ADVICE[kind] }), ...counts };
  }
}

/** Targets whose books name the week, then the others: after the loss of the books any may have it. */
function bestFirst(week: string | undefined, places: Backup['places']): readonly Place[] {
  const holds = ({ ledger }: Place) =>
    ledger.holdings().some(({ key }) => week === undefined || folderOf(key) === week);
  const all = [...places.values()];
  return [...all.filter(holds), ...all.filter((place) => !holds(place))];
}
