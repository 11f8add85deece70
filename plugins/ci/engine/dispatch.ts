import type { Pipeline } from '../contract.ts';

/** A build that could start. */
export interface Waiting {
  readonly build: string;
  readonly precedence: Pipeline['precedence'];
  /** Counts up in the order they were asked for. */
  readonly order: number;
  readonly pipeline: string | null;
  readonly mutex?: string;
  /** Whether it takes one of the hub's own nodes. */
  readonly needsNode: boolean;
}

export interface Capacity {
  /** Nodes that can still be handed out, and how many there may be. */
  readonly free: number;
  readonly max: number;
  /** Mutex to the build that holds it. */
  readonly held: ReadonlyMap<string, string>;
  /** Pipeline to who paused it; `''` = everything. */
  readonly paused: ReadonlyMap<string, string>;
}

const RANK = { high: 0, normal: 1, low: 2 };

/**
 * Which builds start now, and why each of the others waits. Pipelines of higher precedence come first, then who asked
 * first; a build that waits for its mutex lets others pass.
 */
export function dispatch(
  waiting: readonly Waiting[],
  { free, max, held, paused }: Capacity,
): { readonly start: readonly string[]; readonly reasons: ReadonlyMap<string, string> } {
  const start: string[] = [];
  const reasons = new Map<string, string>();
  const taken = new Map(held);
  let left = free;
  const ordered = [...waiting].sort((a, b) => RANK[a.precedence] - RANK[b.precedence] || a.order - b.order);
  for (const { build, pipeline, mutex, needsNode } of ordered) {
    const pause = paused.get('') ?? (pipeline === null ? undefined : paused.get(pipeline));
    const holder = mutex === undefined ? undefined : taken.get(mutex);
    if (pause !== undefined) reasons.set(build, pause);
    else if (holder !== undefined) reasons.set(build, `build ${holder.slice(0, 7)} holds the mutex ${mutex}`);
    else if (needsNode && left <= 0) reasons.set(build, `${max} of ${max} nodes in use`);
    else {
      start.push(build);
      if (mutex !== undefined) taken.set(mutex, build);
      if (needsNode) left -= 1;
    }
  }
  return { start, reasons };
}
