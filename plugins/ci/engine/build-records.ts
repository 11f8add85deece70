import { randomBytes } from 'node:crypto';
import type { BuildRequest, Merger } from '../contract.ts';
import type { LayoutStore } from '../jobs/store.ts';
import type { Action } from '../scheduler/state.ts';
import type { BuildStatus } from '../view.ts';
import { buildParameters } from './parameters.ts';
import { changeStatus } from './status.ts';
import type { BuildRecord, StoredRequest } from './store.ts';

/** A build that nobody has seen yet, and what its runner needs. */
type NewBuild = [BuildRecord, StoredRequest];
/** Path of a build's log. */
type LogOf = (build: string) => string;

/** Id of a build: 32 hexadecimal digits. */
export const newBuild = (): string => randomBytes(16).toString('hex');

/** The build that an item wants. */
export function itemBuild(
  { item, planned, build, attempt }: Extract<Action, { kind: 'start' }>,
  logOf: LogOf,
): NewBuild {
  const { change, merge } = item;
  const { subject, url } = changeStatus(change);
  const status: BuildStatus = {
    ...newStatus(build, planned.job.name, attempt, logOf),
    project: change.project,
    branch: change.branch,
    pipeline: item.pipeline,
    change: change.key,
    subject,
    ...(url !== undefined && { change_url: url }),
    voting: planned.use.voting,
  };
  const parameters = buildParameters(item, planned, build);
  const checkouts = merge.state === 'merged' ? merge.checkouts : [];
  return [
    { status, changeId: change.id, item: item.id },
    { build, attempt, job: planned.job, parameters, checkouts },
  ];
}

/** A build that a command asked for. */
export function aloneBuild(
  { job, project, branch }: Pick<BuildStatus, 'job' | 'project' | 'branch'>,
  request: Omit<StoredRequest, 'build' | 'attempt'>,
  attempt: number,
  logOf: LogOf,
): NewBuild {
  const build = newBuild();
  const parameters = { ...request.parameters, ZUUL_UUID: build };
  const status = { ...newStatus(build, job, attempt, logOf), project, branch };
  return [
    { status, changeId: null, item: null },
    { ...request, parameters, build, attempt },
  ];
}

function newStatus(build: string, job: string, attempt: number, logOf: LogOf): BuildStatus {
  return {
    build,
    job,
    project: null,
    branch: null,
    pipeline: null,
    change: null,
    state: 'waiting',
    result: null,
    voting: true,
    attempt,
    node: null,
    image: null,
    queued: Date.now(),
    started: null,
    duration: null,
    eta: null,
    log: logOf(build),
  };
}

/** Adds required projects as their branches are now, unless they are part of what is tested, and values of secrets. */
export async function completeRequest(
  request: StoredRequest,
  merger: Pick<Merger, 'tip'>,
  layouts: Pick<LayoutStore, 'secretsOf'>,
): Promise<BuildRequest> {
  const { job, checkouts } = request;
  const [tested] = checkouts;
  const others = job.requiredProjects.filter((project) => project !== tested?.project);
  const required = others.map(async (project) => {
    const merged = checkouts.filter((checkout) => checkout.project === project);
    const same = merged.find(({ branch }) => branch === tested?.branch) ?? merged[0];
    return same ?? (await merger.tip(project, tested?.branch));
  });
  return {
    ...request,
    checkouts: [...(tested === undefined ? [] : [tested]), ...(await Promise.all(required))],
    secrets: layouts.secretsOf(job),
  };
}

/** The last of several runs that said nothing of the change. */
export function outOfAttempts(record: BuildRecord): BuildRecord {
  const { result, reason, attempt } = record.status;
  const why = [result, reason].filter(Boolean).join(': ');
  return {
    ...record,
    status: { ...record.status, result: 'RETRY_LIMIT', reason: `${attempt} attempts, the last: ${why}` },
  };
}
