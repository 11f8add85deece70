import { createHash } from 'node:crypto';
import { nearMiss } from 'cupboard/sdk';
import type { Job, Layout } from '../contract.ts';
import { type Entry, Problems, readEntries } from './entries.ts';
import { finishJob, type JobDefinition, NOOP } from './job.ts';
import { Budget, OWNER_LIMITS } from './limits.ts';
import { makePipeline } from './pipeline.ts';
import { DefinitionsError } from './problem.ts';
import { type Expansion, makeRegistry, type Registry } from './registry.ts';
import { expandMatrix, expandProject, nameOfJob, PROJECT_KEYS, type RawJob } from './templates.ts';
import { type KnownJobs, type PipelineUses, projectUses } from './uses.ts';
import { parseYaml } from './yaml.ts';

/** Texts by path from the folder of definitions, `/` between its parts. */
export type DefinitionFiles = ReadonlyMap<string, string>;

/** A layout, and what a proposed change's own definitions may refer to. */
export interface Definitions {
  readonly layout: Layout;
  readonly registry: Registry;
  readonly known: KnownJobs;
}

/** Definitions of one origin; includes stay within them. */
export interface DefinitionSet {
  /** Goes before the names of files where they are told: `config_repo:`. */
  readonly label: string;
  readonly files: DefinitionFiles;
}

/**
 * Builds the layout of the hub owner's definitions. Every `*.yaml` and `*.yml` at the top is read; files below folders
 * are there to be included.
 * @param shipped definitions that come with the plugin; of one name, the owner's is taken
 * @throws DefinitionsError with every problem found
 */
export function buildDefinitions(
  own: readonly DefinitionSet[],
  shipped: DefinitionSet,
  limits = OWNER_LIMITS,
): Definitions {
  const problems = new Problems();
  const budget = new Budget(limits);
  const read = (set: DefinitionSet) => readSet(set, problems, budget);
  const owned = own.flatMap(read);
  const taken = new Set(owned.map(({ kind, name }) => `${kind} ${name}`));
  const entries = [...owned, ...read(shipped).filter(({ kind, name }) => !taken.has(`${kind} ${name}`))];
  const registry = makeRegistry(entries, problems);
  const pipelines = [...registry.of('pipeline').values()].flatMap(
    (entry) => problems.attempt(entry, () => makePipeline(entry)) ?? [],
  );
  const names = pipelines.map(({ name }) => name);
  const expansion: Expansion = { registry, pipelines: names, trusted: true, budget, problems };
  const known = expandJobs(expansion);
  const projects = new Map<string, PipelineUses>();
  for (const project of registry.of('project').values()) {
    const uses = usesOf(project, known, expansion);
    if (uses !== undefined) projects.set(project.name, uses);
  }
  if (problems.found.length > 0) throw new DefinitionsError(problems.found);
  const version = versionOf([...own, shipped].map(({ label, files }) => [label, [...files]]));
  return { layout: { version, jobs: jobsOf(known), pipelines, projects }, registry, known };
}

export const jobsOf = ({ jobs }: KnownJobs): ReadonlyMap<string, Job> =>
  new Map([...jobs].map(([name, { job }]) => [name, job]));

/** The definitions in the files at the top, in the order of their names. */
function readSet({ label, files }: DefinitionSet, problems: Problems, budget: Budget): Entry[] {
  const names = [...files.keys()].filter((file) => /^[^/.][^/]*\.ya?ml$/.test(file)).sort();
  const include = (path: string) => files.get(path);
  return names.flatMap((file) =>
    attemptFile(problems, () =>
      readEntries(label + file, parseYaml(label + file, files.get(file) ?? '', include, budget), problems),
    ),
  );
}

/** A file that is not YAML at all is a problem like others. */
export function attemptFile(problems: Problems, read: () => Entry[]): Entry[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DefinitionsError)) throw error;
    problems.found.push(...error.problems);
    return [];
  }
}

/** All jobs that a registry's jobs, templates and projects make. */
export function expandJobs(expansion: Expansion): KnownJobs {
  const { registry, trusted, budget, problems } = expansion;
  const jobs = new Map<string, JobDefinition>(trusted ? [[NOOP.job.name, NOOP]] : []);
  const groups = new Map<string, readonly string[]>();
  const finish = (raw: RawJob) => {
    const name = nameOfJob(raw);
    const definition = problems.attempt(raw.entry, () => finishJob(raw, expansion), name);
    const earlier = jobs.get(name);
    if (earlier) problems.add(raw.entry, 'name', `defined before in ${placeOf(earlier)}`, name);
    else if (definition) jobs.set(name, definition);
  };

  for (const entry of registry.of('job').values()) {
    const raws = problems.attempt(entry, () => expandMatrix(entry, budget)) ?? [];
    if (entry.value['matrix'] !== undefined) groups.set(entry.name, raws.map(nameOfJob));
    raws.forEach(finish);
  }
  for (const project of registry.of('project').values()) {
    const made = problems.attempt(project, () => expandProject(project, expansion));
    made?.jobs.forEach(finish);
    for (const [name, members] of made?.names ?? []) groups.set(name, [...(groups.get(name) ?? []), ...members]);
  }
  return { jobs, groups };
}

const placeOf = ({ job: { origin } }: JobDefinition) => `${origin.file}:${origin.line}`;

/** A project's jobs by pipeline; `undefined` where something is wrong, which `problems` then has. */
export function usesOf(
  project: Entry,
  known: KnownJobs,
  expansion: Expansion,
  earlier?: PipelineUses,
): PipelineUses | undefined {
  const { pipelines, problems } = expansion;
  // Any other key may be a variable of a template; what looks like a pipeline is one that was misspelt.
  const expected = [...pipelines, ...PROJECT_KEYS];
  for (const [key, value] of Object.entries(project.value)) {
    const near = expected.includes(key) || !Array.isArray(value) ? undefined : nearMiss(key, expected);
    if (near !== undefined) problems.add(project, key, `unknown key; did you mean ${JSON.stringify(near)}?`);
  }
  return problems.attempt(project, () => projectUses(project, known, expansion, earlier));
}

/** Changes with the texts it is made of, and with nothing else. */
export function versionOf(texts: unknown): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16);
}
