import type { GroupCommit } from '../support/group-commit.ts';
import type { Packet } from './aedes.ts';
import { encodePackets } from './packets.ts';

interface Entry {
  /** Unset for what only keeps its place in the order of its publisher. */
  readonly packet?: Packet;
  readonly release: () => void;
}

/** The messages that go to disk together. */
interface Batch {
  readonly id: number;
  readonly entries: Entry[];
}

/**
 * Durable before acknowledged. Messages of QoS 1 and 2 are written to the journal, many in one row and one commit;
 * when that is on disk they are routed, and their publishers released, in the order they came. Routing writes what
 * it keeps (queues, retained) and the removal of the row in one transaction: after a crash a message was either
 * routed or is still in the journal, never both.
 */
export class Journal {
  #open: Batch | undefined;
  #nextId = 1;
  #waiting = 0;
  /** Batches under way by publisher: what it sends meanwhile must not overtake. */
  readonly #pending = new WeakMap<object, number>();

  constructor(
    private readonly commit: GroupCommit,
    private readonly route: (packet: Packet) => void,
  ) {}

  /** Messages taken and not yet on disk. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Routes what the last run left behind. Before anyone can connect. */
  replay(rows: readonly { id: number; packets: readonly Packet[] }[]): void {
    for (const { id, packets } of rows) {
      for (const packet of packets) this.route(packet);
      this.commit.write('deleteJournal', [id]);
      this.#nextId = Math.max(this.#nextId, id + 1);
    }
  }

  /** Has this publisher messages that are not yet on disk? */
  isPending(publisher: object): boolean {
    return (this.#pending.get(publisher) ?? 0) > 0;
  }

  /** Stores and routes the message, then releases its publisher. */
  enter(publisher: object, packet: Packet, release: () => void): void {
    this.#waiting += 1;
    this.#add(publisher, {
      packet,
      release: () => {
        this.#waiting -= 1;
        release();
      },
    });
  }

  /** Releases the publisher when everything it sent before is on disk. */
  queueBehind(publisher: object, release: () => void): void {
    this.#add(publisher, { release });
  }

  #add(publisher: object, { packet, release }: Entry): void {
    this.#pending.set(publisher, (this.#pending.get(publisher) ?? 0) + 1);
    const done = () => {
      this.#pending.set(publisher, (this.#pending.get(publisher) ?? 1) - 1);
      release();
    };
    this.#batch().entries.push(packet ? { packet, release: done } : { release: done });
  }

  #batch(): Batch {
    if (this.#open) return this.#open;
    const batch: Batch = { id: this.#nextId++, entries: [] };
    this.#open = batch;
    this.commit.write('putJournal', () => {
      this.#open = undefined;
      return [batch.id, encodePackets(batch.entries.flatMap(({ packet }) => packet ?? []))];
    });
    this.commit.whenDurable(() => this.#stored(batch));
    return batch;
  }

  #stored({ id, entries }: Batch): void {
    for (const { packet, release } of entries) {
      if (packet) this.route(packet);
      release();
    }
    this.commit.write('deleteJournal', [id]);
  }
}
