import type { Change, Layout, Pipeline } from '../contract.ts';
import { sharedQueues } from './queues.ts';
import type { Action, Item, PipelineState, SchedulerState } from './state.ts';

/** Items that are looked at together, head first. */
export interface Queue {
  readonly pipeline: Pipeline;
  readonly name: string;
  readonly items: Item[];
}

const RESETS_KEPT = 20;

/** The items by queue, and what the event under way does to them. */
export class Ledger {
  readonly items = new Map<number, Item>();
  readonly pipelines = new Map<string, PipelineState>();
  actions: Action[] = [];
  changed = new Set<Item>();
  removed = new Set<Item>();
  changedPipelines = new Set<PipelineState>();
  now = 0;
  #layout: Layout;
  #settings = new Map<string, Pipeline>();
  /** Pipeline, then project, to the name of a queue. */
  #names = new Map<string, ReadonlyMap<string, string>>();
  #queues = new Map<string, Queue>();
  #lastId = 0;

  constructor(layout: Layout, state: SchedulerState) {
    this.#layout = layout;
    for (const item of state.items) this.items.set(item.id, item);
    for (const pipeline of state.pipelines) this.pipelines.set(pipeline.name, pipeline);
    this.#lastId = Math.max(0, ...this.items.keys());
    this.useLayout(layout);
  }

  get layout(): Layout {
    return this.#layout;
  }

  /** Takes new definitions: items may find themselves in another queue. */
  useLayout(layout: Layout): void {
    this.#layout = layout;
    this.#settings = new Map(layout.pipelines.map((pipeline) => [pipeline.name, pipeline]));
    const dependent = layout.pipelines.filter(({ manager }) => manager === 'dependent');
    this.#names = new Map(dependent.map((pipeline) => [pipeline.name, sharedQueues(layout, pipeline)]));
    this.#queues = new Map();
    for (const item of [...this.items.values()].sort(byOrder)) this.#queueFor(item)?.items.push(item);
  }

  pipeline(name: string): Pipeline | undefined {
    return this.#settings.get(name);
  }

  /** Of a pipeline that the layout has. */
  stateOf(pipeline: string): PipelineState {
    const present = this.pipelines.get(pipeline);
    if (present !== undefined) return present;
    const state = { name: pipeline, windows: {}, failures: 0, isDisabled: false, deferred: [] };
    this.pipelines.set(pipeline, state);
    return state;
  }

  update(state: PipelineState, values: Partial<PipelineState>): void {
    Object.assign(state, values);
    this.changedPipelines.add(state);
  }

  queues(): IterableIterator<Queue> {
    return this.#queues.values();
  }

  /** `undefined` where the layout no longer has its pipeline. */
  queueOf(item: Item): Queue | undefined {
    return this.#queues.get(this.#key(item));
  }

  /** Name of the queue that a project's changes are in; those of independent pipelines have none. */
  queueName(pipeline: Pipeline, project: string): string {
    return this.#names.get(pipeline.name)?.get(project) ?? project;
  }

  /** How many items from the head run jobs. */
  windowOf({ pipeline, name }: Queue): number {
    if (pipeline.manager === 'independent') return Number.POSITIVE_INFINITY;
    return Math.max(this.stateOf(pipeline.name).windows[name] ?? pipeline.window.start, pipeline.window.floor);
  }

  add(values: Pick<Item, 'pipeline' | 'change' | 'prerequisites' | 'needs'>): Item {
    this.#lastId += 1;
    const item: Item = {
      ...values,
      id: this.#lastId,
      order: this.#lastId,
      enqueued: this.now,
      ahead: null,
      set: 1,
      merge: { state: 'none' },
      tested: [],
      jobs: [],
      builds: {},
      isActive: false,
      isStopped: false,
      isStale: false,
      isAnnounced: false,
      isSubmitting: false,
      failing: [],
      resets: [],
    };
    const queue = this.#queueFor(item);
    item.ahead = queue?.items.at(-1)?.id ?? null;
    this.items.set(item.id, item);
    queue?.items.push(item);
    this.changed.add(item);
    return item;
  }

  /** Changes an item; every change goes through here, so that none is forgotten on disk. */
  set(item: Item, values: Partial<Item>): void {
    Object.assign(item, values);
    this.changed.add(item);
  }

  /** Those tested directly on top of it. */
  behind(item: Item): Item[] {
    return (this.queueOf(item)?.items ?? []).filter(({ ahead }) => ahead === item.id);
  }

  /** Ends a set of builds and begins the next, which is merged anew; so of everything tested on top of it. */
  reset(item: Item, reason: string): void {
    this.cancelBuilds(item, reason);
    this.#forget(item);
    const wasBegun = item.merge.state !== 'none';
    this.set(item, {
      set: item.set + 1,
      merge: { state: 'none' },
      builds: {},
      isStopped: false,
      isStale: false,
      failing: [],
      ...(wasBegun && { resets: [...item.resets, { time: this.now, reason }].slice(-RESETS_KEPT) }),
    });
    this.resetBehind(item, reason);
  }

  resetBehind(item: Item, reason: string): void {
    for (const follower of this.behind(item)) if (!follower.isSubmitting) this.reset(follower, reason);
  }

  cancelBuilds(item: Item, reason: string): void {
    for (const { build, result } of Object.values(item.builds)) {
      if (build !== undefined && result === null) this.actions.push({ kind: 'cancel', build, reason });
    }
  }

  /** Takes an item out; those behind it are then tested on what it was tested on. */
  remove(item: Item): void {
    this.#forget(item);
    for (const follower of this.behind(item)) this.set(follower, { ahead: item.ahead });
    const queue = this.queueOf(item);
    queue?.items.splice(queue.items.indexOf(item), 1);
    if (queue?.items.length === 0) this.#queues.delete(this.#key(item));
    this.items.delete(item.id);
    this.changed.delete(item);
    this.removed.add(item);
  }

  /** Puts the items of a queue in a new order. */
  reorder(queue: Queue, order: readonly Item[]): void {
    const places = queue.items.map((item) => item.order);
    for (const [index, item] of order.entries()) {
      const place = places[index] ?? item.order;
      if (item.order !== place) this.set(item, { order: place });
    }
    queue.items.sort(byOrder);
  }

  /** Live items of a change, of any patch set. */
  itemsOf(change: Pick<Change, 'id'>): Item[] {
    return [...this.items.values()].filter((item) => item.change.id === change.id);
  }

  #forget(item: Item): void {
    if (item.merge.state !== 'none') this.actions.push({ kind: 'forget', item: item.id, set: item.set });
  }

  #key({ pipeline, id, change }: Item): string {
    const settings = this.#settings.get(pipeline);
    const name = settings?.manager === 'dependent' ? this.queueName(settings, change.project) : `${id}`;
    return `${pipeline}\n${name}`;
  }

  #queueFor(item: Item): Queue | undefined {
    const pipeline = this.#settings.get(item.pipeline);
    if (pipeline === undefined) return undefined;
    const key = this.#key(item);
    const present = this.#queues.get(key);
    if (present !== undefined) return present;
    const name = this.queueName(pipeline, item.change.project);
    const queue = { pipeline, name, items: [] };
    this.#queues.set(key, queue);
    return queue;
  }
}

const byOrder = (a: Item, b: Item): number => a.order - b.order;
