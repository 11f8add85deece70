import { errorCode, errorText, type Logger } from 'cupboard/sdk';
import type { BuildOutcome, Change, Checkout, Layout, Merger, Report, Runner, Source } from '../contract.ts';
import type { LayoutStore } from '../jobs/store.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import {
  type Action,
  type Item,
  mergeId,
  type PlannedJob,
  type SchedulerEvent,
  type Step,
} from '../scheduler/state.ts';
import type { BuildStatus } from '../view.ts';
import { aloneBuild, completeRequest, itemBuild, newBuild, outOfAttempts } from './build-records.ts';
import { Builds } from './builds.ts';
import type { Capacity } from './dispatch.ts';
import { persevere } from './persevere.ts';
import { planJobs } from './plan.ts';
import { Post } from './post.ts';
import { makeReport, votesOf } from './report.ts';
import type { BuildRecord, EngineStore, Letter, StoredRequest } from './store.ts';

export interface EngineOptions {
  readonly store: EngineStore;
  readonly layouts: LayoutStore;
  readonly merger: Merger;
  readonly sources: readonly Source[];
  /** All changes that a change needs. @throws HubError `dependency_cycle`, `dependency_unknown` */
  readonly needed: (change: Change) => Promise<readonly Change[]>;
  readonly runner: Runner;
  readonly nodes: () => Pick<Capacity, 'free' | 'max'>;
  readonly paused: () => Capacity['paused'];
  readonly keepBuilds: number;
  /** Page of a build. */
  readonly urlOf: (build: string) => string;
  /** Path of a build's log. */
  readonly logOf: (build: string) => string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told of every change of a build. */
  readonly tellBuild: (status: BuildStatus) => void;
  /** The same; resolves when the hub has it. */
  readonly confirmBuild: (status: BuildStatus) => Promise<void>;
  /** Told when the items of pipelines may be other than before. */
  readonly tellItems: () => void;
  /** `enqueued`, `reported`, `build_finished`. */
  readonly event: (name: string, data: Readonly<Record<string, string | number | boolean | null>>) => void;
}

type ActionOf<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>;

/**
 * Turns the scheduler's decisions into deeds. What an event leads to is written down in one transaction before anything is
 * done; every deed can be repeated, so a start after `kill -9` does again what may not have been done.
 */
export class Engine {
  readonly scheduler: Scheduler;
  readonly builds: Builds;
  readonly #options: EngineOptions;
  readonly #waiting = new Map<string, ((record: BuildRecord) => void)[]>();
  readonly #post: Post;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { store, layouts } = options;
    this.scheduler = new Scheduler(layouts.layout, store.scheduler(), newBuild);
    this.#post = new Post({ ...options, source: (change) => this.source(change) });
    this.builds = new Builds({
      runner: options.runner,
      nodes: options.nodes,
      paused: options.paused,
      precedenceOf: (pipeline) => this.#pipeline(pipeline)?.precedence ?? 'normal',
      complete: (request) => completeRequest(request, options.merger, layouts),
      estimate: (job) => store.estimate(job),
      tell: (status) => {
        options.tellBuild(status);
        options.tellItems();
      },
      confirm: options.confirmBuild,
      ended: (record, outcome) => this.#ended(record, outcome),
      log: options.log,
    });
  }

  /** Goes on where the last process was cut. */
  resume(): void {
    const { store, layouts } = this.#options;
    for (const record of store.openBuilds()) {
      const request = store.request(record.status.build);
      if (request === undefined) continue;
      const { started: _, eta: __, reason: ___, ...status } = record.status;
      const again = {
        ...record,
        status: { ...status, state: 'waiting', node: null, image: null, started: null, eta: null } as const,
      };
      this.builds.add(again, request);
      this.#options.tellBuild(again.status);
      const isWanted = record.item === null || this.scheduler.itemOfBuild(record.status.build) !== undefined;
      const cancelled = record.cancelled ?? (isWanted ? undefined : 'its item is gone');
      if (cancelled !== undefined) this.builds.cancel(record.status.build, cancelled);
    }
    this.#commit(this.scheduler.outstanding(Date.now()));
    // The definitions may have changed while nobody looked.
    this.feed({ kind: 'layout', layout: layouts.layout });
    layouts.onChange((layout) => this.feed({ kind: 'layout', layout }));
    for (const { id, letter } of store.letters()) this.#post.deliver(id, letter);
  }

  /** Ends what runs; it is run again at the next start. */
  stop(): Promise<void> {
    return this.builds.stop();
  }

  /** Tells the scheduler and does what it decides. */
  feed(event: SchedulerEvent): Step {
    const step = this.scheduler.handle(event, Date.now());
    this.#commit(step);
    return step;
  }

  /** Puts a change into a pipeline; answers why not, if not. */
  async enqueue(pipeline: string, change: Change): Promise<string | undefined> {
    return this.enter(pipeline, change, await this.neededBy(change));
  }

  /** The same with the changes it needs at hand. */
  enter(pipeline: string, change: Change, needed: readonly Change[]): string | undefined {
    const { refusal } = this.feed({ kind: 'enqueue', pipeline, change, needed });
    if (refusal === undefined) {
      this.#options.event('enqueued', { pipeline, change: change.key, project: change.project });
    }
    return refusal;
  }

  /** The changes that a change needs, and those they need; what cannot be told is missed when it is enqueued. */
  async neededBy(change: Change): Promise<readonly Change[]> {
    try {
      return await this.#options.needed(change);
    } catch (error) {
      if (!/^dependency_/.test(errorCode(error) ?? '')) throw error;
      this.#options.log.info(`${change.key}: ${errorText(error)}`);
      return [];
    }
  }

  /** Runs a build that no item wants; answers its id. */
  runAlone(
    status: Pick<BuildStatus, 'job' | 'project' | 'branch'>,
    request: Omit<StoredRequest, 'build' | 'attempt'>,
  ): string {
    const [record, stored] = aloneBuild(status, request, 1, this.#options.logOf);
    this.#options.store.addBuild(record, stored);
    this.#begin(record, stored);
    return stored.build;
  }

  /** Resolves when a build, or its last repetition, has ended. */
  async wait(build: string): Promise<BuildRecord> {
    const present = this.#options.store.build(build);
    if (present !== undefined && present.status.result !== null) return present;
    return await new Promise((resolve) => {
      this.#waiting.set(build, [...(this.#waiting.get(build) ?? []), resolve]);
    });
  }

  /** As it is now: what waits or runs is known better here than on disk. */
  record(build: string): BuildRecord | undefined {
    return this.builds.record(build) ?? this.#options.store.build(build);
  }

  cancel(build: string, reason: string): void {
    const record = this.builds.record(build);
    if (record === undefined) return;
    this.#options.store.saveBuild({ ...record, cancelled: reason });
    this.builds.cancel(build, reason);
  }

  source(change: Pick<Change, 'source'>): Source | undefined {
    return this.#options.sources.find(({ name }) => name === change.source);
  }

  #pipeline(name: string | null) {
    return this.scheduler.layout.pipelines.find((pipeline) => pipeline.name === name);
  }

  /** Writes a step down, then acts. */
  #commit(step: Step, also: () => void = () => undefined): void {
    const { store } = this.#options;
    const begun: [BuildRecord, StoredRequest][] = [];
    const letters: [number, Letter][] = [];
    try {
      store.transaction(() => {
        also();
        store.saveStep(step);
        for (const action of step.actions) {
          if (action.kind === 'start') {
            const build = itemBuild(action, this.#options.logOf);
            store.addBuild(...build);
            begun.push(build);
          } else if (action.kind === 'cancel') {
            const record = this.builds.record(action.build);
            if (record !== undefined) store.saveBuild({ ...record, cancelled: action.reason });
          } else if (action.kind === 'report') {
            const letter = this.#letter(action);
            if (letter !== undefined) letters.push([store.addLetter(letter), letter]);
          }
        }
      });
    } catch (error) {
      // What is in memory is ahead of what is on disk now: only a new start brings them together.
      setImmediate(() => {
        throw error;
      });
      return;
    }
    for (const build of begun) this.#begin(...build);
    for (const letter of letters) this.#post.deliver(...letter);
    for (const action of step.actions) this.#act(action);
    if (step.changed.size + step.removed.size + step.pipelines.size > 0) this.#options.tellItems();
  }

  #act(action: Action): void {
    const { log, merger } = this.#options;
    const doing = (what: string, task: Promise<unknown>) => {
      task.catch((error: unknown) => {
        if (!this.#options.signal.aborted) log.error(`${what}: ${errorText(error)}`);
      });
    };
    if (action.kind === 'merge') doing(`merging ${action.item.change.key}`, this.#merge(action));
    else if (action.kind === 'plan') doing(`planning ${action.item.change.key}`, this.#plan(action));
    else if (action.kind === 'submit') doing(`submitting ${action.item.change.key}`, this.#submit(action));
    else if (action.kind === 'cancel') this.builds.cancel(action.build, action.reason);
    else if (action.kind === 'forget') doing('forgetting a merge', merger.forget(mergeId(action.item, action.set)));
    else if (action.kind === 'reconsider') doing(`looking at ${action.change.key} again`, this.#reconsider(action));
  }

  async #merge({ item, set, changes }: ActionOf<'merge'>): Promise<void> {
    const { merger } = this.#options;
    const isGone = () => this.scheduler.item(item.id)?.set !== set;
    const answer = { item: item.id, set };
    const outcome = await this.#persevere(
      `merging ${item.change.key}`,
      () => merger.merge(mergeId(item.id, set), changes),
      (error) => isGone() || errorCode(error) !== 'unreachable',
    ).catch((error: unknown) => ({ ok: false as const, change: item.change, conflict: errorText(error) }));
    if (this.#options.signal.aborted) return;
    if (isGone()) return merger.forget(mergeId(item.id, set));
    if (!outcome.ok) {
      const who = outcome.change.key === item.change.key ? '' : `${outcome.change.key}: `;
      this.#unmergeable(item, set, 'conflict', who + outcome.conflict);
      return;
    }
    const { checkouts } = outcome;
    const jobs = await this.#jobsOf(item, checkouts);
    if (typeof jobs === 'string') this.#unmergeable(item, set, 'broken', jobs);
    else this.feed({ kind: 'merged', ...answer, checkouts, jobs });
  }

  async #plan({ item, set }: ActionOf<'plan'>): Promise<void> {
    const jobs = await this.#jobsOf(item, item.merge.state === 'merged' ? item.merge.checkouts : []);
    const answer = { item: item.id, set };
    if (typeof jobs === 'string') this.#unmergeable(item, set, 'broken', jobs);
    else this.feed({ kind: 'planned', ...answer, jobs });
  }

  #unmergeable(item: Item, set: number, state: 'conflict' | 'broken', reason: string): void {
    const jobs = planJobs(this.scheduler.layout, item.pipeline, item.change);
    this.feed({ kind: 'unmergeable', item: item.id, set, state, reason, jobs });
  }

  /** The jobs by the definitions in force and those of the change itself, or what is wrong with the latter. */
  async #jobsOf(item: Item, [checkout]: readonly Checkout[]): Promise<readonly PlannedJob[] | string> {
    const { layouts } = this.#options;
    let layout: Layout;
    let before: Layout;
    try {
      do {
        before = layouts.layout;
        layout = checkout === undefined ? before : await layouts.layoutFor(checkout);
      } while (before !== layouts.layout);
    } catch (error) {
      return errorText(error);
    }
    return planJobs(layout, item.pipeline, item.change);
  }

  async #submit({ item, checkout }: ActionOf<'submit'>): Promise<void> {
    const source = this.source(item.change);
    const isMerged =
      source !== undefined &&
      (await this.#persevere(`submitting ${item.change.key}`, () => source.submit(item.change, checkout)));
    this.feed({ kind: 'submitted', item: item.id, isMerged });
  }

  async #reconsider({ pipeline, change }: ActionOf<'reconsider'>): Promise<void> {
    const now = await this.source(change)?.refresh(change);
    if (now !== undefined) await this.enqueue(pipeline, now);
  }

  #letter({ item, report: kind, isQuiet }: ActionOf<'report'>): Letter | undefined {
    const pipeline = this.#pipeline(item.pipeline);
    const report = makeReport(item, kind, pipeline, (build) => this.record(build)?.status, this.#options.urlOf);
    if (kind !== 'start') this.#tellReport(item, report);
    const isWanted = !isQuiet && votesOf(kind, pipeline) !== undefined && this.source(item.change) !== undefined;
    return isWanted ? { change: item.change, report } : undefined;
  }

  #tellReport({ change, pipeline }: Item, { kind, message }: Report): void {
    const { key, project } = change;
    this.#options.event('reported', { pipeline, change: key, project, report: kind, message });
  }

  #persevere<Result>(what: string, task: () => Promise<Result>, isOver?: (error: unknown) => boolean): Promise<Result> {
    const { log, signal } = this.#options;
    return persevere(what, task, { log, signal, ...(isOver && { isOver }) });
  }

  #begin(record: BuildRecord, request: StoredRequest): void {
    this.#options.tellBuild(record.status);
    this.builds.add(record, request);
  }

  #ended(ended: BuildRecord, outcome: BuildOutcome): void {
    const { store, event, tellBuild } = this.#options;
    const { build, attempt } = ended.status;
    const request = store.request(build);
    const isLast = request === undefined || attempt >= request.job.attempts;
    const record = outcome.isIndeterminate && isLast ? outOfAttempts(ended) : ended;
    const { result, isIndeterminate } = outcome;
    const step = this.scheduler.handle({ kind: 'built', build, result, isIndeterminate }, Date.now());
    const next =
      record.item === null && isIndeterminate && !isLast
        ? aloneBuild(record.status, request, attempt + 1, this.#options.logOf)
        : undefined;
    this.#commit(step, () => {
      store.saveBuild(record);
      if (next !== undefined) store.addBuild(...next);
      store.pruneBuilds(this.#options.keepBuilds);
    });
    tellBuild(record.status);
    const { job, project, duration } = record.status;
    event('build_finished', { build, job, project, result: record.status.result, duration });
    const waiting = this.#waiting.get(build) ?? [];
    this.#waiting.delete(build);
    if (next === undefined) {
      for (const resolve of waiting) resolve(record);
    } else {
      this.#waiting.set(next[1].build, waiting);
      this.#begin(...next);
    }
  }
}
