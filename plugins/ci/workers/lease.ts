import type { BuildOutcome } from '../contract.ts';

/**
 * Who may run a build, on the side that gives it away; pure, time is given. A lease is known by its fence, a number that
 * only grows: whatever speaks for an older one is not listened to. It lives while the worker's greetings name it.
 */
export interface Lease {
  /** `offered`: not yet in a greeting. `finished`: its result was told. `releasing`: not to be renewed any more. */
  readonly phase: 'offered' | 'held' | 'finished' | 'releasing';
  /** Monotonic ms. */
  readonly expires: number;
}

export interface LeaseState {
  /** By fence. */
  readonly leases: ReadonlyMap<number, Lease>;
  /** Of the worker's process; a later one has forgotten what the one before held. */
  readonly session: number;
  /** Of its newest greeting. */
  readonly seq: number;
}

/** What a worker says of itself and of every lease it has, again and again. */
export interface Greeting {
  /** Grows with each start of the worker: what an earlier process said may come late. */
  readonly session: number;
  /** Grows with each greeting. */
  readonly seq: number;
  readonly held: readonly { readonly fence: number; readonly outcome?: BuildOutcome }[];
  /** Assignments it will not take. */
  readonly refused: readonly { readonly fence: number; readonly reason: string }[];
}

export type LeaseEvent =
  | { readonly type: 'assign'; readonly fence: number }
  | { readonly type: 'greeting'; readonly greeting: Greeting }
  /** The build is no longer wanted, or its result was taken. */
  | { readonly type: 'release'; readonly fence: number }
  | { readonly type: 'tick' };

export type LeaseAction =
  | { readonly type: 'send assign'; readonly fence: number }
  /** Answers one greeting: the leases named in it that go on. */
  | {
      readonly type: 'send renewal';
      readonly session: number;
      readonly seq: number;
      readonly fences: readonly number[];
    }
  | { readonly type: 'send release'; readonly fence: number }
  /** The worker has it. */
  | { readonly type: 'held'; readonly fence: number }
  | { readonly type: 'finished'; readonly fence: number; readonly outcome: BuildOutcome }
  /** Nobody runs it any more, and its result is not known. */
  | { readonly type: 'lost'; readonly fence: number; readonly reason: string }
  /** A released build is gone from its worker, or its lease has run out. */
  | { readonly type: 'ended'; readonly fence: number }
  /** A result came for a lease that is no more. */
  | { readonly type: 'refuse result'; readonly fence: number };

export const NO_LEASES: LeaseState = { leases: new Map(), session: 0, seq: 0 };

/** One step; `leaseMs` is how long a lease lives without a greeting. */
export function lease(
  state: LeaseState,
  event: LeaseEvent,
  now: number,
  leaseMs: number,
): { readonly state: LeaseState; readonly actions: readonly LeaseAction[] } {
  const leases = new Map(state.leases);
  const actions: LeaseAction[] = [];
  let { session, seq } = state;
  /** Ends a lease that the worker does not run any more. */
  const drop = (fence: number, reason: string) => {
    const wasReleased = leases.get(fence)?.phase === 'releasing';
    leases.delete(fence);
    actions.push(wasReleased ? { type: 'ended', fence } : { type: 'lost', fence, reason });
  };

  if (event.type === 'assign') {
    leases.set(event.fence, { phase: 'offered', expires: now + leaseMs });
    actions.push({ type: 'send assign', fence: event.fence });
  } else if (event.type === 'release') {
    const held = leases.get(event.fence);
    if (held) {
      leases.set(event.fence, { ...held, phase: 'releasing' });
      actions.push({ type: 'send release', fence: event.fence });
    }
  } else if (event.type === 'tick') {
    for (const [fence, { expires }] of state.leases) if (now >= expires) drop(fence, 'the worker went silent');
  } else {
    const { greeting } = event;
    // A late one must not take back what a newer one said.
    if (greeting.session < session || (greeting.session === session && greeting.seq <= seq)) return { state, actions };
    const isRestarted = session > 0 && greeting.session > session;
    ({ session, seq } = greeting);
    const held = new Map(greeting.held.map((each) => [each.fence, each]));
    const refused = new Map(greeting.refused.map((each) => [each.fence, each.reason]));
    for (const [fence, { phase, expires }] of state.leases) {
      const named = held.get(fence);
      if (now >= expires) drop(fence, 'the worker went silent');
      else if (refused.has(fence)) drop(fence, refused.get(fence) ?? '');
      else if (!named && phase === 'offered' && !isRestarted) actions.push({ type: 'send assign', fence });
      else if (!named) drop(fence, 'the worker does not know of it any more');
      else if (phase !== 'releasing') {
        const isFinished = named.outcome !== undefined;
        if (phase === 'offered') actions.push({ type: 'held', fence });
        if (named.outcome && phase !== 'finished') actions.push({ type: 'finished', fence, outcome: named.outcome });
        leases.set(fence, { phase: isFinished ? 'finished' : 'held', expires: now + leaseMs });
      }
    }
    for (const { fence, outcome } of greeting.held) {
      if (outcome && !state.leases.has(fence)) actions.push({ type: 'refuse result', fence });
    }
    const renewed = greeting.held.map((each) => each.fence).filter((fence) => isLive(leases.get(fence)));
    actions.push({ type: 'send renewal', session, seq, fences: renewed });
  }
  return { state: { leases, session, seq }, actions };
}

const isLive = (lease: Lease | undefined) => lease !== undefined && lease.phase !== 'releasing';
