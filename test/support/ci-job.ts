import type { Job } from '../../plugins/ci/contract.ts';

/** A job that does nothing, without a node. */
export const emptyJob = (name: string, values: Partial<Job> = {}): Job => ({
  name,
  runner: 'local',
  timeout: 60,
  setup: [],
  body: [],
  publishers: [],
  environment: {},
  secrets: {},
  requiredProjects: [],
  artifacts: [],
  junit: [],
  network: false,
  limits: { memoryMb: 256, pids: 128, cpus: 2, diskMb: 64 },
  attempts: 3,
  trusted: true,
  origin: { file: 'x.yaml', line: 1 },
  ...values,
});
