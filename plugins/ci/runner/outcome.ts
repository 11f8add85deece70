import type { BuildOutcome, Step } from '../contract.ts';
import type { PhaseEnd } from './phase.ts';

/** Zuul's limits; the body's is the job's own. */
export const SETUP_SECONDS = 10 * 60;
export const PUBLISHERS_SECONDS = 30 * 60;

export const SUCCESS: BuildOutcome = { result: 'SUCCESS', isIndeterminate: false };
export const ABORTED: BuildOutcome = { result: 'ABORTED', isIndeterminate: false };

/** The node could not be had or kept; it says nothing of the change. */
export const nodeFailure = (reason: string): BuildOutcome => ({
  result: 'NODE_FAILURE',
  isIndeterminate: true,
  reason,
});

/** A step's script as a file: run by `bash -x` unless it says by what. */
export const scriptText = ({ shell }: Step): string => (shell.startsWith('#!') ? shell : `#!/bin/bash -x\n${shell}`);

/** The change is not to blame for a failed setup: it is tried again, and the body is not run. */
export function setupOutcome(end: Exclude<PhaseEnd, { kind: 'ok' }>): BuildOutcome {
  const result = { failed: 'FAILURE', timeout: 'TIMED_OUT', lost: 'NODE_FAILURE' } as const;
  return { result: result[end.kind], isIndeterminate: true, reason: `setup: ${end.reason}` };
}

/** How the body ended, as far as its end alone says. */
export function bodyOutcome(end: PhaseEnd): BuildOutcome {
  if (end.kind === 'ok') return SUCCESS;
  if (end.kind === 'lost') return nodeFailure(end.reason);
  return { result: end.kind === 'timeout' ? 'TIMED_OUT' : 'FAILURE', isIndeterminate: false, reason: end.reason };
}

/** The outcome with what went wrong in publishing: it shows over SUCCESS and FAILURE, never over why a body was cut short. */
export function withProblems(body: BuildOutcome, problems: readonly string[]): BuildOutcome {
  if (problems.length === 0 || (body.result !== 'SUCCESS' && body.result !== 'FAILURE')) return body;
  return { ...body, result: 'POST_FAILURE', reason: problems.join('; ') };
}
