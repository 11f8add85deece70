import { errorText } from './errors.ts';
import type { Logger } from './log.ts';

/** Remembers how to stop what was started, and does it in reverse; one that fails does not keep the others up. */
export class Lifeline {
  readonly #stops: { readonly name: string; stop(): void | Promise<void> }[] = [];

  onStop(name: string, stop: () => void | Promise<void>): void {
    this.#stops.push({ name, stop });
  }

  async stop(log: Logger): Promise<void> {
    for (let last = this.#stops.pop(); last; last = this.#stops.pop()) {
      try {
        await last.stop();
      } catch (error) {
        log.error(`${last.name} did not stop cleanly: ${errorText(error)}`);
      }
    }
  }
}
