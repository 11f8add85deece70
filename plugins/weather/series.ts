export interface Sample {
  /** Epoch ms: when it was measured. */
  readonly time: number;
  readonly value: number;
}

/** The recent samples of one field in order of their time, whatever the order in which they arrived. */
export class Series {
  readonly #samples: Sample[] = [];

  /** A second sample of the same time replaces the first: a repeated message is one reading. */
  add(sample: Sample): void {
    const at = this.#indexAfter(sample.time);
    const before = this.#samples[at - 1];
    if (before?.time === sample.time) this.#samples[at - 1] = sample;
    else this.#samples.splice(at, 0, sample);
  }

  /** Samples in (from, to]: a reading belongs to the interval it ends. */
  between(from: number, to: number): readonly Sample[] {
    return this.#samples.slice(this.#indexAfter(from), this.#indexAfter(to));
  }

  /** The newest sample at or before `time`. */
  at(time: number): Sample | undefined {
    return this.#samples[this.#indexAfter(time) - 1];
  }

  /** The oldest sample later than `time`. */
  after(time: number): Sample | undefined {
    return this.#samples[this.#indexAfter(time)];
  }

  /** The sample nearest to `time`, at most `tolerance` ms away. */
  nearest(time: number, tolerance: number): Sample | undefined {
    const before = this.at(time);
    const after = this.after(time);
    const distance = (sample: Sample | undefined) => (sample ? Math.abs(sample.time - time) : Number.POSITIVE_INFINITY);
    const best = distance(after) < distance(before) ? after : before;
    return distance(best) <= tolerance ? best : undefined;
  }

  /** Drops what is older than `time`, but keeps the newest of it: the counter that a later reading is compared with. */
  prune(time: number): void {
    const keepFrom = this.#indexAfter(time) - 1;
    if (keepFrom > 0) this.#samples.splice(0, keepFrom);
  }

  clear(): void {
    this.#samples.length = 0;
  }

  /** Index of the first sample later than `time`. */
  #indexAfter(time: number): number {
    let low = 0;
    let high = this.#samples.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#samples[middle] as Sample).time <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
