import type { Layout, Pipeline } from '../contract.ts';

/** Says nothing of what projects have to do with each other: it tests nothing. */
const NOOP = 'noop';

/**
 * The queues of a dependent pipeline: projects that share a job share a queue, for a change of one may break the other.
 * @returns project to the name of its queue, which lists the projects that share it; others have one of their own
 */
export function sharedQueues(layout: Layout, pipeline: Pipeline): ReadonlyMap<string, string> {
  const groups: { projects: string[]; jobs: Set<string> }[] = [];
  for (const [project, pipelines] of layout.projects) {
    const jobs = new Set((pipelines.get(pipeline.name) ?? []).map(({ job }) => job).filter((job) => job !== NOOP));
    const sharing = groups.filter((group) => [...jobs].some((job) => group.jobs.has(job)));
    for (const group of sharing) groups.splice(groups.indexOf(group), 1);
    groups.push({
      projects: [project, ...sharing.flatMap(({ projects }) => projects)],
      jobs: new Set([...jobs, ...sharing.flatMap((group) => [...group.jobs])]),
    });
  }
  return new Map(
    groups.flatMap(({ projects }) => {
      const name = projects.sort().join(', ');
      return projects.map((project) => [project, name] as const);
    }),
  );
}
