import picomatch from 'picomatch';
import type { Change, JobUse, Layout } from '../contract.ts';
import type { PlannedJob } from '../scheduler/state.ts';

/** The jobs that a change needs in a pipeline; those whose needs are left out are left out too. */
export function planJobs(layout: Layout, pipeline: string, change: Change): PlannedJob[] {
  const uses = layout.projects.get(change.project)?.get(pipeline) ?? [];
  const planned = uses.flatMap((use) => {
    const job = layout.jobs.get(use.job);
    return job !== undefined && concerns(use, change) ? [{ use, job }] : [];
  });
  return withoutUnmetNeeds(planned);
}

/** Whether the filters of branch and files let a job run. */
export function concerns({ branches, files, skipFiles }: JobUse, change: Change): boolean {
  if (branches.length > 0 && !branches.some((branch) => new RegExp(branch).test(change.branch))) return false;
  const touched = change.files ?? [];
  // A merge commit touches no file of its own, and some sources cannot tell: then everything may be concerned.
  if (touched.length === 0) return true;
  const matches = (globs: readonly string[]) => picomatch([...globs], { dot: true });
  if (files.length > 0 && !touched.some((path) => matches(files)(path))) return false;
  return skipFiles.length === 0 || !touched.every((path) => matches(skipFiles)(path));
}

function withoutUnmetNeeds(planned: PlannedJob[]): PlannedJob[] {
  const names = new Set(planned.map(({ use }) => use.job));
  const kept = planned.filter(({ use }) => use.needs.every((need) => names.has(need)));
  return kept.length === planned.length ? kept : withoutUnmetNeeds(kept);
}
