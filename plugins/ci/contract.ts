/**
 * The nouns that the parts of the CI plugin share: a source tells of a change, the layout says which jobs it needs, the
 * scheduler makes builds of them, a runner runs a build on a node made from an image.
 */

/** How a build ended. Everything but SUCCESS of a voting job makes its item fail. */
export type BuildResult =
  | 'SUCCESS'
  | 'FAILURE'
  | 'TIMED_OUT'
  | 'NODE_FAILURE'
  | 'POST_FAILURE'
  | 'ABORTED'
  | 'SKIPPED'
  | 'RETRY_LIMIT'
  | 'MERGE_CONFLICT'
  | 'DISK_FULL'
  | 'CONFIG_ERROR';

// Changes -------------------------------------------------------------------------------------------------------------

/** What is tested: a proposed change, a branch or tag that moved, or a branch as it is (timer, command). */
export interface Change {
  /** Unique over sources and patch sets: `hub:lamp/12,3` or `hub:lamp/refs/heads/main@1f0c...`. */
  readonly key: string;
  /** The same for all patch sets of one change: `hub:lamp/12`. */
  readonly id: string;
  /** Name of the source it came from. */
  readonly source: string;
  readonly kind: 'change' | 'ref' | 'branch';
  readonly project: string;
  readonly branch: string;
  /** Commit to test: of the patch set, or what the ref points to. */
  readonly commit: string;
  /** Git ref the commit can be fetched by: `refs/changes/12/12/3`, `refs/heads/main`. */
  readonly ref: string;
  /** Change and patch set number, of `kind: 'change'`. */
  readonly number?: string;
  readonly patchset?: string;
  /** Before and after, 40 zeros = created or deleted, of `kind: 'ref'`. */
  readonly oldrev?: string;
  readonly newrev?: string;
  /** Gerrit's Change-Id, `I` and 40 hexadecimal digits. */
  readonly changeId?: string;
  /** The commit message, footers included. */
  readonly message: string;
  readonly author?: string;
  /** Where people look at it. */
  readonly url?: string;
  /** `id`s of the changes that must merge first: parents not yet merged and Depends-On footers. */
  readonly dependsOn: readonly string[];
  /** Paths it touches; absent where the source cannot tell (then file filters match). */
  readonly files?: readonly string[];
  readonly isOpen: boolean;
  readonly isMerged: boolean;
  /** Highest and lowest vote a label has: `{Verified: [1, -1]}`; the `approve` of a local repository is `Approved`. */
  readonly approvals: Readonly<Record<string, readonly number[]>>;
}

export type SourceEventType =
  | 'patchset-created'
  | 'comment-added'
  | 'change-merged'
  | 'change-abandoned'
  | 'change-restored'
  | 'ref-updated';

export interface SourceEvent {
  readonly type: SourceEventType;
  readonly change: Change;
  /** Text of the comment, which `recheck` is searched in. */
  readonly comment?: string;
  /** Votes that this event itself gave: `{Approved: 1}`. */
  readonly votes?: Readonly<Record<string, number>>;
  /** Who caused it. */
  readonly account?: string;
}

/** What is said of a change when an item starts or ends. */
export interface Report {
  readonly kind: 'start' | 'success' | 'failure' | 'merge-failure' | 'dequeued';
  readonly pipeline: string;
  /** Votes to give, by the pipeline's settings: `{Verified: 1}`. */
  readonly votes: Readonly<Record<string, number>>;
  /** For people; a line a build with its result and log. */
  readonly message: string;
  readonly builds: readonly {
    readonly build: string;
    readonly job: string;
    readonly result: BuildResult | null;
    readonly voting: boolean;
    /** Page of the build. */
    readonly url: string;
  }[];
}

/** Where changes come from and results go to. */
export interface Source {
  readonly name: string;
  /** Begins to tell of events; resolves when connected or when the first attempt failed (it goes on by itself). */
  start(tell: (event: SourceEvent) => void): Promise<void>;
  /** The change as it is now: events are late and may be told twice. `undefined` = gone. */
  refresh(change: Change): Promise<Change | undefined>;
  /** A change by its number, for commands; `undefined` = unknown. */
  find(project: string, number: string): Promise<Change | undefined>;
  report(change: Change, report: Report): Promise<void>;
  /** Merges for good; `false` = the source refused or it turned out not merged. Repeatable: `true` if it is merged already. */
  submit(change: Change, merged: Checkout): Promise<boolean>;
  stop(): Promise<void>;
}

// Git -----------------------------------------------------------------------------------------------------------------

/** A commit in the hub's git cache, ready to be checked out without network. */
export interface Checkout {
  readonly project: string;
  readonly branch: string;
  /** Path of the cache's bare repository. */
  readonly repository: string;
  readonly commit: string;
}

/** Makes speculative merges in the git cache. */
export interface Merger {
  /**
   * Merges `changes` in order, each onto its project's branch tip or onto what came before it here, and answers one
   * checkout a project and branch, the last change's first. Kept under `refs/zuul/<branch>/<id>` until `forget(id)`.
   * @throws HubError `unreachable` where a remote could not be fetched from: not a conflict, to be tried again
   */
  merge(id: string, changes: readonly Change[]): Promise<MergeOutcome>;
  /** The tip of a project's branch, for `required-projects` and jobs without a change; falls back to the default branch. */
  tip(project: string, branch?: string): Promise<Checkout>;
  /** A file as it is in a checkout; `undefined` = none. */
  readFile(checkout: Checkout, path: string): Promise<string | undefined>;
  forget(id: string): Promise<void>;
}

export type MergeOutcome =
  | { readonly ok: true; readonly checkouts: readonly Checkout[] }
  | { readonly ok: false; readonly change: Change; readonly conflict: string };

// Jobs ----------------------------------------------------------------------------------------------------------------

export interface Step {
  readonly name: string;
  /** A shell script; run by `bash -x` unless it starts with `#!`. */
  readonly shell: string;
}

/** A job with templates, macros and defaults applied. */
export interface Job {
  readonly name: string;
  readonly description?: string;
  /** Image the node is made from, or the name of a static node; `undefined` = no node needed (`noop`). */
  readonly node?: string;
  /** Of multi-node jobs (Ansible): name in the inventory to image or static node. */
  readonly nodes?: Readonly<Record<string, string>>;
  readonly runner: 'local' | 'ansible';
  /** Seconds the body may take. */
  readonly timeout: number;
  readonly setup: readonly Step[];
  readonly body: readonly Step[];
  readonly publishers: readonly Step[];
  readonly environment: Readonly<Record<string, string>>;
  /** Environment variable to name of a secret; only of trusted jobs. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly requiredProjects: readonly string[];
  /** Globs below the workspace, kept after the build. */
  readonly artifacts: readonly string[];
  /** Globs of JUnit XML below the workspace. */
  readonly junit: readonly string[];
  /** Whether the node has a network. */
  readonly network: boolean;
  readonly limits: { readonly memoryMb: number; readonly pids: number; readonly cpus: number; readonly diskMb: number };
  readonly mutex?: string;
  /** Indeterminate runs before RETRY_LIMIT. */
  readonly attempts: number;
  /** Defined by the hub's owner, not by the change under test: may have secrets. */
  readonly trusted: boolean;
  /** Where it is defined. */
  readonly origin: { readonly file: string; readonly line: number };
}

/** A job as one project's pipeline uses it. */
export interface JobUse {
  readonly job: string;
  readonly voting: boolean;
  /** Jobs that must succeed before it starts; else it is SKIPPED. */
  readonly needs: readonly string[];
  /** Regular expressions on the branch; empty = all. */
  readonly branches: readonly string[];
  /** Globs; empty = always. The job runs if any path of the change matches any. */
  readonly files: readonly string[];
  /** Globs; the job is left out if all paths match any of these. A change without files is never skipped. */
  readonly skipFiles: readonly string[];
  /** Items behind start nothing until it succeeded. */
  readonly holdFollowing: boolean;
}

export interface Trigger {
  readonly event: SourceEventType | 'timer' | 'topic';
  /** Regular expressions, searched. */
  readonly branch?: string;
  readonly ref?: string;
  readonly comment?: string;
  /** Votes the event must give at least: `{Approved: 1}`. */
  readonly approval?: Readonly<Record<string, number>>;
  /** Cron of `timer`, UTC. */
  readonly cron?: string;
  /** Topic filter of `topic`. */
  readonly topic?: string;
}

export interface Pipeline {
  readonly name: string;
  readonly description?: string;
  readonly manager: 'independent' | 'dependent';
  readonly precedence: 'high' | 'normal' | 'low';
  readonly triggers: readonly Trigger[];
  /** What a change must be to enter and to be submitted. */
  readonly require: { readonly open: boolean; readonly approval: Readonly<Record<string, number>> };
  /** Votes given at the start, at success and at failure; empty = no report. */
  readonly report: Readonly<Record<'start' | 'success' | 'failure', Readonly<Record<string, number>> | undefined>>;
  /** Whether success merges the change. */
  readonly submit: boolean;
  readonly dequeueOnNewPatchset: boolean;
  readonly ignoreDependencies: boolean;
  readonly window: {
    readonly start: number;
    readonly floor: number;
    readonly increaseType: 'linear' | 'exponential';
    readonly increaseFactor: number;
    readonly decreaseType: 'linear' | 'exponential';
    readonly decreaseFactor: number;
  };
  /** Consecutive failures after which the pipeline stops reporting; 0 = never. */
  readonly disableAfter: number;
}

/** Everything the definitions say, checked; replaced as a whole. */
export interface Layout {
  /** Changes with its content. */
  readonly version: string;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly pipelines: readonly Pipeline[];
  /** Project, then pipeline. */
  readonly projects: ReadonlyMap<string, ReadonlyMap<string, readonly JobUse[]>>;
}

// Running -------------------------------------------------------------------------------------------------------------

/** A build to run: everything a runner needs, here or on another hub. */
export interface BuildRequest {
  /** 32 hexadecimal digits. */
  readonly build: string;
  /** From 1. */
  readonly attempt: number;
  readonly job: Job;
  /** ZUUL_* and the command's own parameters. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The project under test first, then required projects; empty for jobs without a repository. */
  readonly checkouts: readonly Checkout[];
  /** Environment variable to value: masked wherever output is kept or shown. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface BuildProgress {
  readonly state: 'waiting' | 'starting' | 'running' | 'publishing';
  /** Why it waits: `no image of bookworm yet`, `2 of 2 nodes in use`. */
  readonly reason?: string;
  readonly node?: string;
  /** Id of the image's build. */
  readonly image?: string;
}

export interface BuildOutcome {
  readonly result: BuildResult;
  /** Whether it says nothing of the change (node lost, setup failed): run again, up to the job's attempts. */
  readonly isIndeterminate: boolean;
  /** One line for people where the result alone does not say why. */
  readonly reason?: string;
  readonly tests?: TestSummary;
}

export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Runs builds. Aborting the signal ends the build with ABORTED, its node gone before the promise resolves. */
export interface Runner {
  run(request: BuildRequest, signal: AbortSignal, tell: (progress: BuildProgress) => void): Promise<BuildOutcome>;
}

// Images --------------------------------------------------------------------------------------------------------------

/** A root file system that stays as it is while it is used. */
export interface ImageUse {
  readonly name: string;
  /** Id of the image's build: `bookworm-20261123T141400`. */
  readonly build: string;
  /** Folder with the root file system; never written to. */
  readonly root: string;
  release(): void;
}

export interface Images {
  /** The newest image that passed its smoke job; `undefined` = none yet. */
  use(name: string): Promise<ImageUse | undefined>;
  /** Names that the config has. */
  readonly names: readonly string[];
}
