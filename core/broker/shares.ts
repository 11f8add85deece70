import type { Packet, Subscription } from './aedes.ts';
import type { Receiver, Router } from './router.ts';
import type { Orphan } from './session-queue.ts';
import { parseShared } from './topics.ts';

/** How well a member can take a message now: `away` = a session without a connection. */
export type Readiness = 'ready' | 'busy' | 'away' | 'forbidden';

export interface SharesOptions {
  readonly router: Router;
  /** Without a topic: whether it is there at all. */
  readonly readiness: (clientId: string, topic?: string) => Readiness;
  /** Hands a message to the member chosen. */
  readonly deliver: (member: Member, share: string, packet: Packet, done: () => void) => void;
}

export interface Member {
  readonly clientId: string;
  readonly subscription: Subscription;
}

interface Share {
  readonly name: string;
  readonly filter: string;
  readonly receive: Receiver;
  /** The one whose turn is next comes first. */
  members: Member[];
}

/**
 * Shared subscriptions (MQTT 5, section 4.8.2): of all members of a group each message goes to one, in turn. Who is
 * connected and keeps up goes before who is slow, and who is slow before a session that waits for its client.
 */
export class Shares {
  readonly #shares = new Map<string, Share>();

  constructor(private readonly options: SharesOptions) {}

  /** `subscription.topic` is the whole `$share/GROUP/FILTER`. */
  join(clientId: string, subscription: Subscription): void {
    const share = this.#shares.get(subscription.topic) ?? this.#open(subscription.topic);
    const member = { clientId, subscription };
    const at = share.members.findIndex((known) => known.clientId === clientId);
    if (at >= 0) share.members[at] = member;
    else share.members.push(member);
  }

  leave(clientId: string, name: string): void {
    const share = this.#shares.get(name);
    if (!share) return;
    share.members = share.members.filter((member) => member.clientId !== clientId);
    if (share.members.length > 0) return;
    this.options.router.removeListener(share.filter, share.receive);
    this.#shares.delete(name);
  }

  /** Messages of a member that is lost go to others of its group, where there are any. */
  adopt(orphans: readonly Orphan[]): void {
    for (const { share: name, packet } of orphans) {
      const share = this.#shares.get(name);
      if (share) this.#receive(share, packet, () => undefined);
    }
  }

  /** Is another member there to take over from this one? */
  hasOthers(clientId: string, name: string): boolean {
    const members = this.#shares.get(name)?.members ?? [];
    return members.some((member) => {
      return member.clientId !== clientId && ['ready', 'busy'].includes(this.#readiness(member));
    });
  }

  #open(name: string): Share {
    const share: Share = {
      name,
      filter: parseShared(name)?.filter ?? name,
      receive: (packet, done) => this.#receive(share, packet, done),
      members: [],
    };
    this.#shares.set(name, share);
    this.options.router.on(share.filter, share.receive);
    return share;
  }

  #receive(share: Share, packet: Packet, done: () => void): void {
    const chosen = this.#choose(share, packet);
    if (!chosen) {
      done();
      return;
    }
    share.members = [...share.members.filter((member) => member !== chosen), chosen];
    this.options.deliver(chosen, share.name, packet, done);
  }

  #choose({ members }: Share, packet: Packet): Member | undefined {
    let second: Member | undefined;
    let third: Member | undefined;
    for (const member of members) {
      const readiness = this.#readiness(member, packet.topic);
      if (readiness === 'ready') return member;
      if (readiness === 'busy') second ??= member;
      // Nothing of QoS 0 is kept for who is not there.
      if (readiness === 'away' && packet.qos > 0 && member.subscription.qos > 0) third ??= member;
    }
    return second ?? third;
  }

  #readiness({ clientId }: Member, topic?: string): Readiness {
    return this.options.readiness(clientId, topic);
  }
}
