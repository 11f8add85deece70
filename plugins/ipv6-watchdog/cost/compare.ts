import { tenths } from '../numbers.ts';
import type { Hop } from '../parse/mtr.ts';
import { type Recommendation, recommend, type Thresholds } from './recommend.ts';

/** What two traces to one destination, over IPv6 and over IPv4, tell about the tunnel. */
export interface Comparison {
  /** Round trip over IPv6 minus that over IPv4, in ms; negative when IPv6 is faster. */
  readonly cost_ms: number;
  readonly v6_ms: number;
  readonly v4_ms: number;
  /** Where most of the IPv6 round trip is added, between two hops that answered. */
  readonly biggest_step?: { readonly from: number; readonly to: number; readonly ms: number };
  readonly where?: 'before the tunnel' | 'in the tunnel' | 'behind the tunnel';
  readonly recommendation: Recommendation;
}

/**
 * Compares two traces by their last hops that answered.
 * @param gateway number of the IPv6 hop that is the tunnel's far end. Seen from the LAN hop 1 is the router, so 2; seen
 *   from the router itself 1.
 * @throws RangeError when one of them holds no hop that answered
 */
export function compareTraces(v6: readonly Hop[], v4: readonly Hop[], gateway: number, limits: Thresholds): Comparison {
  const v6Ms = lastAverage(v6, 'v6');
  const v4Ms = lastAverage(v4, 'v4');
  const cost = tenths(v6Ms - v4Ms);
  const step = biggestStep(v6);
  return {
    cost_ms: cost,
    v6_ms: v6Ms,
    v4_ms: v4Ms,
    ...(step && { biggest_step: step, where: whereIs(step, gateway) }),
    recommendation: recommend(cost, limits),
  };
}

/** The largest rise from one answering hop to the next one that answered; undefined with fewer than two. */
export function biggestStep(hops: readonly Hop[]): Comparison['biggest_step'] {
  const answering = hops.filter((hop): hop is Hop & { average: number } => hop.average !== undefined);
  const steps = answering.slice(1).map((hop, index) => {
    const before = answering[index] as (typeof answering)[number];
    return { from: before.number, to: hop.number, ms: tenths(hop.average - before.average) };
  });
  return steps.reduce<Comparison['biggest_step']>(
    (most, step) => (most && most.ms >= step.ms ? most : step),
    undefined,
  );
}

/** The tunnel is one hop of IPv6, however many of IPv4 it crosses: the step that ends at its far end. */
export function whereIs(step: { from: number; to: number }, gateway: number): NonNullable<Comparison['where']> {
  if (step.to < gateway) return 'before the tunnel';
  return step.from < gateway ? 'in the tunnel' : 'behind the tunnel';
}

function lastAverage(hops: readonly Hop[], name: string): number {
  const average = hops.findLast((hop) => hop.average !== undefined)?.average;
  if (average !== undefined) return average;
  const got = hops.length === 0 ? 'no line of one' : 'no hop that answered';
  throw new RangeError(`${name}: expected the report of mtr -r as text, got ${got}`);
}
