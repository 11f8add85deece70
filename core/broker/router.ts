import type { Packet } from './aedes.ts';
import { TopicTree } from './topics.ts';

export type Receiver = (packet: Packet, done: () => void) => void;

/**
 * Hands messages to everyone subscribed, in aedes' place for them (its `mq`): once to each receiver, whatever filters
 * it stands under. No queue and no limit in common: who is slow holds up nobody but its own publishers.
 */
export class Router {
  readonly #receivers = new TopicTree<Receiver>();

  on(filter: string, receiver: Receiver, done?: () => void): this {
    this.#receivers.add(filter, receiver);
    if (done) setImmediate(done);
    return this;
  }

  removeListener(filter: string, receiver: Receiver, done?: () => void): this {
    this.#receivers.remove(filter, receiver);
    if (done) setImmediate(done);
    return this;
  }

  emit(packet: Packet, done: () => void): void {
    const receivers = this.#receivers.match(packet.topic);
    let left = receivers.length + 1;
    const one = () => {
      left -= 1;
      if (left === 0) done();
    };
    for (const receive of receivers) receive(packet, one);
    one();
  }

  close(done: () => void): void {
    setImmediate(done);
  }
}
