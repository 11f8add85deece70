/** At most so many of each kind a minute, counted from the first; what is left out is counted. */
export class RateLimit {
  readonly #windows = new Map<string, { start: number; passed: number; skipped: number }>();

  constructor(
    private readonly perMinute: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many were left out since the last that passed; `undefined` = leave this one out. */
  admit(kind: string): number | undefined {
    const window = this.#windows.get(kind) ?? { start: this.now(), passed: 0, skipped: 0 };
    this.#windows.set(kind, window);
    if (this.now() - window.start >= 60_000) {
      window.start = this.now();
      window.passed = 0;
    }
    if (window.passed >= this.perMinute) {
      window.skipped += 1;
      return undefined;
    }
    const { skipped } = window;
    window.passed += 1;
    window.skipped = 0;
    return skipped;
  }
}
