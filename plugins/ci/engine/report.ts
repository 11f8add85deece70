import type { BuildResult, Pipeline, Report } from '../contract.ts';
import type { Item } from '../scheduler/state.ts';
import type { BuildStatus } from '../view.ts';

/** What is said of an item; `builds` by id. */
export function makeReport(
  item: Item,
  kind: Report['kind'],
  pipeline: Pipeline | undefined,
  builds: (build: string) => BuildStatus | undefined,
  urlOf: (build: string) => string,
): Report {
  const jobs = item.jobs.map(({ use }) => {
    const { build = '', result = null } = item.builds[use.job] ?? {};
    return { build, job: use.job, result, voting: use.voting, url: build === '' ? '' : urlOf(build) };
  });
  const lines = kind === 'start' ? [] : jobs.map((job) => jobLine(job, builds(job.build)));
  return {
    kind,
    pipeline: item.pipeline,
    votes: votesOf(kind, pipeline) ?? {},
    message: [headline(item, kind), ...(lines.length > 0 ? ['', ...lines] : [])].join('\n'),
    builds: jobs,
  };
}

/** `undefined` = the pipeline says nothing then. */
export function votesOf(
  kind: Report['kind'],
  pipeline: Pipeline | undefined,
): Readonly<Record<string, number>> | undefined {
  return pipeline?.report[kind === 'start' || kind === 'success' ? kind : 'failure'];
}

function headline({ pipeline, failing, change }: Item, kind: Report['kind']): string {
  switch (kind) {
    case 'start':
      return `Starting ${pipeline} jobs.`;
    case 'success':
      return `Build succeeded (${pipeline} pipeline).`;
    case 'failure':
      return `Build failed (${pipeline} pipeline): ${failing.join(', ')}.`;
    case 'merge-failure':
      return `Merge failed (${pipeline} pipeline): ${failing.join(', ')}. Rebase the change on ${change.branch} and upload a new patch set.`;
    case 'dequeued':
      return `Taken out of the ${pipeline} pipeline: ${failing.join(', ')}.`;
  }
}

function jobLine(
  { job, result, voting, url }: { job: string; result: BuildResult | null; voting: boolean; url: string },
  status: BuildStatus | undefined,
): string {
  const duration = status?.duration == null ? '' : ` in ${durationText(status.duration)}`;
  const reason = status?.reason === undefined ? '' : `, ${status.reason}`;
  return `- ${job}${url && ` ${url}`} : ${result ?? 'not run'}${duration}${reason}${voting ? '' : ' (non-voting)'}`;
}

/** `1h 02m 03s`, as Zuul writes it. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h}h ${two(m)}m ${two(s)}s`;
  return m > 0 ? `${m}m ${two(s)}s` : `${s}s`;
}
