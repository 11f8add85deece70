import type { GroupCommit } from '../support/group-commit.ts';
import type { Done, Packet } from './aedes.ts';
import { sendAll } from './guard.ts';
import { Journal, type Publisher } from './journal.ts';
import type { HubPersistence } from './persistence.ts';
import { Router } from './router.ts';

/** The way of every message: from its publisher through the journal to what keeps it and whoever wants it. */
export class Routing {
  readonly router = new Router();
  readonly #journal: Journal;

  constructor(
    private readonly commit: GroupCommit,
    private readonly persistence: HubPersistence,
  ) {
    this.#journal = new Journal(commit, (packet, done) => this.route(packet, done), sendAll);
  }

  /** Messages of QoS 1 and 2 that are not yet on disk. */
  get waiting(): number {
    return this.#journal.waiting;
  }

  /** Routes what the last run accepted and did not get round to. */
  replay(): void {
    this.#journal.replay(this.persistence.takeJournal());
  }

  /** Stores and routes; `acknowledge` when it is stored, `done` when it is routed. */
  store(publisher: Publisher, packet: Packet, done: Done, acknowledge?: () => void): void {
    this.#journal.enter(publisher, packet, done, acknowledge);
  }

  /** Calls back when nothing this publisher sent before is still on its way to the disk. */
  inTurn(publisher: Publisher, go: () => void): void {
    if (publisher.unstored > 0) this.#journal.queueBehind(publisher, go);
    else go();
  }

  /** Calls back when what was just written is on disk; what this publisher sends meanwhile waits behind it. */
  whenStored(publisher: Publisher, go: () => void): void {
    this.#journal.queueBehind(publisher, go);
  }

  /** Calls back when everything written so far survives a power cut. */
  whenDurable(done: () => void): void {
    this.commit.whenDurable(done);
  }

  /** Keeps what must be kept, in this turn of the event loop, and delivers. `done` when receivers can take more. */
  route(packet: Packet, done: Done = () => undefined): void {
    const seconds = packet.properties?.messageExpiryInterval;
    if (seconds !== undefined && packet.messageExpiry === undefined) packet.messageExpiry = Date.now() + seconds * 1000;
    if (packet.retain) this.persistence.retained.keep(packet);
    if (packet.qos > 0) this.persistence.enqueueForSessions(packet);
    this.router.emit(packet, done);
  }
}
