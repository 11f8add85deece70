import type { Hub, JsonObject } from 'cupboard/sdk';

/** The one place where the wall clock counts: it tells that a source says nothing any more. */
export class SilenceWatch {
  readonly #hub: Pick<Hub<JsonObject>, 'waiting' | 'ready'>;
  readonly #topic: string;
  readonly #maxAge: number;
  #heardAt: number | undefined;
  #isSilent = true;

  constructor(hub: Pick<Hub<JsonObject>, 'waiting' | 'ready'>, topic: string, maxAge: number) {
    this.#hub = hub;
    this.#topic = topic;
    this.#maxAge = maxAge;
    hub.waiting(
      `no reading on ${topic} yet`,
      'start the plugin that reads the station, or set source.outdoor to its topic',
    );
  }

  /** A retained message is the station's last word, which may be days old: it counts only while fresh. */
  heard(time: number, retained: boolean, now = Date.now()): void {
    if (retained && now - time > this.#maxAge) return;
    this.#heardAt = now;
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.#hub.ready();
  }

  /** True while nothing is heard. */
  check(now = Date.now()): boolean {
    if (this.#isSilent || this.#heardAt === undefined) return this.#isSilent;
    this.#isSilent = now - this.#heardAt > this.#maxAge;
    if (this.#isSilent) {
      this.#hub.waiting(
        `no reading on ${this.#topic} since ${new Date(this.#heardAt).toISOString()}`,
        'look at the plugin that reads the station: its page says what is wrong',
      );
    }
    return this.#isSilent;
  }
}
