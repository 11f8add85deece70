/** One line of `npm run bench`. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What design and README promise, in words: `>= 100,000`. Shown beside the value, never asserted. */
  readonly target?: string;
  /** The same work done by something else in the same run; the table shows value / ratioTo.value. */
  readonly ratioTo?: { readonly name: string; readonly value: number };
}
