import type { BuildResult, Change, Checkout, Job, JobUse, Layout, Report } from '../contract.ts';

/** A job that an item runs: how its project uses it, and what it is. */
export interface PlannedJob {
  readonly use: JobUse;
  readonly job: Job;
}

/** Where a job of an item stands. Without a build it was skipped. */
export interface JobBuild {
  readonly build?: string;
  /** From 1. */
  readonly attempt: number;
  readonly result: BuildResult | null;
}

/** The speculative merge of an item; `broken` = the definitions in it are wrong. */
export type ItemMerge =
  | { readonly state: 'none' | 'asked' }
  | { readonly state: 'merged'; readonly checkouts: readonly Checkout[] }
  | { readonly state: 'conflict' | 'broken'; readonly reason: string };

/** What a build is told of a change that it tests. */
export type TestedChange = Pick<Change, 'project' | 'branch' | 'ref' | 'number' | 'patchset'>;

/** A change in a pipeline. */
export interface Item {
  readonly id: number;
  readonly pipeline: string;
  change: Change;
  /** Place in its queue: smaller is nearer to the head. */
  order: number;
  readonly enqueued: number;
  /** Changes not yet merged that it is tested on, first to last; only in independent pipelines. */
  readonly prerequisites: readonly Change[];
  /** `Change.id`s that must be ahead of it; those that merged are taken out. Only in dependent pipelines. */
  needs: readonly string[];
  /** Item it is tested on top of; `null` = the branch as it is. */
  ahead: number | null;
  /** Counts up whenever it is started over: an answer meant for an earlier set of builds says nothing of this one. */
  set: number;
  merge: ItemMerge;
  /** Every change in the merge, the one furthest ahead first. */
  tested: readonly TestedChange[];
  jobs: readonly PlannedJob[];
  /** By name of the job; none = not started. */
  builds: Record<string, JobBuild>;
  /** Whether it is within the window. */
  isActive: boolean;
  /** Its builds were cancelled because a change it needs is failing. */
  isStopped: boolean;
  /** Something merged that it was not tested on: it must be started over before it may pass. */
  isStale: boolean;
  /** Its source was told that it began; once, however often it is started over. */
  isAnnounced: boolean;
  /** All passed; its source merges it right now. */
  isSubmitting: boolean;
  /** Why it cannot merge as it stands. */
  failing: readonly string[];
  /** Why it was started over, oldest first. */
  resets: readonly { readonly time: number; readonly reason: string }[];
}

/** What a pipeline remembers besides its items. */
export interface PipelineState {
  readonly name: string;
  /** By name of the queue. */
  windows: Record<string, number>;
  /** Consecutive failures. */
  failures: number;
  /** It failed so often in a row that it no longer reports. */
  isDisabled: boolean;
  /** Changes that could not enter because one they need could not; looked at again when such a one does. */
  deferred: readonly Change[];
}

/** All that must survive a restart. */
export interface SchedulerState {
  readonly items: readonly Item[];
  readonly pipelines: readonly PipelineState[];
}

export type SchedulerEvent =
  /** `needed` = the unmerged changes it depends on, and those they depend on, as they are now. */
  | {
      readonly kind: 'enqueue';
      readonly pipeline: string;
      readonly change: Change;
      readonly needed: readonly Change[];
    }
  | {
      readonly kind: 'merged';
      readonly item: number;
      readonly set: number;
      readonly checkouts: readonly Checkout[];
      readonly jobs: readonly PlannedJob[];
    }
  | {
      readonly kind: 'unmergeable';
      readonly item: number;
      readonly set: number;
      readonly state: 'conflict' | 'broken';
      readonly reason: string;
      /** What it would have run. */
      readonly jobs: readonly PlannedJob[];
    }
  /** The definitions changed: what a merged item runs now. */
  | {
      readonly kind: 'planned';
      readonly item: number;
      readonly set: number;
      readonly jobs: readonly PlannedJob[];
    }
  | {
      readonly kind: 'built';
      readonly build: string;
      readonly result: BuildResult;
      readonly isIndeterminate: boolean;
    }
  | { readonly kind: 'submitted'; readonly item: number; readonly isMerged: boolean }
  /** Told by a source of a change, whatever pipelines it is in. */
  | { readonly kind: 'patchset' | 'abandoned' | 'landed'; readonly change: Change }
  | { readonly kind: 'dequeue'; readonly item: number; readonly reason: string }
  | { readonly kind: 'promote'; readonly items: readonly number[] }
  /** Runs the job of a build again. */
  | { readonly kind: 'retry'; readonly build: string }
  | { readonly kind: 'layout'; readonly layout: Layout };

/** What is to be done; `set` comes back with the answer. */
export type Action =
  | { readonly kind: 'merge'; readonly item: Item; readonly set: number; readonly changes: readonly Change[] }
  /** Tell by `planned` what jobs it has. */
  | { readonly kind: 'plan'; readonly item: Item; readonly set: number }
  | {
      readonly kind: 'start';
      readonly item: Item;
      readonly planned: PlannedJob;
      readonly build: string;
      readonly attempt: number;
    }
  | { readonly kind: 'cancel'; readonly build: string; readonly reason: string }
  | { readonly kind: 'submit'; readonly item: Item; readonly checkout: Checkout }
  /** `isQuiet` = the pipeline is disabled: its source is not told. */
  | { readonly kind: 'report'; readonly item: Item; readonly report: Report['kind']; readonly isQuiet: boolean }
  /** The speculative merge is no longer needed. */
  | { readonly kind: 'forget'; readonly item: number; readonly set: number }
  /** Try `enqueue` again, with everything refreshed. */
  | { readonly kind: 'reconsider'; readonly pipeline: string; readonly change: Change };

/** What came of an event. */
export interface Step {
  readonly actions: readonly Action[];
  /** Items that are other than before, and items that are gone. */
  readonly changed: ReadonlySet<Item>;
  readonly removed: ReadonlySet<Item>;
  readonly pipelines: ReadonlySet<PipelineState>;
  /** Why a command or a change was refused. */
  readonly refusal?: string;
}

/** Name of an item's speculative merge in the git cache. */
export const mergeId = (item: number, set: number): string => `Z${item}-${set}`;
