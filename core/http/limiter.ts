/** Counts attempts per key in windows of fixed length. */
export interface Limiter {
  /** Counts one attempt; answers 0, or for how many ms the key must wait. */
  spend(key: string): number;
  forgive(key: string): void;
}

/** Strangers choose the keys, so their number is bounded. */
const MOST_KEYS = 10_000;

export function createLimiter(limit: number, windowMs: number, now: () => number): Limiter {
  const windows = new Map<string, { count: number; ends: number }>();

  const makeRoom = () => {
    if (windows.size < MOST_KEYS) return;
    for (const [key, { ends }] of windows) if (ends <= now()) windows.delete(key);
    // Still full: the oldest go, in the order in which they came.
    for (const key of windows.keys()) if (windows.size >= MOST_KEYS) windows.delete(key);
  };

  return {
    spend(key) {
      let window = windows.get(key);
      if (!window || window.ends <= now()) {
        windows.delete(key);
        makeRoom();
        window = { count: 0, ends: now() + windowMs };
        windows.set(key, window);
      }
      if (window.count >= limit) return window.ends - now();
      window.count += 1;
      return 0;
    },
    forgive: (key) => void windows.delete(key),
  };
}
