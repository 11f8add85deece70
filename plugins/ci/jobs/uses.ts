import { nearMiss, toProblems } from 'cupboard/sdk';
import type { JobUse } from '../contract.ts';
import { type Entry, validatorOf } from './entries.ts';
import { type CheckedUse, type JobDefinition, useSettings } from './job.ts';
import type { Budget } from './limits.ts';
import { Refusal } from './problem.ts';
import type { Expansion, Registry } from './registry.ts';
import { substitute } from './substitute.ts';
import { shortName } from './templates.ts';

/** Jobs by the names a pipeline may call them: a job's own, or one that stands for several. */
export interface KnownJobs {
  readonly jobs: ReadonlyMap<string, JobDefinition>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

export type PipelineUses = ReadonlyMap<string, readonly JobUse[]>;

/** A list of jobs as it is written in a project or project template. */
type UseList = readonly (string | Readonly<Record<string, UseList | (CheckedUse & { readonly jobs?: UseList })>>)[];

/**
 * The jobs that a project has in each pipeline: those of its templates in order, then its own; the later one of the
 * same job wins.
 * @param earlier uses that are there already
 * @throws Refusal naming what is unknown, or the jobs that need each other in a circle
 */
export function projectUses(
  project: Entry,
  known: KnownJobs,
  { registry, pipelines, budget }: Expansion,
  earlier: PipelineUses = new Map(),
): PipelineUses {
  const lists = [...templatesOf(project, registry, budget), project.value];
  const uses = new Map<string, readonly JobUse[]>();
  for (const pipeline of pipelines) {
    const byJob = new Map((earlier.get(pipeline) ?? []).map((use) => [use.job, use]));
    for (const list of lists) {
      const given = list[pipeline];
      if (given !== undefined) addUses(checkedList(given, pipeline), [], known, byJob, pipeline, budget);
    }
    const listed = [...byJob.values()];
    checkNeeds(listed, pipeline);
    if (listed.length > 0) uses.set(pipeline, listed);
  }
  return uses;
}

function templatesOf(project: Entry, registry: Registry, budget: Budget): Readonly<Record<string, unknown>>[] {
  const wanted = (project.value['templates'] ?? []) as readonly (string | { readonly name: string })[];
  return wanted.map((item, index) => {
    const { name, ...parameters } = typeof item === 'string' ? { name: item } : item;
    const template = registry.of('project-template').get(name);
    const path = `templates.${index}`;
    if (template === undefined) throw new Refusal(`no project template ${name}${hint(name, registry)}`, path);
    const { name: _, ...lists } = template.value;
    try {
      return substitute(lists, { ...parameters, name: shortName(project.name) }, budget) as Record<string, unknown>;
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(`project template ${name}: ${error.message}`, path) : error;
    }
  });
}

const hint = (name: string, registry: Registry): string => {
  const near = nearMiss(name, registry.of('project-template').keys());
  return near ? `; did you mean ${JSON.stringify(near)}?` : '';
};

function checkedList(list: unknown, pipeline: string): UseList {
  const validate = validatorOf('uses');
  if (validate(list)) return list as UseList;
  const [problem] = toProblems(validate.errors ?? [], pipeline);
  throw new Refusal(problem?.message ?? 'expected a list of jobs', problem?.path ?? pipeline);
}

function addUses(
  list: UseList,
  parents: readonly string[],
  known: KnownJobs,
  into: Map<string, JobUse>,
  pipeline: string,
  budget: Budget,
): void {
  for (const item of list) {
    budget.spend('steps');
    const [[name, setting] = ['', {}]] = typeof item === 'string' ? [[item, {}] as const] : Object.entries(item);
    const { jobs: children, ...settings } = isList(setting) ? { jobs: setting } : setting;
    const names = jobsNamed(name, known, pipeline);
    for (const job of names) {
      const use = useSettings(settings, known.jobs.get(job)?.use);
      const needs = [...parents, ...use.needs.flatMap((needed) => jobsNamed(needed, known, pipeline))];
      into.set(job, { job, ...use, needs: [...new Set(needs)] });
    }
    if (children !== undefined) addUses(children, names, known, into, pipeline, budget);
  }
}

const isList = (setting: unknown): setting is UseList => Array.isArray(setting);

function jobsNamed(name: string, { jobs, groups }: KnownJobs, pipeline: string): readonly string[] {
  const found = jobs.has(name) ? [name] : groups.get(name);
  if (found !== undefined) return found;
  const near = nearMiss(name, [...jobs.keys(), ...groups.keys()]);
  throw new Refusal(`no job ${name}${near ? `; did you mean ${JSON.stringify(near)}?` : ''}`, pipeline);
}

const MAX_CHAIN = 200;

/** Every need is in the same pipeline, and none leads back to itself. */
function checkNeeds(uses: readonly JobUse[], pipeline: string): void {
  const needsOf = new Map(uses.map(({ job, needs }) => [job, needs]));
  const done = new Set<string>();
  const visit = (job: string, path: readonly string[]): void => {
    if (path.includes(job)) {
      throw new Refusal(`jobs need each other: ${[...path.slice(path.indexOf(job)), job].join(' -> ')}`, pipeline);
    }
    if (done.has(job)) return;
    if (path.length > MAX_CHAIN) throw new Refusal(`more than ${MAX_CHAIN} jobs in a row need each other`, pipeline);
    for (const needed of needsOf.get(job) ?? []) {
      if (!needsOf.has(needed))
        throw new Refusal(`job ${job} needs ${needed}, which is not in this pipeline`, pipeline);
      visit(needed, [...path, job]);
    }
    done.add(job);
  };
  for (const { job } of uses) visit(job, []);
}
