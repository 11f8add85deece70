/** Lets one job at a time change the archive; the others wait in order. */
export class Jobs {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Runs `job` when all those before it are done. */
  run<T>(job: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const result = this.#last.then(job);
    this.#last = result.then(
      () => this.#leave(),
      () => this.#leave(), // whoever asked for the job handles its error
    );
    return result;
  }

  #leave(): void {
    this.#waiting -= 1;
  }

  /** A job runs or waits. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Resolves when no job runs or waits any more. */
  async settled(): Promise<void> {
    while (this.busy) await this.#last;
  }
}
