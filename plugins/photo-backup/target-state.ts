import type { Place } from './backup.ts';
import { earlyFee, knownPrice, leastDays } from './billing.ts';
import type { TargetSettings } from './config.ts';
import type { Summary } from './ledger.ts';
import { describe, type Situation } from './state.ts';

const DAY_MS = 86_400_000;

/** `photo-backup/<target>`; of a target whose settings are incomplete only the first four. */
export interface TargetState extends Summary {
  /** Epoch ms. */
  readonly time: number;
  readonly state: string;
  /** What there is to do about it. */
  readonly advice: string | null;
  /** What was said by whoever refused. */
  readonly reason: string | null;
  /** The photos come from a simulator. */
  readonly simulated?: true;
  readonly type: TargetSettings['type'];
  readonly place: string;
  readonly rewrites: {
    /** Files changed since they were sent. */
    readonly waiting: number;
    readonly bytes: number;
    /** Days that a copy lies before it is sent again. */
    readonly after_days: number;
    /** What sending them now would cost beyond storage; `null` = the price is not known. */
    readonly cost_now: number | null;
  };
  /** When all of it was there, epoch ms; `null` = never. */
  readonly last_success: number | null;
  /** When all of it was compared. */
  readonly last_verified: number | null;
}

/** What is told of a target: its situation, completed by what its ledger knows. */
export function targetState(
  { settings, target, ledger }: Place,
  situation: Omit<Situation, 'paused' | 'cannotReplace' | 'rewritesWaiting' | 'summary'>,
  simulated: boolean,
): Omit<TargetState, 'time'> {
  const summary = ledger.summary();
  const { paused, cannotReplace, lastSuccess, lastVerified } = ledger;
  const copies = ledger.rewrites();
  const price = settings.price ?? knownPrice(settings.storage_class);
  const days = leastDays(settings.storage_class);
  const now = Date.now();
  const fee = price === undefined ? null : earlyFee(copies, days, price, now);
  const rewritesWaiting = copies.filter(({ stored }) => now < stored + rewriteDays(settings) * DAY_MS).length;
  return {
    ...describe({ ...situation, paused, cannotReplace, rewritesWaiting, summary }),
    ...(simulated && { simulated }),
    type: settings.type,
    place: target.place,
    ...summary,
    rewrites: {
      waiting: copies.length,
      bytes: copies.reduce((sum, { size }) => sum + size, 0),
      after_days: rewriteDays(settings),
      cost_now: days === 0 ? 0 : fee,
    },
    last_success: lastSuccess,
    last_verified: lastVerified,
  };
}

/** Days that a copy lies before a changed file takes its place. */
export const rewriteDays = ({ rewrite_after, storage_class }: TargetSettings): number =>
  rewrite_after ?? leastDays(storage_class);
