import { setTimeout as sleep } from 'node:timers/promises';
import type { PluginState } from './contract.ts';
import type { Supervisor } from './supervisor.ts';

const FAILED: ReadonlySet<PluginState> = new Set(['crashed', 'hung', 'restarting']);

/**
 * Watches a version that was just put in place.
 * @returns why it is no good: it ended, hung, or was not up when the time was over; `undefined` = it stayed up
 */
export async function failsProbation(supervisor: Supervisor, ms: number): Promise<string | undefined> {
  const until = performance.now() + ms;
  for (;;) {
    const { state, reason } = supervisor.status;
    if (FAILED.has(state)) return reason ?? state;
    const left = until - performance.now();
    if (left <= 0) return state === 'starting' ? `it was not up after ${ms / 1000} s` : undefined;
    await Promise.race([supervisor.changed(), sleep(left)]);
  }
}
