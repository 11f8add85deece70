import type { Input } from './fields.ts';
import type { Sample } from './series.ts';

/** What a field may be. Outside it a reading is kept and flagged, and no value is derived from it. */
export interface Limits {
  readonly min?: number;
  readonly max?: number;
  /** Largest believable change between two readings that are at most `max_age` apart. */
  readonly step?: number;
}
export type QualityLimits = Partial<Record<Input, Limits>>;

/** `missing`: the source itself reported the field as bad. */
export type Flag = 'range' | 'step' | 'missing';

/** So many readings in a row that agree with each other are a new level, not a spike. */
const CONFIRMATIONS = 3;

/** Judges the readings of one field in the order they come. */
export class QualityCheck {
  readonly #limits: Limits;
  readonly #maxGap: number;
  #doubted: Sample[] = [];

  /** @param maxGap ms after which any step is believable */
  constructor(limits: Limits, maxGap: number) {
    this.#limits = limits;
    this.#maxGap = maxGap;
  }

  /** @param before the last good reading earlier than this one */
  judge(reading: { time: number; value: number | null }, before: Sample | undefined): Flag | undefined {
    const { time, value } = reading;
    if (value === null || !Number.isFinite(value)) return 'missing';
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = this.#limits;
    if (value < min || value > max) return 'range';
    if (!before || this.#isNear({ time, value }, before)) {
      this.#doubted = [];
      return undefined;
    }
    const agreeing = this.#doubted.at(-1);
    this.#doubted =
      agreeing && this.#isNear({ time, value }, agreeing) ? [...this.#doubted, { time, value }] : [{ time, value }];
    if (this.#doubted.length < CONFIRMATIONS) return 'step';
    this.#doubted = [];
    return undefined;
  }

  #isNear(a: Sample, b: Sample): boolean {
    const { step } = this.#limits;
    return step === undefined || a.time - b.time > this.#maxGap || Math.abs(a.value - b.value) <= step;
  }
}
