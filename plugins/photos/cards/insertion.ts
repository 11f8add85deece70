import type { Hold } from './decide.ts';
import type { CardStatus } from './status.ts';

/** One card in one slot, from the moment it is noticed until it is gone. */
export class Insertion implements Hold {
  /** The place that is read now. */
  place: string | undefined;
  /** As the register knows it; for what cannot be read, made of what its file system is called. */
  id: string | undefined;
  status: CardStatus | undefined;
  readonly #gone = new AbortController();
  #mounting: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined);
  #work: Promise<void> = Promise.resolve();

  constructor(readonly medium: string | undefined) {}

  /** Aborted when the card is gone, or the plugin stops. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Does something with the card, after what was begun before. The task handles its own errors. */
  work(task: () => Promise<void>): void {
    this.#work = this.#work.then(task);
  }

  /** The card is mounted by `mounting`; what it answers unmounts it. */
  mountedBy(mounting: Promise<(() => Promise<void>) | undefined>): void {
    this.#mounting = mounting;
  }

  /** Unmounts it if the plugin mounted it, and answers whether it did. */
  async release(): Promise<boolean> {
    const unmount = await this.#mounting;
    this.#mounting = Promise.resolve(undefined);
    await unmount?.();
    return unmount !== undefined;
  }

  /** Ends what is done with the card, unmounting included, and waits until it has ended. */
  async end(): Promise<void> {
    this.#gone.abort('source_gone');
    await this.#work;
  }
}
