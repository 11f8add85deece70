import type { GroupCommit } from '../support/group-commit.ts';
import type { Packet } from './aedes.ts';
import { encodePackets } from './packets.ts';

/** Whoever publishes. */
export interface Publisher {
  /** How many of its messages are on their way to the disk: what it sends meanwhile must not overtake them. */
  unstored: number;
}

interface Entry {
  readonly publisher: Publisher;
  /** Unset for what only keeps its place in the order of its publisher. */
  readonly packet: Packet | undefined;
  /** Called when it is on disk, before anything is routed: the publisher can go on while we route. */
  readonly acknowledge: (() => void) | undefined;
  /** Called when it is routed and its receivers can take more. */
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

  constructor(
    private readonly commit: GroupCommit,
    private readonly route: (packet: Packet, done?: () => void) => void,
    private readonly afterAcknowledging: () => void = () => undefined,
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

  /** Stores and routes the message, then releases its publisher. */
  enter(publisher: Publisher, packet: Packet, release: () => void, acknowledge?: () => void): void {
    this.#waiting += 1;
    this.#add({ publisher, packet, acknowledge, release });
  }

  /** Releases the publisher when everything it sent before is on disk. */
  queueBehind(publisher: Publisher, release: () => void): void {
    this.#add({ publisher, packet: undefined, acknowledge: undefined, release });
  }

  #add(entry: Entry): void {
    entry.publisher.unstored += 1;
    this.#batch().entries.push(entry);
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
    for (const { acknowledge } of entries) acknowledge?.();
    this.afterAcknowledging();
    for (const { publisher, packet, release } of entries) {
      publisher.unstored -= 1;
      if (!packet) {
        release();
        continue;
      }
      this.#waiting -= 1;
      this.route(packet, release);
    }
    this.commit.write('deleteJournal', [id]);
  }
}
