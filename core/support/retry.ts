/**
 * Delays of an exponential back-off in ms: first, twice that, ... up to `ceiling`, for ever. `jitter` is the share of
 * each delay that is drawn at random (0 = none), so that many clients do not come back in the same second.
 * @example for (const delay of backoff(1000, 60_000)) { await tryOnce(); await sleep(delay); }
 */
export function* backoff(
  first: number,
  ceiling: number,
  jitter = 0,
  random: () => number = Math.random,
): Generator<number, never> {
  for (let delay = first; ; delay = Math.min(delay * 2, ceiling)) {
    yield Math.round(delay * (1 - jitter + jitter * random()));
  }
}
