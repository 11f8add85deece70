import { type CommandHandler, type CommandResult, type Hub, HubError, type Json, type Requester } from 'cupboard/sdk';
import type { Change, Merger } from './contract.ts';
import type { Engine } from './engine/engine.ts';
import type { Pauses } from './engine/pauses.ts';
import type { Publisher } from './engine/publisher.ts';
import type { EngineStore } from './engine/store.ts';
import { branchChange } from './engine/triggers.ts';
import type { LogStore } from './logs/store.ts';
import type { Autoholds } from './nodes/autohold.ts';
import type { NodePool } from './nodes/pool.ts';
import type { Item } from './scheduler/state.ts';
import type { Sources } from './sources/open.ts';

/** What the commands act on. */
export interface Parts {
  readonly engine: Engine;
  readonly store: EngineStore;
  readonly pauses: Pauses;
  readonly sources: Pick<Sources, 'find' | 'approve' | 'comment' | 'setAbandoned'>;
  readonly merger: Merger;
  readonly logs: Pick<LogStore, 'view'>;
  readonly pool: Pick<NodePool, 'nodes'>;
  readonly autoholds: Autoholds;
  readonly publisher: Pick<Publisher, 'queues'>;
}

/** Of a log in an answer to `run` and `retry`, which must fit into one message. */
const LOG_BYTES = 200_000;

interface RunArguments {
  readonly job: string;
  readonly project?: string;
  readonly branch?: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly wait: boolean;
}

/** Adds the commands that are about builds and pipelines; images and definitions bring their own. */
export function addCommands(hub: Pick<Hub, 'command'>, parts: Parts): void {
  const command = <Arguments>(name: string, handler: CommandHandler<Arguments>) =>
    hub.command<Arguments>(name, (args, from) => refusing(() => handler(args, from)));
  const { engine, pauses, sources, pool, autoholds } = parts;
  command<RunArguments>('run', (args) => run(parts, args));
  command<{ build: string; bytes: number }>('log', async ({ build, bytes }) => {
    const { status } = findBuild(parts, build);
    const { state, result } = status;
    return { ok: true, build: status.build, state, result, log: await logText(parts, status.build, bytes) };
  });
  command<{ build: string }>('cancel', ({ build }, { user }) => {
    const { status } = findBuild(parts, build);
    if (status.result !== null) return { ok: false, error: 'it has ended already', got: status.result };
    engine.cancel(status.build, `cancelled by ${user}`);
    return { ok: true, build: status.build };
  });
  command<{ build: string; wait: boolean }>('retry', ({ build, wait }) => retry(parts, build, wait));
  command<EnqueueArguments>('enqueue', async (args) => {
    const change = await changeOf(parts, args);
    const refusal = await engine.enqueue(args.pipeline, change);
    return refusal === undefined ? { ok: true, change: change.key } : { ok: false, error: refusal };
  });
  command<{ pipeline: string; change: string }>('dequeue', ({ pipeline, change }, { user }) => {
    const item = findItem(engine, pipeline, change);
    const { refusal } = engine.feed({ kind: 'dequeue', item: item.id, reason: `dequeued by ${user}` });
    return answer(refusal, { change: item.change.key });
  });
  command<{ pipeline: string; changes: readonly string[] }>('promote', ({ pipeline, changes }) => {
    const items = changes.map((change) => findItem(engine, pipeline, change).id);
    const { refusal } = engine.feed({ kind: 'promote', items });
    return answer(refusal, { changes });
  });
  command<{ change: string }>('approve', async ({ change }, { user }) => {
    const approved = await sources.approve(change, user);
    return { ok: true, change: approved.key };
  });
  command<{ change: string; text: string }>('comment', async ({ change, text }, { user }) => {
    const commented = await sources.comment(change, user, text);
    return { ok: true, change: commented.key };
  });
  command<{ change: string; restore: boolean }>('abandon', async ({ change, restore }) => {
    const closed = await sources.setAbandoned(change, !restore);
    return { ok: true, change: closed.key };
  });
  command<{ pipeline?: string; paused: boolean }>('pause', ({ pipeline = '', paused }, from) => {
    const known = engine.scheduler.layout.pipelines.map(({ name }) => name);
    if (pipeline !== '' && !known.includes(pipeline)) {
      return { ok: false, error: 'there is no such pipeline', expected: known, got: pipeline };
    }
    pause(parts, pipeline, paused, from);
    return { ok: true, paused: Object.fromEntries(pauses.all) };
  });
  command<{ job: string; count: number; reason: string }>('autohold', ({ job, count, reason }, { user }) => {
    jobOf(engine, job);
    autoholds.set(job, count, reason || `held for ${user}`);
    return { ok: true, autoholds: autoholds.all as unknown as Json };
  });
  command('nodes', () => ({ ok: true, nodes: pool.nodes as unknown as Json }));
}

/** What was asked for wrongly is an answer; everything else that is thrown is a fault and goes into the log. */
async function refusing(task: () => Promise<CommandResult> | CommandResult): Promise<CommandResult> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof HubError) return { ok: false, error: error.message, code: error.code };
    throw error;
  }
}

function pause({ engine, pauses, publisher }: Parts, pipeline: string, isPaused: boolean, { user }: Requester): void {
  pauses.set(pipeline, isPaused, user);
  engine.builds.kick();
  publisher.queues(engine);
}

async function run(parts: Parts, { job: name, project, branch, params, wait }: RunArguments): Promise<CommandResult> {
  const { engine, merger } = parts;
  const job = jobOf(engine, name);
  const checkouts = project === undefined ? [] : [await merger.tip(project, branch)];
  const [checkout] = checkouts;
  const own = Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)]));
  const of = { ZUUL_PROJECT: project ?? '', ZUUL_BRANCH: checkout?.branch ?? '', ZUUL_COMMIT: checkout?.commit ?? '' };
  const build = engine.runAlone(
    { job: name, project: project ?? null, branch: checkout?.branch ?? null },
    { job, parameters: { ...of, ...own }, checkouts },
  );
  return await resultOf(parts, build, wait);
}

async function retry(parts: Parts, build: string, wait: boolean): Promise<CommandResult> {
  const { engine, store } = parts;
  const { status, item } = findBuild(parts, build);
  if (status.result === null) return { ok: false, error: 'it has not ended yet' };
  if (item !== null && engine.scheduler.itemOfBuild(status.build) !== undefined) {
    const { refusal } = engine.feed({ kind: 'retry', build: status.build });
    if (refusal !== undefined) return { ok: false, error: refusal };
    const next = engine.scheduler.item(item)?.builds[status.job]?.build;
    return next === undefined ? { ok: true, build: null } : await resultOf(parts, next, wait);
  }
  const request = store.request(status.build);
  if (request === undefined) return { ok: false, error: 'what it needs is not kept any more' };
  const { build: _, attempt: __, ...again } = request;
  return await resultOf(parts, engine.runAlone(status, again), wait);
}

async function resultOf(parts: Parts, build: string, wait: boolean): Promise<CommandResult> {
  if (!wait) return { ok: true, build };
  const { status } = await parts.engine.wait(build);
  const log = await logText(parts, status.build, LOG_BYTES);
  return { ok: true, build: status.build, result: status.result, ...(status.reason && { reason: status.reason }), log };
}

/** The last part of a log, from the beginning of a line on; `null` = there is none. */
async function logText({ logs }: Parts, build: string, bytes: number): Promise<string | null> {
  const view = await logs.view(build);
  if (view === undefined) return null;
  const from = Math.max(0, view.size - bytes);
  const parts: Uint8Array[] = [];
  for await (const part of view.read(from, view.size)) parts.push(part);
  const text = Buffer.concat(parts).toString();
  return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
}

/** @throws HubError `job_unknown` */
function jobOf({ scheduler }: Engine, name: string) {
  const { jobs } = scheduler.layout;
  const job = jobs.get(name);
  if (job === undefined) {
    const known = [...jobs.keys()].slice(0, 20).join(', ');
    throw new HubError(
      'job_unknown',
      `there is no job ${JSON.stringify(name)}, but ${known || 'no definitions at all'}`,
    );
  }
  return job;
}

/** @throws HubError `build_unknown`, `build_ambiguous` */
function findBuild({ engine, store }: Parts, start: string) {
  const [id, another] = store.buildsLike(start);
  const record = id === undefined ? undefined : engine.record(id);
  if (record === undefined) throw new HubError('build_unknown', `there is no build ${start}`);
  if (another !== undefined) throw new HubError('build_ambiguous', `more than one build begins with ${start}`);
  return record;
}

interface EnqueueArguments {
  readonly pipeline: string;
  readonly project?: string;
  readonly change?: string;
  readonly branch?: string;
}

async function changeOf({ sources, merger }: Parts, { project, change, branch }: EnqueueArguments): Promise<Change> {
  if (change !== undefined) {
    return await sources.find(project === undefined || change.includes('/') ? change : `${project}/${change}`);
  }
  const tip = await merger.tip(project ?? '', branch);
  return branchChange(tip.project, tip.branch, tip.commit);
}

/** @throws HubError `item_unknown`, `item_ambiguous` */
function findItem({ scheduler }: Engine, pipeline: string, name: string): Item {
  const wanted = name.replace(/,\d+$/, '');
  const names = ({ id, change }: Item) => [
    `${id}`,
    change.key,
    change.id,
    ...(change.number === undefined ? [] : [`${change.project}/${change.number}`, change.number]),
  ];
  const items = scheduler.items().filter((item) => item.pipeline === pipeline);
  const found = items.filter((item) => names(item).some((each) => each === wanted || each === name));
  const [item, another] = found;
  if (item === undefined) throw new HubError('item_unknown', `${name} is not in ${pipeline}`);
  if (another !== undefined) {
    throw new HubError('item_ambiguous', `say which: ${found.map(({ change }) => change.key).join(', ')}`);
  }
  return item;
}

const answer = (refusal: string | undefined, more: Readonly<Record<string, Json>>): CommandResult =>
  refusal === undefined ? { ok: true, ...more } : { ok: false, error: refusal };
