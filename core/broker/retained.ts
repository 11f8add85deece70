import type { GroupCommit } from '../support/group-commit.ts';
import type { StoredState } from '../support/store-schema.ts';
import type { Packet } from './aedes.ts';
import { decodeOne, encodePackets, weightOf } from './packets.ts';
import { matches } from './topics.ts';

interface Retained {
  readonly packet: Packet;
  /** Epoch ms at which the broker took it. */
  readonly time: number;
}

/** The last retained message of each topic, in memory and in hub.db. */
export class RetainedMessages {
  readonly #messages = new Map<string, Retained>();
  #bytes = 0;

  constructor(
    private readonly store: GroupCommit,
    private readonly now: () => number,
  ) {}

  /** As it was read from the store. */
  restore({ packet, time }: StoredState['retained'][number]): void {
    this.#put({ packet: decodeOne(packet), time });
  }

  get count(): number {
    return this.#messages.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes retained on this topic, undefined when there is nothing. */
  sizeOf(topic: string): number | undefined {
    const kept = this.#messages.get(topic);
    return kept && weightOf(kept.packet);
  }

  /** What is retained on the topics of a filter and has not expired. */
  match(filter: string): Retained[] {
    const exact = this.#messages.get(filter);
    const found = /[+#]/.test(filter) ? [...this.#messages.values()] : exact ? [exact] : [];
    return found.filter(({ packet }) => matches(filter, packet.topic) && !this.#expire(packet));
  }

  /** Clears a message whose life is over, where it is looked for. */
  #expire({ topic, messageExpiry = Number.POSITIVE_INFINITY }: Packet): boolean {
    if (messageExpiry > this.now()) return false;
    this.#drop(topic);
    this.store.write('deleteRetained', [topic], `retained:${topic}`);
    return true;
  }

  /** Keeps a message in place of the one before; an empty one clears its topic. */
  keep(packet: Packet): void {
    const { topic } = packet;
    const key = `retained:${topic}`;
    if (packet.payload.length === 0) {
      this.#drop(topic);
      this.store.write('deleteRetained', [topic], key);
      return;
    }
    // A copy of the payload: what came from a socket is a view into a buffer a thousand times its size.
    const kept = { packet: { ...packet, payload: Buffer.from(packet.payload) }, time: this.now() };
    this.#put(kept);
    this.store.write('putRetained', () => [topic, kept.time, encodePackets([kept.packet])], key);
  }

  #put(message: Retained): void {
    const { topic } = message.packet;
    this.#drop(topic);
    this.#messages.set(topic, message);
    this.#bytes += weightOf(message.packet);
  }

  #drop(topic: string): void {
    this.#bytes -= this.sizeOf(topic) ?? 0;
    this.#messages.delete(topic);
  }
}
