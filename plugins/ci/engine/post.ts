import { errorText, type Logger } from 'cupboard/sdk';
import type { Change, Source } from '../contract.ts';
import { createLocks } from '../sources/git/lock.ts';
import { persevere } from './persevere.ts';
import type { EngineStore, Letter } from './store.ts';

export interface PostOptions {
  readonly store: EngineStore;
  readonly source: (change: Change) => Source | undefined;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Brings reports to their sources: in order, a source at a time, until the source has them. */
export class Post {
  readonly #alone = createLocks();

  constructor(private readonly options: PostOptions) {}

  /** @param id of the letter on disk, which goes when it is delivered */
  deliver(id: number, { change, report }: Letter): void {
    const { store, source: sourceOf, log, signal } = this.options;
    const source = sourceOf(change);
    const delivery = this.#alone(change.source, async () => {
      if (source !== undefined) {
        await persevere(`reporting on ${change.key}`, () => source.report(change, report), { log, signal });
      }
      store.removeLetter(id);
    });
    delivery.catch((error: unknown) => {
      if (!signal.aborted) log.error(`${change.key}: ${errorText(error)}`);
    });
  }
}
