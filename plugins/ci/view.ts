/**
 * What people see of the plugin: the payloads of its topics, and what its HTTP routes read. The page, the routes and
 * whoever publishes share these types. Fields are snake_case as in all topics; times are epoch ms, spans ms.
 */
import type { BuildProgress, BuildResult, Change, TestSummary } from './contract.ts';

// Topics --------------------------------------------------------------------------------------------------------------

/** `ci/queue/<pipeline>`, retained: all that a status page shows of a pipeline. */
export interface PipelineStatus {
  readonly time: number;
  readonly pipeline: string;
  readonly description?: string;
  readonly manager: 'independent' | 'dependent';
  readonly precedence: 'high' | 'normal' | 'low';
  /** Set where nothing new is started: `paused by anna`, `5 failures in a row`. */
  readonly paused?: string;
  readonly queues: readonly QueueStatus[];
  /** Items that are not listed, because there are too many. */
  readonly more?: number;
  readonly simulated?: true;
}

/** Changes that are tested one on top of the other; of an independent pipeline every item is a queue of its own. */
export interface QueueStatus {
  /** The projects that share it: `lamp, lamp-web`. */
  readonly name: string;
  /** How many items from the head run jobs; absent = all. */
  readonly window?: number;
  /** Head first. */
  readonly items: readonly ItemStatus[];
}

export interface ItemStatus {
  readonly id: string;
  readonly change: ChangeStatus;
  /** False of changes that are there only because others depend on them. */
  readonly live: boolean;
  readonly enqueued: number;
  /** Id of the item it is tested on top of; `null` = the tip of the branch. */
  readonly ahead: string | null;
  readonly is_active: boolean;
  /** Why it cannot merge as it stands: `unit failed`, `conflicts with hub:lamp/12`; empty = it can so far. */
  readonly failing: readonly string[];
  /** Why it was started over, oldest first: `lamp 12,3 ahead of it failed`. */
  readonly resets: readonly { readonly time: number; readonly reason: string }[];
  readonly jobs: readonly JobStatus[];
  /** When its last job should end, by estimate. */
  readonly eta?: number;
}

export interface ChangeStatus {
  /** `Change.key`. */
  readonly key: string;
  readonly id: string;
  readonly project: string;
  readonly branch: string;
  readonly number?: string;
  readonly patchset?: string;
  /** First line of the commit message. */
  readonly subject: string;
  readonly author?: string;
  readonly url?: string;
}

export interface JobStatus {
  readonly job: string;
  readonly voting: boolean;
  /** `queued`: no build yet, `reason` says why. */
  readonly state: 'queued' | BuildProgress['state'] | 'done';
  readonly result: BuildResult | null;
  readonly reason?: string;
  readonly build?: string;
  readonly attempt?: number;
  readonly started?: number;
  readonly ended?: number;
  /** How long it usually takes. */
  readonly estimate?: number;
}

/** `ci/build/<id>`, retained for the newest 100, and a row of `GET builds`. */
export interface BuildStatus {
  readonly build: string;
  readonly job: string;
  readonly project: string | null;
  readonly branch: string | null;
  /** `null` of the command `run`. */
  readonly pipeline: string | null;
  /** `Change.key`. */
  readonly change: string | null;
  readonly subject?: string;
  readonly change_url?: string;
  readonly state: BuildProgress['state'] | 'done';
  readonly result: BuildResult | null;
  readonly reason?: string;
  readonly voting: boolean;
  readonly attempt: number;
  readonly node: string | null;
  /** Id of the image's build. */
  readonly image: string | null;
  /** When it was asked for. */
  readonly queued: number;
  readonly started: number | null;
  readonly duration: number | null;
  /** When it should end, by the time it usually takes. */
  readonly eta: number | null;
  readonly tests?: TestSummary;
  /** Path of its log: `/plugins/ci/builds/<id>/log`. */
  readonly log: string;
  readonly simulated?: true;
}

/**
 * `ci/console/<build>`, not retained: whole lines as they are appended to the log. A log is UTF-8, a line
 * `2026-11-23 14:14:00.123 | text`, the time in UTC; what a page missed it reads from the log at the same offsets.
 */
export interface ConsoleText {
  /** Byte of the log at which `text` begins. */
  readonly offset: number;
  readonly text: string;
}

/** `ci/image/<name>`, retained. */
export interface ImageStatus {
  readonly name: string;
  readonly state: 'missing' | 'building' | 'testing' | 'ready' | 'failed' | 'waiting';
  readonly reason?: string;
  readonly advice?: string;
  /** Kept builds, newest first, a failed or running one included. */
  readonly builds: readonly {
    /** `bookworm-20261123T141400`. */
    readonly id: string;
    readonly state: 'building' | 'testing' | 'ready' | 'failed';
    readonly started: number;
    readonly duration: number | null;
    readonly bytes?: number;
    readonly reason?: string;
  }[];
  /** When it is built next. */
  readonly next?: number;
  readonly uploads?: readonly {
    readonly target: string;
    readonly build: string;
    readonly state: 'uploading' | 'ready' | 'failed';
    readonly reason?: string;
  }[];
  readonly simulated?: true;
}

/** `ci/node/<id>`, retained while the node is there. */
export interface NodeStatus {
  readonly node: string;
  readonly state: 'building' | 'ready' | 'in-use' | 'hold' | 'deleting' | 'failed';
  /** Image or static node. */
  readonly label: string;
  readonly image?: string;
  /** `process` isolates nothing. */
  readonly mode: 'root' | 'rootless' | 'process' | 'static' | 'worker';
  readonly since: number;
  readonly build?: string;
  readonly job?: string;
  readonly reason?: string;
  readonly simulated?: true;
}

// Routes --------------------------------------------------------------------------------------------------------------

/** What the routes read. Every answer may be a promise; what is not there is `undefined`. */
export interface CiView {
  /** Newest first, at most `limit`. */
  builds(filter: BuildFilter): Awaitable<readonly BuildStatus[]>;
  build(id: string): Awaitable<BuildDetail | undefined>;
  /** The log of a build; `undefined` = none, or none any more. */
  log(build: string): Awaitable<LogView | undefined>;
  /** Folder with what was kept of a build, as it lay in the workspace; `undefined` = nothing. */
  artifacts(build: string): Awaitable<string | undefined>;
  /** The log of an image's build, by that build's id. */
  imageLog(imageBuild: string): Awaitable<LogView | undefined>;
  /** Open changes of all sources that know them. */
  changes(): Awaitable<readonly Change[]>;
  /** JSON Schema of the job files. */
  readonly jobSchema: object;
}

export interface BuildFilter {
  readonly job?: string;
  readonly project?: string;
  readonly pipeline?: string;
  readonly result?: BuildResult;
  /** `Change.id`: of all its patch sets. */
  readonly change?: string;
  /** Only builds asked for before this moment, to page. */
  readonly before?: number;
  readonly limit: number;
}

export interface BuildDetail extends BuildStatus {
  /** ZUUL_* and the command's own, secrets never among them. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What JUnit files of the job said. */
  readonly cases?: readonly TestCase[];
  /** Of the Ansible runner. */
  readonly plays?: readonly AnsiblePlay[];
}

export interface TestCase {
  readonly suite: string;
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** ms. */
  readonly duration: number;
  /** Of a failed or skipped one. */
  readonly message?: string;
}

export interface AnsiblePlay {
  readonly playbook: 'setup' | 'body' | 'publishers';
  readonly name: string;
  readonly tasks: readonly {
    readonly name: string;
    readonly started: number;
    /** By host. */
    readonly hosts: Readonly<
      Record<
        string,
        {
          readonly result: 'ok' | 'changed' | 'failed' | 'unreachable' | 'skipped';
          readonly duration: number;
          readonly message?: string;
        }
      >
    >;
  }[];
}

/** A log that may still grow. Offsets are bytes of the text, however it is kept. */
export interface LogView {
  readonly size: number;
  /** Nothing will be appended any more. */
  readonly isComplete: boolean;
  /** Bytes from `from` up to, not including, `to`. */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
  /** From `from` on, as it grows; ends when the log is complete or the signal is aborted. */
  follow(from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

type Awaitable<Value> = Value | Promise<Value>;
