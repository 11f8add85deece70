import { onTestFinished } from 'vitest';
import { type BedOptions, makeRunner, type RunnerBed } from './ci-runner.ts';

/** Makes a pool and a runner that end with the test. */
export async function startRunner(options: BedOptions): Promise<RunnerBed> {
  const bed = await makeRunner(options);
  onTestFinished(() => bed.pool.stop());
  return bed;
}
