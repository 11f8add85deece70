/** A wish to look at the nodes of failed builds. */
export interface Autohold {
  readonly job: string;
  /** How many more nodes are held. */
  readonly count: number;
  readonly reason: string;
}

/** Which builds' nodes are kept when they fail. It does not outlive the hub: the nodes it holds do not either. */
export class Autoholds {
  private readonly byJob = new Map<string, Autohold>();

  get all(): readonly Autohold[] {
    return [...this.byJob.values()];
  }

  /** Replaces the job's wish; a count of 0 takes it back. */
  set(job: string, count: number, reason: string): void {
    if (count > 0) this.byJob.set(job, { job, count, reason });
    else this.byJob.delete(job);
  }

  /** The reason to hold a node of a failed build of `job`, which is then one less to hold; `undefined` = none. */
  take(job: string): string | undefined {
    const wish = this.byJob.get(job);
    if (wish) this.set(job, wish.count - 1, wish.reason);
    return wish?.reason;
  }
}
