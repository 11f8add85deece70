import { HubError } from '../support/errors.ts';

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

/** Too many wrong passwords from one address or for one name. */
export class TooManyLogins extends HubError {
  constructor(readonly retrySeconds: number) {
    super('too_many_logins', `too many failed logins: try again in ${Math.ceil(retrySeconds / 60)} min`);
  }
}

const WINDOW_MS = 15 * 60_000;
const FAILURES_PER_ADDRESS = 10;
/** More, so that a stranger cannot lock the owner of a name out easily. */
const FAILURES_PER_NAME = 50;

export interface LoginGuard {
  /** Counts one attempt before it is looked at, so that many at once are no way around. @throws TooManyLogins */
  attempt(address: string, name: string): void;
  succeeded(address: string, name: string): void;
}

export function createLoginGuard(now: () => number): LoginGuard {
  const addresses = createLimiter(FAILURES_PER_ADDRESS, WINDOW_MS, now);
  const names = createLimiter(FAILURES_PER_NAME, WINDOW_MS, now);
  return {
    attempt(address, name) {
      const waitMs = addresses.spend(address) || names.spend(name);
      if (waitMs > 0) throw new TooManyLogins(Math.ceil(waitMs / 1000));
    },
    succeeded(address, name) {
      addresses.forgive(address);
      names.forgive(name);
    },
  };
}
