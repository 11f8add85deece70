import type { Change, Checkout, JobUse, Layout, Pipeline } from '../../../../plugins/ci/contract.ts';
import { Scheduler } from '../../../../plugins/ci/scheduler/scheduler.ts';
import type { Action, Item, SchedulerEvent, Step } from '../../../../plugins/ci/scheduler/state.ts';
import { emptyJob } from '../../../support/ci-job.ts';

export const pipelineOf = (values: Partial<Pipeline> = {}): Pipeline => ({
  name: 'gate',
  manager: 'dependent',
  precedence: 'normal',
  triggers: [],
  require: { open: true, approval: {} },
  report: { start: undefined, success: {}, failure: {} },
  submit: true,
  dequeueOnNewPatchset: true,
  ignoreDependencies: false,
  window: {
    start: 20,
    floor: 3,
    increaseType: 'linear',
    increaseFactor: 1,
    decreaseType: 'exponential',
    decreaseFactor: 2,
  },
  disableAfter: 0,
  ...values,
});

export const useOf = (job: string, values: Partial<JobUse> = {}): JobUse => ({
  job,
  voting: true,
  needs: [],
  branches: [],
  files: [],
  skipFiles: [],
  holdFollowing: false,
  ...values,
});

/** A layout of one pipeline; `projects` says which jobs each uses. */
export function layoutOf(pipeline: Pipeline, projects: Readonly<Record<string, readonly JobUse[]>>): Layout {
  const names = new Set(Object.values(projects).flatMap((uses) => uses.map(({ job }) => job)));
  return {
    version: JSON.stringify(projects),
    jobs: new Map([...names].map((name) => [name, emptyJob(name)])),
    pipelines: [pipeline],
    projects: new Map(Object.entries(projects).map(([project, uses]) => [project, new Map([[pipeline.name, uses]])])),
  };
}

export function changeOf(number: number, values: Partial<Change> = {}): Change {
  const { project = 'lamp', patchset = '1' } = values;
  const id = `hub:${project}/${number}`;
  return {
    key: `${id},${patchset}`,
    id,
    source: 'hub',
    kind: 'change',
    project,
    branch: 'main',
    commit: `${number}`.padStart(40, '0'),
    ref: `refs/changes/${number}`,
    number: `${number}`,
    patchset,
    message: `Change ${number}`,
    dependsOn: [],
    isOpen: true,
    isMerged: false,
    approvals: {},
    ...values,
  };
}

/** What changes do to each other; by `Change.key`. */
export interface Nature {
  /** Whether a merge of these, in this order, is impossible. */
  conflicts(content: readonly string[]): boolean;
  /** Whether a job fails on a tree with these. */
  fails(job: string, content: readonly string[]): boolean;
}

type Pending = { readonly answer: SchedulerEvent; readonly act?: () => void; readonly build?: string };

/**
 * What is around a scheduler: a branch that changes land on, merges, builds and submits that are answered whenever the
 * test likes. It checks at every landing that what lands is exactly what was tested.
 */
export class World {
  scheduler: Scheduler;
  /** What the branch has, oldest first. */
  readonly landed: string[] = [];
  /** Everything asked for and not answered. */
  pending: Pending[] = [];
  readonly outcomes: { readonly change: string; readonly kind: string }[] = [];
  /** Build to the tree it ran on. */
  readonly built = new Map<string, readonly string[]>();
  /** Every action so far. */
  readonly actions: Action[] = [];
  #layout: Layout;
  #builds = 0;
  #time = 0;

  constructor(
    layout: Layout,
    private readonly nature: Nature = { conflicts: () => false, fails: () => false },
  ) {
    this.#layout = layout;
    this.scheduler = new Scheduler(layout, { items: [], pipelines: [] }, () => this.#newBuild());
  }

  feed(event: SchedulerEvent): Step {
    const step = this.scheduler.handle(event, ++this.#time);
    for (const action of step.actions) this.#take(action);
    return step;
  }

  enqueue(change: Change, needed: readonly Change[] = []): string | undefined {
    return this.feed({ kind: 'enqueue', pipeline: 'gate', change, needed }).refusal;
  }

  relayout(layout: Layout): void {
    this.#layout = layout;
    this.feed({ kind: 'layout', layout });
  }

  /** Answers one thing that is pending. */
  answer(index: number): void {
    const [pending] = this.pending.splice(index % this.pending.length, 1);
    pending?.act?.();
    if (pending !== undefined) this.feed(pending.answer);
  }

  /** Answers everything, oldest first, until nothing is left to answer. */
  drain(): void {
    for (let left = 100_000; this.pending.length > 0; left--) {
      if (left === 0) throw new Error('it never comes to rest');
      this.answer(0);
    }
  }

  /** A new process with what the old one wrote down; merges and submits under way are lost, builds are run again. */
  restart(): void {
    const state = JSON.parse(JSON.stringify(this.scheduler.state()));
    this.pending = this.pending.filter(({ build }) => build !== undefined);
    this.scheduler = new Scheduler(this.#layout, state, () => this.#newBuild());
    for (const action of this.scheduler.outstanding(++this.#time).actions) this.#take(action);
  }

  itemOf(change: Pick<Change, 'key'>): Item | undefined {
    return this.scheduler.items().find((item) => item.change.key === change.key);
  }

  /** Builds under way of a change. */
  running(change: Pick<Change, 'key'>): string[] {
    return Object.entries(this.itemOf(change)?.builds ?? {}).flatMap(([job, { result }]) =>
      result === null ? [job] : [],
    );
  }

  /** Ends a job of a change with a result of the test's choice. */
  end(
    change: Pick<Change, 'key'>,
    job: string,
    values: Partial<Extract<SchedulerEvent, { kind: 'built' }>> = {},
  ): void {
    const build = this.itemOf(change)?.builds[job]?.build ?? '';
    this.pending = this.pending.filter((pending) => pending.build !== build);
    this.feed({ kind: 'built', build, result: 'SUCCESS', isIndeterminate: false, ...values });
  }

  /** Answers all merges that are asked for. */
  merge(): void {
    for (;;) {
      const index = this.pending.findIndex(({ answer }) => answer.kind === 'merged' || answer.kind === 'unmergeable');
      if (index < 0) return;
      this.answer(index);
    }
  }

  #newBuild(): string {
    this.#builds += 1;
    return `${this.#builds}`;
  }

  #take(action: Action): void {
    this.actions.push(action);
    if (action.kind === 'merge') this.#merge(action);
    else if (action.kind === 'plan') this.#plan(action);
    else if (action.kind === 'start') this.#start(action);
    else if (action.kind === 'cancel') this.pending = this.pending.filter(({ build }) => build !== action.build);
    else if (action.kind === 'submit') this.#submit(action);
    else if (action.kind === 'report' && action.report !== 'start') {
      this.outcomes.push({ change: action.item.change.key, kind: action.report });
    }
  }

  #jobs(item: Item) {
    const uses = this.#layout.projects.get(item.change.project)?.get(item.pipeline) ?? [];
    return uses.map((use) => ({ use, job: this.#layout.jobs.get(use.job) ?? emptyJob(use.job) }));
  }

  #merge({ item, set, changes }: Extract<Action, { kind: 'merge' }>): void {
    const wanted = changes.map(({ key }) => key);
    const content = [...this.landed, ...wanted.filter((key) => !this.landed.includes(key))];
    const about = { item: item.id, set };
    if (this.nature.conflicts(content)) {
      this.pending.push({
        answer: { kind: 'unmergeable', ...about, state: 'conflict', reason: 'conflict', jobs: this.#jobs(item) },
      });
    } else {
      const checkouts = [checkoutOf(item, content)];
      this.pending.push({ answer: { kind: 'merged', ...about, checkouts, jobs: this.#jobs(item) } });
    }
  }

  #plan({ item, set }: Extract<Action, { kind: 'plan' }>): void {
    this.pending.push({ answer: { kind: 'planned', item: item.id, set, jobs: this.#jobs(item) } });
  }

  #start({ item, planned, build }: Extract<Action, { kind: 'start' }>): void {
    const content = contentOf(item);
    this.built.set(build, content);
    const result = this.nature.fails(planned.job.name, content) ? 'FAILURE' : 'SUCCESS';
    this.pending.push({ build, answer: { kind: 'built', build, result, isIndeterminate: false } });
  }

  #submit({ item, checkout }: Extract<Action, { kind: 'submit' }>): void {
    const content = JSON.parse(checkout.commit) as string[];
    for (const { use } of item.jobs) {
      const { build = '', result } = item.builds[use.job] ?? {};
      if (use.voting && result !== 'SUCCESS')
        throw new Error(`${item.change.key} lands although ${use.job} is ${result}`);
      if (use.voting && this.built.get(build)?.join() !== content.join()) {
        throw new Error(`${item.change.key} was tested on something else than what lands`);
      }
    }
    const land = () => {
      if (this.landed.includes(item.change.key)) return;
      const expected = [...this.landed, item.change.key];
      if (content.join() !== expected.join()) throw new Error(`${content} lands as ${expected}`);
      this.landed.push(item.change.key);
    };
    this.pending.push({ act: land, answer: { kind: 'submitted', item: item.id, isMerged: true } });
  }
}

const checkoutOf = ({ change: { project, branch } }: Item, content: readonly string[]): Checkout => ({
  project,
  branch,
  repository: `/git/${project}.git`,
  commit: JSON.stringify(content),
});

function contentOf({ merge }: Item): readonly string[] {
  return merge.state === 'merged' ? (JSON.parse(merge.checkouts[0]?.commit ?? '[]') as string[]) : [];
}
