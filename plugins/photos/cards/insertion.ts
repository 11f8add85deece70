import type { Hold } from './decide.ts';
import type { Mounted } from './mounter.ts';
import type { CardStatus } from './status.ts';

/** One card in one slot, from the moment it is noticed until it is gone. */
export class Insertion implements Hold {
  /** The place that is read now. */
  place: string | undefined;
  /** As the register knows it; for what cannot be read, made of what its file system is called. */
  id: string | undefined;
  status: CardStatus | undefined;
  /** It is mounted for somebody else, or being unmounted: a mount come or gone meanwhile says nothing of the card. */
  isInHand = false;
  readonly #gone = new AbortController();
  #mounting: Promise<Mounted | undefined> = Promise.resolve(undefined);
  #work: Promise<void> = Promise.resolve();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(readonly medium: string | undefined) {}

  /** Aborted when the card is gone, or the plugin stops. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Does something with the card, after what was begun before. The task handles its own errors. */
  work(task: () => Promise<void>): void {
    this.#work = this.#work.then(task);
  }

  /** Lending the card and letting go of it take turns. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(task);
    this.#turn = result.catch(() => undefined); // whoever asked for the task handles its error
    return result;
  }

  /** The card is mounted by `mounting`. */
  mountedBy(mounting: Promise<Mounted | undefined>): void {
    this.#mounting = mounting;
  }

  /** Unmounts it if the plugin mounted it, and answers whether it did. */
  async release(): Promise<boolean> {
    const mounted = await this.#mounting;
    this.#mounting = Promise.resolve(undefined);
    if (mounted === undefined) return false;
    // The kernel's list drops a mount before all is written and the unmounting is over: whoever looks in between must
    // not take the card for one that somebody else unmounted.
    this.place = undefined;
    this.isInHand = true;
    await mounted.unmount().finally(() => {
      this.isInHand = false;
    });
    return true;
  }

  /** Ends what is done with the card, unmounting included, and waits until it has ended. */
  async end(): Promise<void> {
    this.#gone.abort('source_gone');
    await this.#work;
  }
}
