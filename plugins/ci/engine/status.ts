import type { Change, Pipeline } from '../contract.ts';
import type { Queue } from '../scheduler/ledger.ts';
import type { Item } from '../scheduler/state.ts';
import type { BuildStatus, ChangeStatus, ItemStatus, JobStatus, PipelineStatus, QueueStatus } from '../view.ts';

/** More would not fit into a packet, nor on a page. */
const ITEMS_SHOWN = 200;

/** What a status needs besides the items. */
export interface Knowledge {
  readonly build: (build: string) => BuildStatus | undefined;
  /** How long a job usually takes, ms. */
  readonly estimate: (job: string) => number | null;
  readonly windowOf: (queue: Queue) => number;
  readonly now: number;
}

/** What the status page shows of a pipeline. */
export function pipelineStatus(
  pipeline: Pipeline,
  queues: readonly Queue[],
  paused: string | undefined,
  knowledge: Knowledge,
): PipelineStatus {
  const { name, description, manager, precedence } = pipeline;
  const total = queues.reduce((sum, { items }) => sum + items.length, 0);
  let left = ITEMS_SHOWN;
  const shown: QueueStatus[] = [];
  for (const queue of queues) {
    if (left <= 0) break;
    shown.push(queueStatus(queue, left, knowledge));
    left -= queue.items.length;
  }
  return {
    time: knowledge.now,
    pipeline: name,
    ...(description !== undefined && { description }),
    manager,
    precedence,
    ...(paused !== undefined && { paused }),
    queues: shown,
    ...(total > ITEMS_SHOWN && { more: total - ITEMS_SHOWN }),
  };
}

function queueStatus(queue: Queue, limit: number, knowledge: Knowledge): QueueStatus {
  const window = knowledge.windowOf(queue);
  const items = queue.items.slice(0, limit);
  return {
    name: queue.name,
    ...(Number.isFinite(window) && { window }),
    items: items.flatMap((item) => [...prerequisites(item), itemStatus(item, knowledge)]),
  };
}

/** Changes that are there only because an item needs them. */
function prerequisites(item: Item): ItemStatus[] {
  const idOf = (index: number) => `${item.id}.${index}`;
  return item.prerequisites.map((change, index) => ({
    id: idOf(index),
    change: changeStatus(change),
    live: false,
    enqueued: item.enqueued,
    ahead: index === 0 ? null : idOf(index - 1),
    is_active: false,
    failing: [],
    resets: [],
    jobs: [],
  }));
}

function itemStatus(item: Item, knowledge: Knowledge): ItemStatus {
  const jobs = item.jobs.map(({ use }) => jobStatus(item, use.job, use.voting, knowledge));
  const ends = jobs.flatMap(({ state, started, estimate }) =>
    state === 'done' || estimate === undefined ? [] : [Math.max((started ?? knowledge.now) + estimate, knowledge.now)],
  );
  const last = item.prerequisites.length - 1;
  return {
    id: String(item.id),
    change: changeStatus(item.change),
    live: true,
    enqueued: item.enqueued,
    ahead: last >= 0 ? `${item.id}.${last}` : item.ahead === null ? null : String(item.ahead),
    is_active: item.isActive,
    failing: item.failing,
    resets: item.resets,
    jobs,
    ...(ends.length > 0 && { eta: Math.max(...ends) }),
  };
}

function jobStatus(item: Item, job: string, voting: boolean, { build, estimate }: Knowledge): JobStatus {
  const entry = item.builds[job];
  const usual = estimate(job) ?? undefined;
  const common = { job, voting, ...(usual !== undefined && { estimate: usual }) };
  if (entry === undefined) return { ...common, state: 'queued', result: null, reason: waitReason(item, job) };
  const status = entry.build === undefined ? undefined : build(entry.build);
  const { started, duration, reason } = status ?? {};
  return {
    ...common,
    state: entry.result === null ? (status?.state ?? 'queued') : 'done',
    result: entry.result,
    ...(reason !== undefined && { reason }),
    ...(entry.build !== undefined && { build: entry.build, attempt: entry.attempt }),
    ...(started != null && { started }),
    ...(started != null && duration != null && { ended: started + duration }),
  };
}

/** Why a job has no build yet. */
function waitReason(item: Item, job: string): string {
  if (item.isStopped) return 'a change it needs is failing';
  if (!item.isActive) return 'outside the window';
  if (item.merge.state !== 'merged') return 'being merged';
  const needs = item.jobs.find(({ use }) => use.job === job)?.use.needs ?? [];
  const unmet = needs.find((need) => item.builds[need]?.result !== 'SUCCESS');
  return unmet === undefined ? 'a job ahead holds those that follow' : `needs ${unmet}`;
}

export function changeStatus(change: Change): ChangeStatus {
  const { key, id, project, branch, number, patchset, author, url, kind, commit } = change;
  const [subject = ''] = change.message.split('\n', 1);
  return {
    key,
    id,
    project,
    branch,
    ...(number !== undefined && { number }),
    ...(patchset !== undefined && { patchset }),
    subject: subject || `${kind === 'ref' ? change.ref : branch} at ${commit.slice(0, 12)}`,
    ...(author !== undefined && { author }),
    ...(url !== undefined && { url }),
  };
}
