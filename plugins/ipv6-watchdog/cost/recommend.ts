export type Recommendation = 'keep' | 'prefer IPv4' | 'turn off';

/** What a tunnel may cost, in ms of a connection over IPv6 more than over IPv4. */
export interface Thresholds {
  readonly prefer_ipv4_ms: number;
  readonly turn_off_ms: number;
}

/**
 * Happy eyeballs waits 250 ms before it tries IPv4 (RFC 8305), so a tunnel that is slower by less than that is used in
 * full by every program: what it costs is what its users feel.
 */
export function recommend(costMs: number, { prefer_ipv4_ms, turn_off_ms }: Thresholds): Recommendation {
  if (costMs >= turn_off_ms) return 'turn off';
  return costMs >= prefer_ipv4_ms ? 'prefer IPv4' : 'keep';
}

/** A change of mind needs the cost to be past the limit by this share, so that it does not swing from hour to hour. */
const MARGIN = 0.2;

/** As `recommend`, staying with what was said before while the cost is near the limit it would have to cross. */
export function recommendSteadily(
  costMs: number,
  limits: Thresholds,
  before: Recommendation | undefined,
): Recommendation {
  const now = recommend(costMs, limits);
  if (before === undefined || now === before) return now;
  const shifted = (share: number) => recommend(costMs * share, limits);
  // Past the limit also when the cost is taken as smaller, or as larger, than measured.
  return shifted(1 - MARGIN) === before || shifted(1 + MARGIN) === before ? before : now;
}
