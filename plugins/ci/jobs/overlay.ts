import type { Job, JobUse, Layout } from '../contract.ts';
import { attemptFile, type Definitions, expandJobs, jobsOf, usesOf, versionOf } from './definitions.ts';
import { type Entry, type Kind, Problems, readEntries } from './entries.ts';
import { DEFAULT_LIMITS } from './job.ts';
import { Budget, CHANGE_LIMITS } from './limits.ts';
import { DefinitionsError } from './problem.ts';
import { type Expansion, makeRegistry } from './registry.ts';
import type { PipelineUses } from './uses.ts';
import { parseYaml } from './yaml.ts';

/** A repository's own definitions, at its top; tested as proposed. */
export const CHANGE_FILE = '.cupboard-ci.yaml';

/** Far more than such a file has, and little work for the parser. */
const MAX_BYTES = 64 * 1024;

/** What the hub's owner wrote and a change may build upon but not define anew. */
const SHARED: ReadonlySet<Kind> = new Set<Kind>(['job-template', 'job-group', 'macro', 'project-template']);

/**
 * The layout with what a repository's own file adds to its project: nobody has approved that file yet. Its jobs get no
 * secrets, no more of the machine than the owner's defaults give, and no node that is a machine of its own; it changes
 * nothing that the owner defined, and runs no job of the owner's that has secrets.
 * @param machines names of static nodes
 * @throws DefinitionsError with every problem found
 */
export function overlay(base: Definitions, project: string, text: string, machines: ReadonlySet<string>): Layout {
  const problems = new Problems();
  const budget = new Budget(CHANGE_LIMITS);
  const refuse = (line: number, message: string, job?: string) =>
    problems.found.push({ file: CHANGE_FILE, line, ...(job === undefined ? {} : { job }), message });
  if (text.length > MAX_BYTES) refuse(1, `has ${text.length} characters; at most ${MAX_BYTES} are read`);

  const own = attemptFile(problems, () =>
    text.length > MAX_BYTES
      ? []
      : readEntries(
          CHANGE_FILE,
          parseYaml(CHANGE_FILE, text, () => undefined, budget),
          problems,
          project,
        ),
  ).filter((entry) => isAllowed(entry, base, project, problems));
  const shared = base.registry.entries.filter(({ kind }) => SHARED.has(kind));
  const registry = makeRegistry([...own, ...shared], problems);
  const pipelines = base.layout.pipelines.map(({ name }) => name);
  const expansion: Expansion = { registry, pipelines, trusted: false, budget, problems };
  const made = expandJobs(expansion);
  const allowance = allowanceOf(base);
  for (const { job } of made.jobs.values()) {
    const said = (message: string) => refuse(job.origin.line, message, job.name);
    if (base.layout.jobs.has(job.name)) said("a job of this name is the hub owner's: choose another one");
    checkJob(job, allowance, machines, said);
  }

  const known = {
    jobs: new Map([...base.known.jobs, ...made.jobs]),
    groups: new Map([...base.known.groups, ...made.groups]),
  };
  const earlier = base.layout.projects.get(project);
  const [entry] = registry.of('project').values();
  const uses = entry && usesOf(entry, known, expansion, earlier);
  if (entry !== undefined && uses !== undefined) {
    for (const [pipeline, message] of faultsOf(uses, earlier, known.jobs)) problems.add(entry, pipeline, message);
  }
  if (problems.found.length > 0) throw new DefinitionsError(problems.found);
  return {
    version: versionOf([base.layout.version, project, text]),
    jobs: jobsOf(known),
    pipelines: base.layout.pipelines,
    projects: uses === undefined ? base.layout.projects : new Map([...base.layout.projects, [project, uses]]),
  };
}

function isAllowed(entry: Entry, { registry }: Definitions, project: string, problems: Problems): boolean {
  const refuse = (message: string) => {
    problems.add(entry, 'name', message);
    return false;
  };
  if (entry.kind === 'pipeline') return refuse("pipelines are the hub owner's");
  if (entry.kind === 'project' && entry.name !== project) return refuse(`this is the repository of ${project}`);
  const isTaken =
    SHARED.has(entry.kind) && registry.entries.some(({ kind, name }) => kind === entry.kind && name === entry.name);
  return isTaken ? refuse(`a ${entry.kind} of this name is the hub owner's: choose another one`) : true;
}

/** What the owner's global defaults give to any job. */
function allowanceOf({ registry }: Definitions): Pick<Job, 'limits' | 'network'> {
  const { limits, network } = (registry.of('defaults').get('global')?.value ?? {}) as Record<string, unknown>;
  const given = (limits ?? {}) as Record<string, number>;
  return {
    network: network === true,
    limits: {
      memoryMb: given['memory-mb'] ?? DEFAULT_LIMITS.memoryMb,
      pids: given['pids'] ?? DEFAULT_LIMITS.pids,
      cpus: given['cpus'] ?? DEFAULT_LIMITS.cpus,
      diskMb: given['disk-mb'] ?? DEFAULT_LIMITS.diskMb,
    },
  };
}

function checkJob(
  job: Job,
  allowance: Pick<Job, 'limits' | 'network'>,
  machines: ReadonlySet<string>,
  refuse: (message: string) => void,
): void {
  if (Object.keys(job.secrets).length > 0) refuse("secrets: only the hub owner's own jobs have secrets");
  if (job.network && !allowance.network) refuse("network: only if the hub owner's defaults have it");
  for (const [limit, most] of Object.entries(allowance.limits)) {
    const wanted = job.limits[limit as keyof Job['limits']];
    if (wanted > most) refuse(`limits: ${wanted} is more than the hub owner's defaults give, which is ${most}`);
  }
  for (const node of [job.node ?? [], Object.values(job.nodes ?? {})].flat()) {
    if (machines.has(node)) refuse(`node: ${node} is a machine, for the hub owner's jobs alone`);
  }
}

/** Uses that a change may not add: pipeline and why. */
function faultsOf(
  uses: PipelineUses,
  earlier: PipelineUses | undefined,
  jobs: ReadonlyMap<string, { readonly job: Job }>,
): (readonly [string, string])[] {
  return [...uses].flatMap(([pipeline, list]) => {
    const before = new Map((earlier?.get(pipeline) ?? []).map((use) => [use.job, use]));
    return list.flatMap((use) => {
      if (before.get(use.job) === use) return [];
      const fault = before.has(use.job)
        ? "is set by the hub's owner in this pipeline"
        : faultOf(use, jobs.get(use.job)?.job);
      return fault === undefined ? [] : [[pipeline, `job ${use.job}: ${fault}`] as const];
    });
  });
}

/** A name as it is, with `.*` in one place at most: any more could take a matcher for ever. */
const PLAIN_REGEX = /^\^?[\w/-]*(\.\*)?[\w/-]*\$?$/;
/** The same of globs: stars in two places at most (with three, one path took 10 s), none of the patterns that repeat. */
const PLAIN_GLOB = /^[\w./-]*(?:\*\*?[\w./-]*){0,2}$/;
const MAX_PATTERN = 200;

function faultOf(use: JobUse, job: Job | undefined): string | undefined {
  if (job !== undefined && Object.keys(job.secrets).length > 0)
    return "has secrets and runs where the hub's owner says";
  const isPlain = (pattern: string, of: RegExp) => pattern.length <= MAX_PATTERN && of.test(pattern);
  const regex = use.branches.find((pattern) => !isPlain(pattern, PLAIN_REGEX));
  if (regex !== undefined) return `branches: ${regex} is more than a name with one .*`;
  const glob = [...use.files, ...use.skipFiles].find((pattern) => !isPlain(pattern, PLAIN_GLOB));
  return glob === undefined ? undefined : `files: ${glob} is more than a path with * or ** in two places`;
}
