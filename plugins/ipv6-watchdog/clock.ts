import { stat } from 'node:fs/promises';
import type { Run } from './run.ts';

/** No clock that was ever set shows an earlier year. */
const EARLIEST_YEAR = 2026;

/**
 * Was the clock set since the machine started? Undefined where that cannot be told, which must not hold anything up.
 * Some systems start from a saved time that is plausible and wrong, so the year alone proves only the opposite.
 */
export async function isClockSet(run: Run, signal: AbortSignal, now = new Date()): Promise<boolean | undefined> {
  if (now.getUTCFullYear() < EARLIEST_YEAR) return false;
  const { code, stdout } = await run(['timedatectl', 'show', '-p', 'NTPSynchronized', '--value'], {
    timeoutMs: 5000,
    signal,
  });
  if (code === 0 && stdout.trim() === 'yes') return true;
  // Touched at every synchronisation and never removed: synchronised once since the start.
  if (await stat('/run/systemd/timesync/synchronized').catch(() => undefined)) return true;
  return code === 0 && stdout.trim() === 'no' ? false : undefined;
}
