import { setTimeout as sleep } from 'node:timers/promises';
import type { Limiter } from './targets/target.ts';

/** What may go out at once after a rest. */
const BURST_SECONDS = 0.5;

/** Lets bytes pass at `kilobytesPerSecond`; without a rate as they come. */
export function rateLimit(kilobytesPerSecond: number | undefined): Limiter {
  if (kilobytesPerSecond === undefined) return { take: async () => undefined };
  const bytesPerMs = kilobytesPerSecond;
  let freeAt = 0;
  return {
    take: async (bytes, signal) => {
      const now = performance.now();
      freeAt = Math.max(freeAt, now - BURST_SECONDS * 1000) + bytes / bytesPerMs;
      if (freeAt > now) await sleep(freeAt - now, undefined, { signal });
    },
  };
}
