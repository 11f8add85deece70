/** Progress of one long job: `<id>/progress/<job>`. */
export interface ProgressPayload {
  readonly time: number;
  readonly done: number;
  readonly total: number;
  readonly message?: string;
  /** When it will be done if it goes on like this, epoch ms. */
  readonly eta?: number;
}

/** A job that counts thousands of files must not publish thousands of messages a second. */
const LEAST_INTERVAL_MS = 250;

/** Decides what of the progress of a plugin's jobs is worth publishing. */
export class ProgressMeter {
  readonly #jobs = new Map<string, { startedAt: number; doneAtStart: number; publishedAt: number }>();

  /** Answers the payload, or undefined when the last one is too fresh. First and last steps always count. */
  step(
    job: string,
    done: number,
    total: number,
    message: string | undefined,
    now: number,
  ): ProgressPayload | undefined {
    const known = this.#jobs.get(job);
    const isEnd = done >= total;
    if (known && !isEnd && now - known.publishedAt < LEAST_INTERVAL_MS) return undefined;
    const { startedAt, doneAtStart } = known ?? { startedAt: now, doneAtStart: done };
    if (isEnd) this.#jobs.delete(job);
    else this.#jobs.set(job, { startedAt, doneAtStart, publishedAt: now });
    const perMs = (done - doneAtStart) / (now - startedAt);
    const eta = !isEnd && perMs > 0 && Number.isFinite(perMs) ? Math.round(now + (total - done) / perMs) : undefined;
    return { time: now, done, total, ...(message !== undefined && { message }), ...(eta !== undefined && { eta }) };
  }
}
