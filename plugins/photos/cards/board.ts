import type { Hub } from 'cupboard/sdk';
import type { Register } from './register.ts';
import { afterRemoval, type CardStatus, type SignalState, signalOf } from './status.ts';

/** So many retained topics at most; the register knows all cards. */
const MOST_TOPICS = 50;

/** The topics `photos/card/<id>`: what people, programs and the light on the shelf are told about each card. */
export class CardBoard {
  readonly #hub: Pick<Hub, 'id' | 'publish' | 'subscribe'>;
  readonly #register: Register;
  readonly #signal: (state: SignalState) => Promise<void>;
  /** What is published, the card shown last at the end. */
  readonly #shown = new Map<string, CardStatus>();

  constructor(
    hub: Pick<Hub, 'id' | 'publish' | 'subscribe'>,
    register: Register,
    signal: (state: SignalState) => Promise<void>,
  ) {
    this.#hub = hub;
    this.#register = register;
    this.#signal = signal;
  }

  /** Shows the cards of earlier runs as removed: one that is still in is found again. Clears what else was left behind. */
  async open(): Promise<void> {
    for (const { id, status } of this.#register.statuses(MOST_TOPICS).reverse())
      await this.show(id, afterRemoval(status));
    await this.#hub.subscribe(this.#topic('+'), async ({ topic, retained, payload }) => {
      const isLeft = retained && payload !== null && !this.#shown.has(topic.slice(this.#topic('').length));
      if (isLeft) await this.#hub.publish(topic, null, { retain: true });
    });
  }

  async show(id: string, status: CardStatus): Promise<void> {
    this.#shown.delete(id);
    this.#shown.set(id, status);
    const isProgress = status.done !== undefined; // for that, no disk needs to be waited for
    if (!isProgress) this.#register.saveStatus(id, status);
    await this.#hub.publish(this.#topic(id), { time: Date.now(), ...status }, { retain: true });
    const oldest = [...this.#shown].find(([, { state }]) => state === 'removed')?.[0];
    if (oldest !== undefined && this.#shown.size > MOST_TOPICS) await this.clear(oldest);
    await this.#tellSignal();
  }

  async clear(id: string): Promise<void> {
    if (!this.#shown.delete(id)) return;
    await this.#hub.publish(this.#topic(id), null, { retain: true });
    await this.#tellSignal();
  }

  /** Turns lights off. */
  async close(): Promise<void> {
    await this.#signal('idle');
  }

  #topic(id: string): string {
    return `${this.#hub.id}/card/${id}`;
  }

  async #tellSignal(): Promise<void> {
    await this.#signal(signalOf([...this.#shown.values()].map(({ state }) => state)));
  }
}
