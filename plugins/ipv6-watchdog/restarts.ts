import type { Action } from './verdict.ts';

/** All times in ms of a monotonic clock: the wall clock may jump from 1970 to today. */
export interface RestartState {
  /** Restarts since the tunnel was last well for long. */
  readonly attempts: number;
  /** No restart before. */
  readonly notBefore: number;
  /** Of the present outage. */
  readonly triedThisOutage: boolean;
  readonly onlineSince: number | undefined;
  /** When it went up or down, lately. */
  readonly changes: readonly number[];
}

export interface Round {
  /** Confirmed by the hysteresis. */
  readonly online: boolean;
  readonly action: Action;
  readonly now: number;
}

export interface Decision {
  readonly state: RestartState;
  readonly act: 'nothing' | 'restart' | 'update-endpoint';
  /** Why nothing is done, for the user; undefined when there is nothing to do. */
  readonly held?: string;
  readonly flapping: boolean;
}

const FIRST_MS = 30_000;
const SLOW_MS = 15 * 60_000;
const LONGEST_MS = 3_600_000;
/** So that a house full of routers does not come back to its broker in one second. */
const JITTER = 0.1;
const WELL_AGAIN_MS = 10 * 60_000;
const FLAP_WINDOW_MS = 15 * 60_000;
const FLAP_CHANGES = 4;

export const startRestarts = (now: number): RestartState => ({
  attempts: 0,
  notBefore: Number.NEGATIVE_INFINITY,
  triedThisOutage: false,
  onlineSince: now,
  changes: [],
});

/**
 * Decides after a round of probes. Restarts follow each other after 30 s, 1 min ... 1 h, for ever: it never gives up
 * and never hammers. Ten good minutes start the count anew; four changes in a quarter of an hour stop the restarts.
 */
export function decide(before: RestartState, round: Round, random: () => number = Math.random): Decision {
  const state = follow(before, round);
  const flapping = state.changes.length >= FLAP_CHANGES;
  const nothing = (held?: string): Decision => ({ state, act: 'nothing', flapping, ...(held && { held }) });
  if (round.online) return nothing();
  if (round.action === 'none') return nothing('a restart cannot help');
  if (flapping)
    return nothing(
      `it went up and down ${state.changes.length} times in 15 minutes: restarts are stopped until it is calm`,
    );
  if (round.action === 'restart-once' && state.triedThisOutage)
    return nothing('one restart did not help, and more would not');
  const wait = state.notBefore - round.now;
  if (wait > 0) return nothing(`the next restart is due in ${Math.ceil(wait / 1000)} s`);
  return {
    state: counted(state, round, random),
    act: round.action === 'update-endpoint' ? 'update-endpoint' : 'restart',
    flapping,
  };
}

/** A restart the user asked for counts too, so that the next automatic one keeps its distance. */
export const counted = (
  state: RestartState,
  { action, now }: Round,
  random: () => number = Math.random,
): RestartState => {
  const first = action === 'restart-slowly' ? SLOW_MS : FIRST_MS;
  const delay = Math.min(first * 2 ** state.attempts, LONGEST_MS) * (1 + JITTER * (2 * random() - 1));
  return { ...state, attempts: state.attempts + 1, notBefore: now + delay, triedThisOutage: true };
};

function follow(state: RestartState, { online, now }: Round): RestartState {
  const wasOnline = state.onlineSince !== undefined;
  const recent = state.changes.filter((time) => now - time < FLAP_WINDOW_MS);
  const changes = online === wasOnline ? recent : [...recent, now];
  if (!online) return { ...state, changes, onlineSince: undefined };
  const since = state.onlineSince ?? now;
  const isWell = now - since >= WELL_AGAIN_MS;
  return {
    ...state,
    changes,
    onlineSince: since,
    triedThisOutage: false,
    ...(isWell && { attempts: 0, notBefore: Number.NEGATIVE_INFINITY }),
  };
}
