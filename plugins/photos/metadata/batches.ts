import { errorText, type Logger } from 'cupboard/sdk';
import type { Jobs } from '../ingest/jobs.ts';
import { applyEdit, type EditParts, type EditResult } from './apply.ts';
import type { NewEdit } from './edits.ts';
import { sweepStaged } from './rewrite.ts';

/** The batch cannot go on now; what is left of it is written when the reason is gone. */
export class BatchPausedError extends Error {}

export interface Batches {
  /**
   * Queues edits, on disk before anything is written, and does them.
   * @throws BatchPausedError
   */
  run(edits: readonly NewEdit[]): Promise<readonly EditResult[]>;
  /** Goes on with what a crash or a missing disk left in the queue. */
  resume(): Promise<void>;
}

export interface BatchParts extends EditParts {
  readonly jobs: Jobs;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number, path: string) => void;
  /** The queue is empty again. */
  readonly finished: (counts: { readonly changed: number; readonly failed: number }) => Promise<void>;
}

interface Waiting {
  readonly results: EditResult[];
  left: number;
  readonly settle: (error?: unknown) => void;
}

/** One edit after the other, each a job of its own, so that an import need not wait for a batch of thousands. */
export function createBatches(parts: BatchParts): Batches {
  const { queue, jobs, log, signal, archive } = parts;
  const waiting = new Map<number, Waiting>();
  let draining: Promise<void> | undefined;

  const drain = async () => {
    await sweepStaged(parts.staging);
    if (signal.aborted || queue.size() === 0) return;
    await archive.open();
    const counts = { changed: 0, skipped: 0, failed: 0 };
    let done = 0;
    while (!signal.aborted) {
      const queued = queue.next();
      if (queued === undefined) break;
      parts.progress(done, done + queue.size(), queued.path);
      const result = await jobs.run(() => archive.open().then(() => applyEdit(queued, parts)));
      done += 1;
      counts[result.outcome] += 1;
      if (result.outcome === 'failed') log.warn(`${queued.path}: ${result.reason}`);
      const asker = waiting.get(queued.batch);
      if (asker === undefined) continue;
      asker.results.push(result);
      asker.left -= 1;
      if (asker.left === 0) asker.settle();
    }
    if (done === 0 || signal.aborted) return;
    parts.progress(done, done + queue.size(), '');
    await parts.finished({ changed: counts.changed, failed: counts.failed });
  };

  const resume = () => {
    draining ??= drain()
      .catch((error: unknown) => {
        const reason = `${errorText(error)}; ${queue.size()} files wait to be written`;
        log.warn(reason);
        for (const asker of waiting.values()) asker.settle(new BatchPausedError(reason, { cause: error }));
      })
      .finally(() => {
        draining = undefined;
      });
    return draining;
  };

  return {
    run: async (edits) => {
      if (edits.length === 0) return [];
      const results: EditResult[] = [];
      await new Promise<void>((resolve, reject) => {
        const batch = queue.add(edits);
        const settle = (error?: unknown) => {
          waiting.delete(batch);
          if (error === undefined) resolve();
          else reject(error);
        };
        waiting.set(batch, { results, left: edits.length, settle });
        // A drain that is about to end may have looked at the queue before this batch was in it.
        void resume().then(() => (waiting.has(batch) ? resume() : undefined));
      });
      return results;
    },
    resume,
  };
}
