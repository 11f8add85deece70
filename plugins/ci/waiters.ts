/** Those who wait for something to change, and then look again. */
export class Waiters {
  readonly #resumes = new Set<() => void>();

  /** Resolves at the next change, or when the signal is aborted. */
  change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        this.#resumes.delete(resume);
        signal.removeEventListener('abort', resume);
        resolve();
      };
      this.#resumes.add(resume);
      signal.addEventListener('abort', resume);
    });
  }

  /** Something changed. */
  wake(): void {
    for (const resume of [...this.#resumes]) resume();
  }
}
