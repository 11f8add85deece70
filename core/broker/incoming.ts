import type { GroupCommit } from '../support/group-commit.ts';
import type { Packet } from './aedes.ts';

/** Ids of messages of QoS 2 that came from clients and were not released: who repeats one is not taken twice. */
export class IncomingIds {
  readonly #ids = new Map<string, Map<number, Packet | undefined>>();

  constructor(private readonly store: GroupCommit) {}

  /** As it was read from the store. */
  restore(clientId: string, messageId: number): void {
    this.#of(clientId).set(messageId, undefined);
  }

  count(clientId: string): number {
    return this.#ids.get(clientId)?.size ?? 0;
  }

  has(clientId: string, messageId: number): boolean {
    return this.#ids.get(clientId)?.has(messageId) ?? false;
  }

  /** What came under this id, where that was kept. */
  packet(clientId: string, messageId: number): Packet | undefined {
    return this.#ids.get(clientId)?.get(messageId);
  }

  /** Notes that a message came; the note is part of the same transaction as what else is written in this turn. */
  keep(clientId: string, messageId: number, packet?: Packet): void {
    this.#of(clientId).set(messageId, packet);
    this.store.write('putIncoming', [clientId, messageId]);
  }

  /** False when there was no such note. */
  delete(clientId: string, messageId: number): boolean {
    if (!this.#ids.get(clientId)?.delete(messageId)) return false;
    this.store.write('deleteIncoming', [clientId, messageId]);
    return true;
  }

  clear(clientId: string): void {
    if (this.#ids.delete(clientId)) this.store.write('clearIncoming', [clientId]);
  }

  #of(clientId: string): Map<number, Packet | undefined> {
    const known = this.#ids.get(clientId) ?? new Map<number, Packet | undefined>();
    this.#ids.set(clientId, known);
    return known;
  }
}
