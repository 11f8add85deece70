import type { GroupCommit } from '../support/group-commit.ts';
import type { Packet, Release } from './aedes.ts';
import { encodePackets, weightOf } from './packets.ts';

export interface QueueLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** One message of QoS 1 or 2 on its way to one client. */
export interface Entry {
  readonly seq: number;
  packet: Packet;
  /** Set once it was sent. */
  messageId: number | undefined;
  /** QoS 2: the client has it (PUBREC), only its release is outstanding. */
  released: boolean;
  /** The client may have seen it in an earlier connection: sent again, it carries DUP. */
  mayBeKnown: boolean;
  /** The shared subscription it came through: another member may have it when this one is lost. */
  readonly share: string | undefined;
}

/** A message of a shared subscription whose receiver is lost. */
export interface Orphan {
  readonly share: string;
  readonly packet: Packet;
}

/**
 * Messages of QoS 1 and 2 for one client, in order, until it acknowledged them. With a store they belong to a
 * session that outlives connections and the hub; without, they go with the connection.
 */
export class SessionQueue {
  readonly #entries = new Map<number, Entry>();
  readonly #sent = new Map<number, Entry>();
  /** Entries from here on were never sent in this connection. */
  #unsent: Entry[] = [];
  #bytes = 0;
  #nextSeq = 1;
  #nextId = 1;

  constructor(
    private readonly client: string,
    private readonly limits: QueueLimits,
    private readonly store?: GroupCommit,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  /** No room for another message, however small. */
  get isFull(): boolean {
    return this.#entries.size >= this.limits.messages || this.#bytes >= this.limits.bytes;
  }

  get hasUnsent(): boolean {
    return this.#unsent.length > 0;
  }

  /** False when the session has no room left. */
  add(packet: Packet, share?: string): boolean {
    if (this.#entries.size >= this.limits.messages) return false;
    if (this.#bytes + weightOf(packet) > this.limits.bytes) return false;
    const entry = this.#keep({
      seq: this.#nextSeq,
      packet,
      messageId: undefined,
      released: false,
      mayBeKnown: false,
      share,
    });
    this.#unsent.push(entry);
    this.store?.write('enqueue', [this.client, entry.seq, encodePackets([packet])]);
    return true;
  }

  /** As it was read from the store. Whether a message of QoS 1 was sent is not written down: it may have been. */
  restore(row: { seq: number; messageId: number | null; released: number }, packet: Packet): void {
    const entry = this.#keep({
      seq: row.seq,
      packet,
      messageId: undefined,
      released: row.released === 1,
      mayBeKnown: packet.qos === 1 || row.messageId !== null,
      share: undefined,
    });
    if (row.messageId === null) this.#unsent.push(entry);
    else this.markSent(entry, row.messageId);
  }

  /** Gives the next unsent messages their ids, as far as the client's window allows. */
  take(window: number): Entry[] {
    const count = Math.min(this.#unsent.length, window - this.#sent.size);
    if (count <= 0) return [];
    const taken = this.#unsent.splice(0, count);
    for (const entry of taken) {
      this.markSent(entry, this.#freeId());
      this.#write(entry);
    }
    return taken;
  }

  /** Sent in an earlier connection and never acknowledged, in order. */
  unacknowledged(): Entry[] {
    for (const entry of this.#sent.values()) entry.mayBeKnown = true;
    return [...this.#sent.values()].sort((a, b) => a.seq - b.seq);
  }

  /** PUBACK or PUBCOMP: the client has it for good. */
  acknowledge(messageId: number): Entry | undefined {
    const entry = this.#sent.get(messageId);
    if (!entry) return undefined;
    this.#remove(entry);
    return entry;
  }

  /**
   * Takes out what another member of a share may have, of the shares that are `wanted`. A message of QoS 2 that was
   * sent stays: its delivery has begun (MQTT-4.8.2-5).
   */
  takeShared(wanted: (share: string) => boolean = () => true): Orphan[] {
    const orphans: Orphan[] = [];
    for (const entry of [...this.#entries.values()]) {
      const { share, packet, messageId } = entry;
      if (share === undefined || !wanted(share) || (packet.qos === 2 && messageId !== undefined)) continue;
      this.#remove(entry);
      orphans.push({ share, packet: { ...packet, messageId: undefined } });
    }
    if (orphans.length > 0) this.#unsent = this.#unsent.filter(({ seq }) => this.#entries.has(seq));
    return orphans;
  }

  /** PUBREC: from now on only the release may be sent, never the message again. */
  release(messageId: number): boolean {
    const entry = this.#sent.get(messageId);
    if (!entry) return false;
    entry.released = true;
    this.#write(entry);
    return true;
  }

  find(isWanted: (packet: Packet) => boolean): Entry | undefined {
    for (const entry of this.#entries.values()) if (isWanted(entry.packet)) return entry;
    return undefined;
  }

  /** Notes the id an entry was sent under. */
  markSent(entry: Entry, messageId: number): void {
    entry.messageId = messageId;
    entry.packet.messageId = messageId;
    this.#sent.set(messageId, entry);
  }

  contents(): (Packet | Release)[] {
    return [...this.#entries.values()].map(({ packet, released, messageId }) =>
      released && messageId !== undefined ? { cmd: 'pubrel', messageId } : packet,
    );
  }

  #remove(entry: Entry): void {
    if (entry.messageId !== undefined) this.#sent.delete(entry.messageId);
    this.#entries.delete(entry.seq);
    this.#bytes -= weightOf(entry.packet);
    this.store?.write('dequeue', [this.client, entry.seq], this.#key(entry));
  }

  #keep(entry: Entry): Entry {
    this.#entries.set(entry.seq, entry);
    this.#bytes += weightOf(entry.packet);
    this.#nextSeq = entry.seq + 1;
    return entry;
  }

  /** QoS 2 only: resent under another id it would be a second message to the client. */
  #write(entry: Entry): void {
    if (entry.packet.qos !== 2) return;
    const parameters = [entry.messageId ?? null, entry.released ? 1 : 0, this.client, entry.seq];
    this.store?.write('markSent', parameters, this.#key(entry));
  }

  #key(entry: Entry): string {
    return `sent:${this.client}:${entry.seq}`;
  }

  #freeId(): number {
    while (this.#sent.has(this.#nextId)) this.#advance();
    const id = this.#nextId;
    this.#advance();
    return id;
  }

  #advance(): void {
    this.#nextId = this.#nextId >= 65_535 ? 1 : this.#nextId + 1;
  }
}
