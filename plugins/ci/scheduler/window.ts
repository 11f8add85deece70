import type { Pipeline } from '../contract.ts';

type Window = Pipeline['window'];

/** After a merge. */
export function grown(size: number, { increaseType, increaseFactor }: Window): number {
  return increaseType === 'exponential' ? size * increaseFactor : size + increaseFactor;
}

/** After a failure. */
export function shrunk(size: number, { decreaseType, decreaseFactor, floor }: Window): number {
  const less = decreaseType === 'exponential' ? Math.floor(size / decreaseFactor) : size - decreaseFactor;
  return Math.max(floor, less);
}
