import { errorText, type Hub } from 'cupboard/sdk';
import type { Backup } from '../backup.ts';
import type { Config } from '../config.ts';
import type { Account } from './account.ts';
import type { FlickrApi } from './api.ts';
import { ADVICE, FlickrError, passes } from './errors.ts';
import type { Shares } from './shares.ts';
import { shareWaiting } from './sharing.ts';

/** Works off what waits, one run at a time, and says on the topic how that goes. */
export interface Worker {
  /** Works off what waits, now. Resolves when nothing waits any more. @throws FlickrError */
  run(): Promise<void>;
  /** The same, nobody waiting for the end. */
  wake(): void;
  /** The same, unless a person has to do something first. */
  retry(): void;
  /** Publishes where it stands. */
  tell(): void;
}

export function openWorker(
  hub: Hub<Config>,
  { catalogue, archive }: Backup,
  parts: { account: Account; api: FlickrApi; shares: Shares; publish: (state: object) => Promise<void> },
): Worker {
  const { account, api, shares } = parts;
  let running: Promise<void> | undefined;
  let problem: FlickrError | undefined;
  const tell = () => {
    const waiting = shares.waiting().length;
    const idle = account.name === undefined ? 'not_connected' : 'idle';
    const state = running ? 'sharing' : (problem?.state ?? idle);
    void parts.publish({
      state,
      user: account.name ?? null,
      waiting,
      last_error: problem?.message ?? null,
      advice: problem !== undefined || state === 'not_connected' ? ADVICE[problem?.state ?? 'not_connected'] : null,
    });
  };
  const work = async () => {
    problem = undefined;
    try {
      // Again and again: more may be asked for meanwhile.
      while (shares.waiting().length > 0) {
        await shareWaiting({
          api,
          shares,
          archive,
          photo: (path) => catalogue.get(path),
          log: hub.log,
          signal: hub.signal,
          onProgress: (done, total, path) => hub.progress('share', done, total, path),
        });
      }
    } catch (error) {
      if (error instanceof FlickrError) problem = error;
      throw error;
    }
  };
  const run = () => {
    if (running === undefined) {
      running = work().finally(() => {
        running = undefined;
        tell();
      });
      tell();
    }
    return running;
  };
  const wake = () => {
    run().catch((error: unknown) => {
      if (!hub.signal.aborted) hub.log.warn(`sharing pauses: ${errorText(error)}`);
    });
  };
  return {
    run,
    wake,
    tell,
    retry() {
      const canGoOn = account.name !== undefined && (problem === undefined || passes(problem));
      if (canGoOn && shares.waiting().length > 0) wake();
    },
  };
}
