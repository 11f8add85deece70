import { setTimeout as sleep } from 'node:timers/promises';

/** Flickr asks for fewer than 3,600 queries an hour and key, all users together (Flickr API terms). */
const BURST = 60;
const REFILL_MS = 1_100;

/** Lets calls pass at a rate. */
export interface Pace {
  /** Resolves when the next call may go out; rejects when the signal is aborted. */
  take(signal: AbortSignal): Promise<void>;
}

/**
 * A token bucket: 60 calls at once, then one in 1.1 s, so at most 60 + 3,273 in any hour. A restart gives 60 more, which
 * still leaves room for three of them.
 */
export function openPace(now: () => number = performance.now.bind(performance), wait = sleep): Pace {
  let filled = BURST;
  let at = now();
  return {
    async take(signal) {
      signal.throwIfAborted();
      filled = Math.min(BURST, filled + (now() - at) / REFILL_MS) - 1;
      at = now();
      // Whoever comes later finds less: the calls queue up in the order they came.
      if (filled < 0) await wait(-filled * REFILL_MS, undefined, { signal });
    },
  };
}
