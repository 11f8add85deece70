import type { BuildOutcome } from '../contract.ts';
import type { Greeting } from './lease.ts';

/**
 * What a worker runs, on its own side of the leases; pure, time is given. It starts a build only when a greeting that
 * named it was answered, and counts its tenure from when that greeting left: so it always ends before the lease, which
 * counts from when the greeting came.
 */
export interface Tenure {
  readonly phase: 'accepted' | 'running' | 'stopping' | 'finished';
  /** Monotonic ms after which it must not run; while `accepted`, when it is given up. */
  readonly until: number;
  readonly outcome?: BuildOutcome;
}

export interface TenureState {
  readonly session: number;
  readonly seq: number;
  /** Greetings not yet answered: what they named and when they left. */
  readonly sent: ReadonlyMap<number, { readonly time: number; readonly fences: readonly number[] }>;
  /** The highest fence seen. */
  readonly highest: number;
  /** By fence. */
  readonly tenures: ReadonlyMap<number, Tenure>;
}

export type TenureEvent =
  /** `room` = whether the worker could take one more build; else why not. */
  | { readonly type: 'assigned'; readonly fence: number; readonly room: true | string }
  | {
      readonly type: 'renewed';
      readonly session: number;
      readonly seq: number;
      readonly fences: readonly number[];
    }
  | { readonly type: 'released'; readonly fence: number }
  /** The build came to its end here; `outcome` counts unless it was being stopped. */
  | { readonly type: 'ended'; readonly fence: number; readonly outcome: BuildOutcome }
  | { readonly type: 'greet' }
  | { readonly type: 'tick' };

export type TenureAction =
  | { readonly type: 'send greeting'; readonly greeting: Greeting }
  | { readonly type: 'start'; readonly fence: number }
  /** End the build with its node; `ended` follows. */
  | { readonly type: 'stop'; readonly fence: number; readonly reason: string }
  /** Its files are no longer asked for. */
  | { readonly type: 'forget'; readonly fence: number };

export const noTenures = (session: number): TenureState => ({
  session,
  seq: 0,
  sent: new Map(),
  highest: 0,
  tenures: new Map(),
});

/** Unanswered greetings remembered; older ones are given up. */
const UNANSWERED = 16;

/** One step; `tenureMs` is how long a build goes on without an answer, less than the lease. */
export function tenure(
  state: TenureState,
  event: TenureEvent,
  now: number,
  tenureMs: number,
): { readonly state: TenureState; readonly actions: readonly TenureAction[] } {
  const tenures = new Map(state.tenures);
  const sent = new Map(state.sent);
  const actions: TenureAction[] = [];
  let { seq, highest } = state;
  const greet = (refused: Greeting['refused'] = []) => {
    seq += 1;
    sent.set(seq, { time: now, fences: [...tenures.keys()] });
    for (const old of [...sent.keys()].slice(0, -UNANSWERED)) sent.delete(old);
    const held = [...tenures].map(([fence, { outcome }]) => ({ fence, ...(outcome && { outcome }) }));
    actions.push({ type: 'send greeting', greeting: { session: state.session, seq, held, refused } });
  };
  const giveUp = (fence: number, reason: string) => {
    const held = tenures.get(fence);
    if (held?.phase === 'running') {
      tenures.set(fence, { ...held, phase: 'stopping' });
      actions.push({ type: 'stop', fence, reason });
    } else if (held && held.phase !== 'stopping') {
      tenures.delete(fence);
      actions.push({ type: 'forget', fence });
    }
  };

  switch (event.type) {
    case 'assigned':
      if (tenures.has(event.fence)) break;
      if (event.fence <= highest) {
        greet([{ fence: event.fence, reason: 'an old assignment' }]);
      } else if (event.room !== true) {
        greet([{ fence: event.fence, reason: event.room }]);
      } else {
        highest = event.fence;
        tenures.set(event.fence, { phase: 'accepted', until: now + tenureMs });
        greet();
      }
      break;
    case 'renewed': {
      // Answers to an earlier process of ours may still be on their way.
      if (event.session !== state.session) break;
      const greeting = sent.get(event.seq);
      for (const fence of greeting?.fences ?? []) {
        const held = tenures.get(fence);
        if (!held || held.phase === 'stopping') continue;
        if (!event.fences.includes(fence)) {
          giveUp(fence, 'the lease was not renewed');
          continue;
        }
        const until = Math.max(held.phase === 'accepted' ? 0 : held.until, (greeting?.time ?? 0) + tenureMs);
        if (until <= now) continue; // an answer so late that the lease may be over; the tick decides
        if (held.phase === 'accepted') actions.push({ type: 'start', fence });
        tenures.set(fence, { ...held, phase: held.phase === 'accepted' ? 'running' : held.phase, until });
      }
      sent.delete(event.seq);
      break;
    }
    case 'released':
      giveUp(event.fence, 'released');
      if (state.tenures.has(event.fence)) greet();
      break;
    case 'ended': {
      const held = tenures.get(event.fence);
      if (held?.phase === 'stopping') {
        tenures.delete(event.fence);
        actions.push({ type: 'forget', fence: event.fence });
      } else if (held) {
        tenures.set(event.fence, { ...held, phase: 'finished', outcome: event.outcome });
      }
      greet();
      break;
    }
    case 'greet':
      greet();
      break;
    case 'tick':
      for (const [fence, { until }] of state.tenures) if (now >= until) giveUp(fence, 'the lease ran out');
      break;
  }
  return { state: { ...state, seq, highest, sent, tenures }, actions };
}
