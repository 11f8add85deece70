import type { GroupCommit } from '../support/group-commit.ts';
import type { StoredState } from '../support/store-schema.ts';
import type { Packet } from './aedes.ts';
import { decodeOne, encodePackets } from './packets.ts';
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
    return this.#messages.get(topic)?.packet.payload.length;
  }

  match(filter: string): Retained[] {
    if (!/[+#]/.test(filter)) {
      const exact = this.#messages.get(filter);
      return exact ? [exact] : [];
    }
    return [...this.#messages].flatMap(([topic, kept]) => (matches(filter, topic) ? [kept] : []));
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
    const { topic, payload } = message.packet;
    this.#drop(topic);
    this.#messages.set(topic, message);
    this.#bytes += payload.length;
  }

  #drop(topic: string): void {
    this.#bytes -= this.sizeOf(topic) ?? 0;
    this.#messages.delete(topic);
  }
}
