import { setTimeout as sleep } from 'node:timers/promises';
import { backoff, errorText, type Logger } from 'cupboard/sdk';

const FIRST_MS = 1000;
const CEILING_MS = 60_000;

export interface Patience {
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Ends the attempts: nobody wants it any more, or it is a failure that will not pass. */
  readonly isOver?: (error: unknown) => boolean;
}

/**
 * Tries until it succeeds, 1 s to 60 s apart, with a line in the log at the first failure and at the success after one.
 * @throws what the last attempt threw when `isOver` says so or the signal is aborted
 */
export async function persevere<Result>(
  what: string,
  task: () => Promise<Result>,
  { log, signal, isOver = () => false }: Patience,
): Promise<Result> {
  let failures = 0;
  for (const delay of backoff(FIRST_MS, CEILING_MS, 0.1)) {
    try {
      const result = await task();
      if (failures > 0) log.info(`${what}: done after ${failures} failed attempts`);
      return result;
    } catch (error) {
      if (signal.aborted || isOver(error)) throw error;
      if (failures === 0) log.warn(`${what}: ${errorText(error)}; it is tried again`);
      failures += 1;
    }
    await sleep(delay, undefined, { signal });
  }
  throw new Error('unreachable');
}
