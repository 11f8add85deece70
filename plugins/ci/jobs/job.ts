import type { Job, JobUse, Step } from '../contract.ts';
import { checkEntry } from './entries.ts';
import { Refusal } from './problem.ts';
import type { Expansion } from './registry.ts';
import { expandSteps, type MacroType } from './steps.ts';
import { defaultsFor, JOB_KEYS, nameOfJob, type RawJob } from './templates.ts';

/** How pipelines use a job unless they say otherwise. */
export type UseSettings = Omit<JobUse, 'job'>;

export interface JobDefinition {
  readonly job: Job;
  readonly use: UseSettings;
}

/** A job after its schema was checked. */
interface CheckedJob extends CheckedUse {
  readonly name: string;
  readonly description?: string;
  readonly node?: string;
  readonly nodes?: Readonly<Record<string, string>>;
  readonly runner?: Job['runner'];
  readonly timeout?: number;
  readonly run?: string;
  readonly builders?: unknown;
  readonly setup?: unknown;
  readonly publishers?: unknown;
  readonly wrappers?: unknown;
  readonly environment?: Readonly<Record<string, string | number | boolean>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly 'required-projects'?: readonly string[];
  readonly artifacts?: Texts;
  readonly junit?: Texts;
  readonly network?: boolean;
  readonly limits?: Readonly<Partial<Record<'memory-mb' | 'pids' | 'cpus' | 'disk-mb', number>>>;
  readonly mutex?: string;
  readonly attempts?: number;
}

/** The keys that a job and its use in a pipeline share. */
export interface CheckedUse {
  readonly voting?: boolean;
  readonly needs?: Texts;
  readonly branches?: Texts;
  readonly files?: Texts;
  readonly 'irrelevant-files'?: Texts;
  readonly 'hold-following-changes'?: boolean;
}

type Texts = string | readonly string[];

const NO_SETTINGS: UseSettings = {
  voting: true,
  needs: [],
  branches: [],
  files: [],
  skipFiles: [],
  holdFollowing: false,
};

/** What a job may use of the machine unless it says otherwise. */
export const DEFAULT_LIMITS: Job['limits'] = { memoryMb: 2048, pids: 1024, cpus: 2, diskMb: 2048 };

/** Seconds; Zuul's own default. */
const DEFAULT_TIMEOUT = 7200;

/**
 * Completes a job: defaults, macros, default values.
 * @returns `undefined` where it is wrong; `problems` then has why
 * @throws Refusal where its steps cannot be expanded
 */
export function finishJob(raw: RawJob, { registry, trusted, budget, problems }: Expansion): JobDefinition | undefined {
  const { macros } = registry;
  const { entry } = raw;
  const inherited = Object.entries(defaultsFor(raw.value, registry)).filter(([key]) => JOB_KEYS.has(key));
  // A job that has a body of its own does not inherit another one.
  const hasBody = raw.value['run'] !== undefined || raw.value['builders'] !== undefined;
  const kept = inherited.filter(([key]) => !(hasBody && (key === 'run' || key === 'builders')));
  const value = { ...Object.fromEntries(kept), ...raw.value };
  const name = nameOfJob(raw);
  const asJob = { ...entry, kind: 'job' as const };
  if (!checkEntry(asJob, problems, value, name)) return undefined;
  const checked = value as unknown as CheckedJob;

  const steps = (type: MacroType, key: 'builders' | 'setup' | 'publishers' | 'wrappers') => {
    const list = checked[key];
    if (list === undefined) return { steps: [], artifacts: [], junit: [] };
    if (typeof list === 'string') return { steps: [{ name: key, shell: list }], artifacts: [], junit: [] };
    return at(key, () => expandSteps(type, list, macros, budget));
  };
  const published = steps('publishers', 'publishers');
  const wrapped = at('wrappers', () => expandSteps('wrappers', checked.wrappers ?? [], macros, budget));
  const timeout = checked.timeout ?? wrapped.timeout ?? DEFAULT_TIMEOUT;
  const body = checked.run === undefined ? steps('builders', 'builders').steps : [{ name: 'run', shell: checked.run }];
  checkBody(checked, body);

  return {
    use: useSettings(checked),
    job: {
      name,
      ...(checked.description === undefined ? {} : { description: checked.description }),
      ...(checked.node === undefined ? {} : { node: checked.node }),
      ...(checked.nodes === undefined ? {} : { nodes: checked.nodes }),
      runner: checked.runner ?? (checked.nodes === undefined ? 'local' : 'ansible'),
      timeout,
      setup: steps('builders', 'setup').steps,
      body,
      publishers: published.steps,
      environment: mapValues(checked.environment ?? {}, String),
      secrets: checked.secrets ?? {},
      requiredProjects: checked['required-projects'] ?? [],
      artifacts: [...texts(checked.artifacts), ...published.artifacts],
      junit: [...texts(checked.junit), ...published.junit],
      network: checked.network ?? false,
      limits: {
        memoryMb: checked.limits?.['memory-mb'] ?? DEFAULT_LIMITS.memoryMb,
        pids: checked.limits?.pids ?? DEFAULT_LIMITS.pids,
        cpus: checked.limits?.cpus ?? DEFAULT_LIMITS.cpus,
        diskMb: checked.limits?.['disk-mb'] ?? DEFAULT_LIMITS.diskMb,
      },
      ...(checked.mutex === undefined ? {} : { mutex: checked.mutex }),
      attempts: checked.attempts ?? 3,
      trusted,
      origin: { file: entry.file, line: entry.lineOf('') },
    },
  };
}

/** What a use in a pipeline says, over what the job says. */
export function useSettings(given: CheckedUse, job: UseSettings = NO_SETTINGS): UseSettings {
  return {
    voting: given.voting ?? job.voting,
    needs: given.needs === undefined ? job.needs : texts(given.needs),
    branches: given.branches === undefined ? job.branches : texts(given.branches).map(checkRegex),
    files: given.files === undefined ? job.files : texts(given.files),
    skipFiles: given['irrelevant-files'] === undefined ? job.skipFiles : texts(given['irrelevant-files']),
    holdFollowing: given['hold-following-changes'] ?? job.holdFollowing,
  };
}

/** The job of every hub that does nothing and succeeds at once, without a node. */
export const NOOP: JobDefinition = {
  use: NO_SETTINGS,
  job: {
    name: 'noop',
    description: 'Does nothing and succeeds at once.',
    runner: 'local',
    timeout: 1,
    setup: [],
    body: [],
    publishers: [],
    environment: {},
    secrets: {},
    requiredProjects: [],
    artifacts: [],
    junit: [],
    network: false,
    limits: { memoryMb: 16, pids: 4, cpus: 1, diskMb: 1 },
    attempts: 1,
    trusted: true,
    origin: { file: 'noop', line: 1 },
  },
};

function checkBody(job: CheckedJob, body: readonly Step[]): void {
  if (job.run !== undefined && job.builders !== undefined) throw new Refusal('has both run and builders: one will do');
  if (body.length === 0) throw new Refusal('has nothing to run: expected run: a shell script, or builders');
  if (job.node === undefined && job.nodes === undefined)
    throw new Refusal('missing: expected the name of an image', 'node');
  if (job.node !== undefined && job.nodes !== undefined) throw new Refusal('has both node and nodes: one will do');
  if (job.nodes !== undefined && job.runner === 'local')
    throw new Refusal('several nodes need the runner ansible', 'nodes');
}

/** Puts the key in front of the path of what is refused below it. */
function at<T>(key: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(error.message, key) : error;
  }
}

const texts = (value: Texts | undefined): readonly string[] => (value === undefined ? [] : [value].flat());

function checkRegex(source: string): string {
  try {
    new RegExp(source);
    return source;
  } catch {
    throw new Refusal(`expected a regular expression, got ${JSON.stringify(source)}`, 'branches');
  }
}

const mapValues = <T, U>(of: Readonly<Record<string, T>>, to: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(of).map(([key, value]) => [key, to(value)]));
