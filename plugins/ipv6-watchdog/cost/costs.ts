import type { Store } from 'cupboard/sdk';
import { tenths } from '../numbers.ts';
import { type ConnectionCost, weightedCost } from './connection.ts';
import { type Recommendation, recommendSteadily, type Thresholds } from './recommend.ts';

/** Rounds that must lie behind a recommendation. */
export const ROUNDS_NEEDED = 4;
/** It is made of so many of the newest. */
const ROUNDS_COUNTED = 24;
const KEPT_MS = 90 * 86_400_000;

/** What `ipv6-watchdog/cost` shows. */
export interface CostState {
  readonly time: number;
  /** Null while there are too few rounds. */
  readonly recommendation: Recommendation | null;
  /** Mean of the counted rounds, in ms. */
  readonly cost_ms: number | null;
  readonly rounds: number;
  readonly rounds_needed: number;
  readonly destinations: readonly ConnectionCost[];
}

/** Rounds of measurements, and what they recommend. */
export class Costs {
  readonly #add;
  readonly #recent;
  readonly #prune;
  #before: Recommendation | undefined;

  constructor(
    store: Store,
    private readonly limits: Thresholds,
  ) {
    this.#add = store.prepare('INSERT INTO costs (time, cost_ms, destinations) VALUES (?, ?, ?)');
    this.#recent = store.prepare<[number], { cost_ms: number }>(
      'SELECT cost_ms FROM costs WHERE cost_ms IS NOT NULL ORDER BY time DESC LIMIT ?',
    );
    this.#prune = store.prepare('DELETE FROM costs WHERE time < ?');
  }

  add(destinations: readonly ConnectionCost[], time = Date.now()): CostState {
    this.#add.run(time, weightedCost(destinations) ?? null, JSON.stringify(destinations));
    this.#prune.run(time - KEPT_MS);
    const recent = this.#recent.all(ROUNDS_COUNTED).map(({ cost_ms }) => cost_ms);
    const mean = recent.length === 0 ? undefined : recent.reduce((sum, each) => sum + each, 0) / recent.length;
    const isEnough = mean !== undefined && recent.length >= ROUNDS_NEEDED;
    if (isEnough) this.#before = recommendSteadily(mean, this.limits, this.#before);
    return {
      time,
      recommendation: isEnough ? (this.#before ?? null) : null,
      cost_ms: mean === undefined ? null : tenths(mean),
      rounds: recent.length,
      rounds_needed: ROUNDS_NEEDED,
      destinations,
    };
  }
}
