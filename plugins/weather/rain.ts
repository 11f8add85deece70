import type { Series } from './series.ts';

export interface RainStep {
  /** When it was read. */
  readonly time: number;
  readonly mm: number;
  /** ms since the reading before: how long this rain may have taken to fall. */
  readonly gap: number;
}

/** The calibration factor of the gauge at a time. */
export type GainAt = (time: number) => number;
const noGain: GainAt = () => 1;

const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** The rate is what fell in this window, taken four times to make an hour of it. */
const RATE_WINDOW = 15 * MINUTE;

/**
 * The rain between the readings of a cumulative total in (from, to]. A total that went down is a counter that started
 * again: it begins a new baseline and counts nothing, so rain is never negative and never a whole old total.
 */
export function rainSteps(totals: Series, from: number, to: number, gainAt: GainAt = noGain): RainStep[] {
  let previous = totals.at(from);
  const steps: RainStep[] = [];
  for (const sample of totals.between(from, to)) {
    if (previous && sample.value > previous.value) {
      const mm = (sample.value - previous.value) * gainAt(sample.time);
      steps.push({ time: sample.time, mm, gap: sample.time - previous.time });
    }
    previous = sample;
  }
  return steps;
}

/** Sums every step: what a calendar day is charged with, also for rain read only after a gap. */
export function rainSince(totals: Series, from: number, to: number, gainAt?: GainAt): number {
  return sum(rainSteps(totals, from, to, gainAt));
}

/**
 * Rain of the last `length` ms. A step that took longer than the window to be read is left out: nobody knows when in
 * the gap it fell, and an outage must not end in a cloudburst.
 */
export function rainWithin(totals: Series, length: number, to: number, gainAt?: GainAt): number {
  return sum(rainSteps(totals, to - length, to, gainAt).filter((step) => step.gap <= length));
}

/** mm/h over the last 15 minutes. */
export function rainRate(totals: Series, to: number, gainAt?: GainAt): number {
  return rainWithin(totals, RATE_WINDOW, to, gainAt) * (HOUR / RATE_WINDOW);
}

const sum = (steps: readonly RainStep[]) => steps.reduce((total, step) => total + step.mm, 0);
