import type { Change, Layout } from '../contract.ts';
import { mergeOrder, missingRequirement } from './dependencies.ts';
import { Ledger, type Queue } from './ledger.ts';
import { dequeue, fail, nameOf, settle, succeed } from './pass.ts';
import type { Item, PlannedJob, SchedulerEvent, SchedulerState, Step } from './state.ts';

const DEFERRED_KEPT = 1000;

type EventOf<Kind extends SchedulerEvent['kind']> = Extract<SchedulerEvent, { kind: Kind }>;

/**
 * Decides what is tested on what, and what merges. It does nothing itself: an event goes in, actions and changed items
 * come out, which the caller writes down before it acts. Every action is answered by an event, late ones are told by
 * their `set`. No clock, no chance, no I/O: the same events give the same actions.
 */
export class Scheduler {
  readonly #ledger: Ledger;

  /** @param newBuild makes the id of a build */
  constructor(
    layout: Layout,
    state: SchedulerState,
    private readonly newBuild: () => string,
  ) {
    this.#ledger = new Ledger(layout, structuredClone(state));
  }

  get layout(): Layout {
    return this.#ledger.layout;
  }

  /** The queues of a pipeline as they stand, head first. */
  queues(pipeline: string): Queue[] {
    return [...this.#ledger.queues()].filter((queue) => queue.pipeline.name === pipeline);
  }

  windowOf(queue: Queue): number {
    return this.#ledger.windowOf(queue);
  }

  isDisabled(pipeline: string): boolean {
    return this.#ledger.stateOf(pipeline).isDisabled;
  }

  item(id: number): Item | undefined {
    return this.#ledger.items.get(id);
  }

  items(): Item[] {
    return [...this.#ledger.items.values()];
  }

  /** The item that wants a build; `undefined` where none does, or does no more. */
  itemOfBuild(build: string): Item | undefined {
    return this.items().find(({ builds }) => Object.values(builds).some((entry) => entry.build === build));
  }

  state(): SchedulerState {
    return structuredClone({ items: this.items(), pipelines: [...this.#ledger.pipelines.values()] });
  }

  /** Everything that was asked for and not yet answered, for a process that starts again; builds aside. */
  outstanding(now: number): Step {
    return this.#step(now, () => {
      for (const item of this.items()) {
        if (item.merge.state === 'asked') this.#ledger.set(item, { merge: { state: 'none' } });
        if (!item.isSubmitting || item.merge.state !== 'merged') continue;
        const [checkout] = item.merge.checkouts;
        if (checkout !== undefined) this.#ledger.actions.push({ kind: 'submit', item, checkout });
      }
      return undefined;
    });
  }

  /** @param now epoch ms */
  handle(event: SchedulerEvent, now: number): Step {
    return this.#step(now, () => this.#apply(event));
  }

  #step(now: number, apply: () => string | undefined): Step {
    const ledger = this.#ledger;
    ledger.now = now;
    ledger.actions = [];
    ledger.changed = new Set();
    ledger.removed = new Set();
    ledger.changedPipelines = new Set();
    const refusal = apply();
    for (const queue of [...ledger.queues()]) settle(ledger, queue, this.newBuild);
    const { actions, changed, removed, changedPipelines: pipelines } = ledger;
    return { actions, changed, removed, pipelines, ...(refusal !== undefined && { refusal }) };
  }

  #apply(event: SchedulerEvent): string | undefined {
    switch (event.kind) {
      case 'enqueue':
        return this.#enqueue(event);
      case 'merged':
      case 'unmergeable':
      case 'planned':
        return this.#prepared(event);
      case 'built':
        return this.#built(event);
      case 'submitted':
        return this.#submitted(event);
      case 'patchset':
      case 'abandoned':
      case 'landed':
        return this.#changed(event);
      case 'dequeue':
        return this.#dequeue(event);
      case 'promote':
        return this.#promote(event);
      case 'retry':
        return this.#retry(event);
      case 'layout':
        return this.#relayout(event.layout);
    }
  }

  #enqueue({ pipeline: name, change, needed }: EventOf<'enqueue'>): string | undefined {
    const ledger = this.#ledger;
    const pipeline = ledger.pipeline(name);
    if (pipeline === undefined) return `there is no pipeline ${name}`;
    const present = this.#inPipeline(name, change);
    if (present !== undefined) return `${nameOf(change)} is in ${name} already`;
    this.#undefer(name, change);
    const missing = missingRequirement(pipeline, change);
    if (missing !== undefined) return missing;
    const ordered = pipeline.ignoreDependencies ? { order: [change] } : mergeOrder(change, needed);
    if ('refusal' in ordered) return this.#defer(name, change, ordered.refusal);
    const before = ordered.order.slice(0, -1);
    if (pipeline.manager === 'independent') {
      this.#admit({ pipeline: name, change, prerequisites: before, needs: [] });
      return undefined;
    }
    const queue = ledger.queueName(pipeline, change.project);
    const absent = before.filter((each) => this.#inPipeline(name, each) === undefined);
    for (const each of absent) {
      const lacking = missingRequirement(pipeline, each);
      if (lacking !== undefined) return this.#defer(name, change, `${nameOf(change)} needs a change: ${lacking}`);
    }
    const elsewhere = before.find((each) => ledger.queueName(pipeline, each.project) !== queue);
    if (elsewhere !== undefined) {
      return this.#defer(name, change, `${nameOf(elsewhere)} must merge first: it is in another queue`);
    }
    for (const each of [...absent, change]) {
      const ids = new Set(ordered.order.map(({ id }) => id));
      const needs = pipeline.ignoreDependencies ? [] : each.dependsOn.filter((id) => ids.has(id));
      this.#admit({ pipeline: name, change: each, prerequisites: [], needs });
    }
    return undefined;
  }

  #admit(values: Pick<Item, 'pipeline' | 'change' | 'prerequisites' | 'needs'>): void {
    const item = this.#ledger.add(values);
    this.#reconsider(item.change);
  }

  /** The same patch set, or the same branch at the same commit. */
  #inPipeline(pipeline: string, change: Change): Item | undefined {
    return this.#ledger.itemsOf(change).find((item) => item.pipeline === pipeline && item.change.key === change.key);
  }

  /** It may enter when what it needs does: nobody should have to approve it twice. */
  #defer(pipeline: string, change: Change, reason: string): string {
    const state = this.#ledger.stateOf(pipeline);
    this.#ledger.update(state, { deferred: [...state.deferred, change].slice(-DEFERRED_KEPT) });
    return reason;
  }

  #undefer(pipeline: string, change: Change): void {
    const state = this.#ledger.stateOf(pipeline);
    const deferred = state.deferred.filter(({ id }) => id !== change.id);
    if (deferred.length < state.deferred.length) this.#ledger.update(state, { deferred });
  }

  #reconsider(needed: Pick<Change, 'id'>): void {
    for (const { name, deferred } of this.#ledger.pipelines.values()) {
      for (const change of deferred) {
        if (change.dependsOn.includes(needed.id)) {
          this.#ledger.actions.push({ kind: 'reconsider', pipeline: name, change });
        }
      }
    }
  }

  #prepared(event: EventOf<'merged' | 'unmergeable' | 'planned'>): undefined {
    const item = this.#ledger.items.get(event.item);
    if (item === undefined || item.set !== event.set || item.isSubmitting) return;
    if (event.kind === 'unmergeable') {
      this.#unmergeable(item, event);
      return;
    }
    if (event.kind === 'merged') {
      this.#ledger.set(item, { merge: { state: 'merged', checkouts: event.checkouts }, jobs: event.jobs });
      return;
    }
    this.#replan(item, event.jobs);
  }

  /** None of its jobs runs, and each says why. */
  #unmergeable(item: Item, { state, reason, jobs }: EventOf<'unmergeable'>): void {
    this.#ledger.cancelBuilds(item, reason);
    const result = state === 'conflict' ? 'MERGE_CONFLICT' : 'CONFIG_ERROR';
    const builds = Object.fromEntries(jobs.map(({ use }) => [use.job, { attempt: 0, result } as const]));
    this.#ledger.set(item, { merge: { state, reason }, jobs, builds });
  }

  /** What runs and is still wanted goes on; what is no longer wanted ends. */
  #replan(item: Item, jobs: readonly PlannedJob[]): void {
    const wanted = new Set(jobs.map(({ use }) => use.job));
    const builds = Object.entries(item.builds);
    for (const [job, { build, result }] of builds) {
      if (wanted.has(job) || build === undefined || result !== null) continue;
      this.#ledger.actions.push({ kind: 'cancel', build, reason: 'the job was taken out of the pipeline' });
    }
    this.#ledger.set(item, { jobs, builds: Object.fromEntries(builds.filter(([job]) => wanted.has(job))) });
  }

  #built({ build, result, isIndeterminate }: EventOf<'built'>): undefined {
    const item = this.itemOfBuild(build);
    const planned = item?.jobs.find(({ use }) => item.builds[use.job]?.build === build);
    const entry = planned && item?.builds[planned.use.job];
    if (item === undefined || planned === undefined || !entry || entry.result !== null) return;
    if (isIndeterminate && entry.attempt < planned.job.attempts) {
      this.#start(item, planned, entry.attempt + 1);
      return;
    }
    const final = isIndeterminate ? 'RETRY_LIMIT' : result;
    this.#ledger.set(item, { builds: { ...item.builds, [planned.use.job]: { ...entry, result: final } } });
  }

  #start(item: Item, planned: PlannedJob, attempt: number): void {
    const build = this.newBuild();
    const builds = { ...item.builds, [planned.use.job]: { build, attempt, result: null } };
    this.#ledger.set(item, { builds });
    this.#ledger.actions.push({ kind: 'start', item, planned, build, attempt });
  }

  #submitted({ item: id, isMerged }: EventOf<'submitted'>): undefined {
    const item = this.#ledger.items.get(id);
    if (item === undefined || !item.isSubmitting) return;
    this.#ledger.set(item, { isSubmitting: false });
    if (!isMerged) {
      this.#ledger.set(item, { failing: ['it did not merge'] });
      fail(this.#ledger, item, 'failure');
      return;
    }
    this.#landed(item.change);
    succeed(this.#ledger, item);
  }

  /** Nobody needs to wait for it any more. */
  #landed(change: Change): void {
    for (const item of this.#ledger.items.values()) {
      const needs = item.needs.filter((need) => need !== change.id);
      if (needs.length < item.needs.length) this.#ledger.set(item, { needs });
    }
    this.#reconsider(change);
  }

  #changed({ kind, change }: EventOf<'patchset' | 'abandoned' | 'landed'>): undefined {
    if (kind === 'landed') {
      this.#landed(change);
      return;
    }
    for (const item of [...this.#ledger.items.values()]) {
      if (item.isSubmitting || (kind === 'patchset' && !this.#isReplacedBy(item, change))) continue;
      if (item.change.id === change.id && !(kind === 'patchset' && item.change.key === change.key)) {
        dequeue(this.#ledger, item, kind === 'patchset' ? 'a newer patch set replaced it' : 'it was abandoned');
      } else if (
        item.prerequisites.some(({ id, key }) => id === change.id && (key !== change.key || kind !== 'patchset'))
      ) {
        dequeue(this.#ledger, item, `${nameOf(change)}, which it needs, is not what it was tested on`, 'dequeued');
      }
    }
  }

  #isReplacedBy(item: Item, change: Change): boolean {
    const concerns = [item.change, ...item.prerequisites].some(({ id }) => id === change.id);
    return concerns && this.#ledger.pipeline(item.pipeline)?.dequeueOnNewPatchset !== false;
  }

  #dequeue({ item: id, reason }: EventOf<'dequeue'>): string | undefined {
    const item = this.#ledger.items.get(id);
    if (item === undefined) return 'it is in no pipeline';
    if (item.isSubmitting) return 'it is being merged right now';
    dequeue(this.#ledger, item, reason);
    return undefined;
  }

  #promote({ items: ids }: EventOf<'promote'>): string | undefined {
    const chosen = ids.flatMap((id) => this.#ledger.items.get(id) ?? []);
    const [first] = chosen;
    const queue = first && this.#ledger.queueOf(first);
    if (queue === undefined || queue.pipeline.manager !== 'dependent') return 'it is in no queue with others';
    if (chosen.some((item) => !queue.items.includes(item))) return 'they are in different queues';
    const needed = (item: Item): Item[] => {
      const before = queue.items.filter(({ change }) => item.needs.includes(change.id));
      return [...before.flatMap(needed), item];
    };
    const landing = queue.items.filter(({ isSubmitting }) => isSubmitting);
    this.#ledger.reorder(queue, [...new Set([...landing, ...chosen.flatMap(needed), ...queue.items])]);
    return undefined;
  }

  #retry({ build }: EventOf<'retry'>): string | undefined {
    const item = this.itemOfBuild(build);
    const planned = item?.jobs.find(({ use }) => item.builds[use.job]?.build === build);
    if (item === undefined || planned === undefined) return 'its item is gone';
    if (item.isSubmitting) return 'it is being merged right now';
    if (item.builds[planned.use.job]?.result === null) return 'it has not ended yet';
    this.#skipAgain(item, planned);
    this.#start(item, planned, 1);
    return undefined;
  }

  /** What was skipped because of a job is decided anew when that job is. */
  #skipAgain(item: Item, { use }: PlannedJob): void {
    const kept = Object.entries(item.builds).filter(([job, { result }]) => job !== use.job && result !== 'SKIPPED');
    this.#ledger.set(item, { builds: Object.fromEntries(kept) });
  }

  #relayout(layout: Layout): undefined {
    const ledger = this.#ledger;
    ledger.useLayout(layout);
    for (const state of ledger.pipelines.values()) {
      if (state.isDisabled) ledger.update(state, { isDisabled: false, failures: 0 });
    }
    for (const item of this.items()) {
      const pipeline = ledger.pipeline(item.pipeline);
      if (pipeline === undefined) dequeue(ledger, item, 'its pipeline is gone');
      else if (item.merge.state === 'merged') ledger.actions.push({ kind: 'plan', item, set: item.set });
      // A file of definitions in the change may fit the new ones.
      else if (item.merge.state === 'broken') ledger.reset(item, 'the definitions changed');
    }
    return undefined;
  }
}
