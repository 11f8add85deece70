import type { BuildResult } from '../contract.ts';
import type { Item, JobBuild, PlannedJob } from './state.ts';

/** What an item's jobs say of it; jobs that do not vote say nothing. */
export function failingJobs({ jobs, builds }: Item): string[] {
  return jobs.flatMap(({ use }) => {
    const result = builds[use.job]?.result ?? 'SUCCESS';
    return use.voting && result !== 'SUCCESS' ? [`${use.job}: ${result}`] : [];
  });
}

/** Whether nothing more is to come. */
export const isComplete = ({ merge, jobs, builds }: Item): boolean =>
  merge.state === 'conflict' ||
  merge.state === 'broken' ||
  (merge.state === 'merged' && jobs.every(({ use }) => (builds[use.job]?.result ?? null) !== null));

/** Whether those behind must wait for one of its jobs, which may not be known yet. */
export const holdsFollowing = ({ merge, jobs, builds }: Item): boolean =>
  merge.state !== 'merged' || jobs.some(({ use }) => use.holdFollowing && builds[use.job]?.result !== 'SUCCESS');

/** Jobs whose needs are met and which have not been started, and those that never will be. */
export function startable({ jobs, builds }: Item): { start: PlannedJob[]; skip: PlannedJob[] } {
  const results = new Map<string, BuildResult | null>(
    jobs.map(({ use }) => [use.job, builds[use.job]?.result ?? null]),
  );
  const start: PlannedJob[] = [];
  const skip: PlannedJob[] = [];
  for (const planned of inOrderOfNeed(jobs)) {
    const { use } = planned;
    if (builds[use.job] !== undefined) continue;
    const needs = use.needs.flatMap((need) => results.get(need) ?? (results.has(need) ? [null] : []));
    if (needs.some((result) => result !== null && result !== 'SUCCESS')) {
      results.set(use.job, 'SKIPPED');
      skip.push(planned);
    } else if (needs.every((result) => result === 'SUCCESS')) {
      start.push(planned);
    }
  }
  return { start, skip };
}

/** Jobs after those they need, so that one pass skips a whole chain. Needs have no cycles: the layout is checked. */
function inOrderOfNeed(jobs: readonly PlannedJob[]): PlannedJob[] {
  const byName = new Map(jobs.map((planned) => [planned.use.job, planned]));
  const ordered = new Set<PlannedJob>();
  const visit = (planned: PlannedJob) => {
    for (const need of planned.use.needs) {
      const found = byName.get(need);
      if (found !== undefined && !ordered.has(found)) visit(found);
    }
    ordered.add(planned);
  };
  for (const planned of jobs) visit(planned);
  return [...ordered];
}

export const SKIPPED: JobBuild = { attempt: 0, result: 'SKIPPED' };
