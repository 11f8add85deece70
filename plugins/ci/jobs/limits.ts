import { Refusal } from './problem.ts';

/** How much a set of definitions may grow to by aliases, substitution, macros and lists that multiply a template. */
export interface Limits {
  /** YAML values, those behind an alias counted every time. */
  readonly values: number;
  readonly jobs: number;
  /** Steps and calls of macros, those inside macros included. */
  readonly steps: number;
  /** Characters that substitution makes. */
  readonly characters: number;
}

/** For what the hub's owner wrote: above what anyone writes by hand, and still built in about a second. */
export const OWNER_LIMITS: Limits = { values: 200_000, jobs: 5_000, steps: 50_000, characters: 32 * 1024 ** 2 };
/** For what a proposed change brings along. */
export const CHANGE_LIMITS: Limits = { values: 20_000, jobs: 200, steps: 2_000, characters: 4 * 1024 ** 2 };

/** Of values in each other, and of macros and groups that call one another: beyond it the stack would be exhausted. */
export const MAX_DEPTH = 64;

/** What is left of the limits while definitions are expanded. */
export class Budget {
  readonly #limits: Limits;
  readonly #spent = { values: 0, jobs: 0, steps: 0, characters: 0 };

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @throws Refusal naming the limit, before the work that would exceed it is done */
  spend(what: keyof Limits, amount = 1): void {
    this.#spent[what] += amount;
    if (this.#spent[what] > this.#limits[what]) {
      throw new Refusal(`expands to more than ${this.#limits[what]} ${what}, the limit for one set of definitions`);
    }
  }
}
