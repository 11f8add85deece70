import type { Change, Layout } from '../contract.ts';
import { isWanted } from '../jobs/filters.ts';
import type { PlannedJob } from '../scheduler/state.ts';

/** The jobs that a change needs in a pipeline; those whose needs are left out are left out too. */
export function planJobs(layout: Layout, pipeline: string, change: Change): PlannedJob[] {
  const uses = layout.projects.get(change.project)?.get(pipeline) ?? [];
  const planned = uses.flatMap((use) => {
    const job = layout.jobs.get(use.job);
    return job !== undefined && isWanted(use, change) ? [{ use, job }] : [];
  });
  return withoutUnmetNeeds(planned);
}

function withoutUnmetNeeds(planned: PlannedJob[]): PlannedJob[] {
  const names = new Set(planned.map(({ use }) => use.job));
  const kept = planned.filter(({ use }) => use.needs.every((need) => names.has(need)));
  return kept.length === planned.length ? kept : withoutUnmetNeeds(kept);
}
