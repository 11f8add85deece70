import { nearMiss } from 'cupboard/sdk';
import { type Entry, isMapping, jobsSchema } from './entries.ts';
import { type Budget, MAX_DEPTH } from './limits.ts';
import { Refusal } from './problem.ts';
import type { Expansion, Registry } from './registry.ts';
import { substitute, type Variables, variablesIn } from './substitute.ts';

/** A job with its variables put in; defaults and macros are still to come. */
export interface RawJob {
  /** Where it is written: the job or the template. */
  readonly entry: Entry;
  readonly value: Readonly<Record<string, unknown>>;
}

/** The name of a job; that of its definition where it has none or none that is text. */
export const nameOfJob = ({ entry, value: { name } }: RawJob): string => (typeof name === 'string' ? name : entry.name);

/** The keys that belong to jobs; everything else in a template is a variable. */
export const JOB_KEYS: ReadonlySet<string> = new Set(Object.keys(jobsSchema.$defs.job.properties));

/**
 * The jobs of one definition: itself, or one for every combination of its matrix. An axis that the name does not
 * mention is put behind it.
 */
export function expandMatrix(entry: Entry, budget: Budget): RawJob[] {
  const { matrix, exclude, ...job } = entry.value;
  if (matrix === undefined) {
    if (exclude !== undefined) throw new Refusal('stands here without a matrix', 'exclude');
    budget.spend('jobs');
    return [{ entry, value: job }];
  }
  if (!isMapping(matrix)) throw new Refusal('expected a mapping of axes to lists', 'matrix');
  const axes = Object.entries(matrix).map(([axis, values]): Axis => {
    if (!Array.isArray(values) || values.length === 0) throw new Refusal('expected a list of values', `matrix.${axis}`);
    return [axis, values];
  });
  const named = variablesIn(entry.name);
  const suffix = axes.filter(([axis]) => !named.has(axis)).map(([axis]) => `-{${axis}}`);
  const template = { ...job, name: entry.name + suffix.join('') };
  return [...combinations(axes, exclude, {}, budget)].map((variables) => ({
    entry,
    value: substitute(template, variables, budget) as RawJob['value'],
  }));
}

/** What a project's `jobs:` makes: the jobs, and which of them every name in the list stands for. */
export interface ProjectJobs {
  readonly jobs: readonly RawJob[];
  readonly names: ReadonlyMap<string, readonly string[]>;
}

/** Keys of a project that are no variables. */
export const PROJECT_KEYS: ReadonlySet<string> = new Set(['name', 'jobs', 'templates']);

/**
 * Expands the job templates and groups that a project lists. A variable's value comes from the job inside a group, else
 * the group, the job in the project's list, the project, the template, the defaults.
 */
export function expandProject(project: Entry, { registry, pipelines, budget }: Expansion): ProjectJobs {
  const jobs: RawJob[] = [];
  const names = new Map<string, string[]>();
  const own = Object.entries(project.value).filter(([key]) => !PROJECT_KEYS.has(key) && !pipelines.includes(key));
  const variables = { ...Object.fromEntries(own), name: shortName(project.name) };

  const expand = (item: unknown, outer: Variables, strong: Variables, within: readonly string[]): void => {
    budget.spend('steps');
    const [name, parameters] = reference(item);
    const inner = { ...outer, ...parameters, ...strong };
    const group = registry.of('job-group').get(name);
    const template = registry.of('job-template').get(name);
    const listed = [...within, name];
    if (group !== undefined) {
      if (within.includes(name)) throw new Refusal(`job group contains itself: ${listed.join(' -> ')}`, 'jobs');
      if (listed.length > MAX_DEPTH) throw new Refusal(`job groups nested deeper than ${MAX_DEPTH} levels`, 'jobs');
      const { name: _, jobs: members, ...values } = group.value;
      for (const member of members as unknown[]) {
        const [memberName, memberValues] = reference(member);
        expand(memberName, inner, { ...strong, ...values, ...memberValues }, listed);
      }
    } else if (template !== undefined) {
      for (const job of expandTemplate(template, inner, registry, budget)) {
        jobs.push(job);
        for (const each of listed) names.set(each, [...(names.get(each) ?? []), nameOfJob(job)]);
      }
    } else if (!registry.of('job').has(name)) {
      const near = nearMiss(name, [...registry.of('job-template').keys(), ...registry.of('job-group').keys()]);
      const hint = near ? `; did you mean ${JSON.stringify(near)}?` : '';
      throw new Refusal(`no job, job template or job group ${name}${hint}`, 'jobs');
    }
  };
  for (const item of (project.value['jobs'] as unknown[] | undefined) ?? []) expand(item, variables, {}, []);
  return { jobs, names };
}

/** The last part of a project's name: `nova` of `openstack/nova`. */
export const shortName = (project: string): string => project.slice(project.lastIndexOf('/') + 1);

/** The defaults that a definition asks for by name, or those called `global`. */
export function defaultsFor(value: Readonly<Record<string, unknown>>, registry: Registry): Variables {
  const wanted = value['defaults'];
  const defaults = registry.of('defaults').get(typeof wanted === 'string' ? wanted : 'global');
  if (defaults === undefined && wanted !== undefined) throw new Refusal(`no defaults ${String(wanted)}`, 'defaults');
  const { name: _, ...values } = defaults?.value ?? {};
  return values;
}

function expandTemplate(template: Entry, given: Variables, registry: Registry, budget: Budget): RawJob[] {
  const { id: _, ...definition } = template.value;
  const used = variablesIn(definition);
  for (const key of Object.keys(definition)) {
    if (!JOB_KEYS.has(key) && !used.has(key)) throw new Refusal(unknownKey(key), key);
  }
  const variables = {
    ...defaultsFor(template.value, registry),
    ...definition,
    ...given,
    'template-name': template.name,
  };
  const axes = [...variablesIn(template.name)].flatMap((key): Axis[] => {
    const values = Object.hasOwn(variables, key) ? (variables as Variables)[key] : undefined;
    return Array.isArray(values) ? [[key, values]] : [];
  });
  if (axes.some(([, values]) => values.length === 0)) return [];
  const job = Object.fromEntries(Object.entries(definition).filter(([key]) => JOB_KEYS.has(key) && key !== 'exclude'));
  return [...combinations(axes, given['exclude'] ?? definition['exclude'], variables, budget)].map((combination) => {
    // Variables may be made of others, one level deep, as Jenkins Job Builder has it. Only those that are asked for:
    // a project has others for other templates.
    const own = Object.fromEntries(Object.entries(combination).filter(([key]) => used.has(key)));
    const asked = Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, isOwn(key) ? value : substitute(value, combination, budget)]),
    );
    return { entry: template, value: substitute(job, { ...combination, ...asked }, budget) as RawJob['value'] };
  });

  /** Values that stand in the template itself are taken as they are. */
  function isOwn(key: string): boolean {
    return !Object.hasOwn(given, key);
  }
}

function unknownKey(key: string): string {
  const near = nearMiss(key, JOB_KEYS);
  return `unknown key${near ? `; did you mean ${JSON.stringify(near)}?` : `: no {${key}} asks for it`}`;
}

/** More make nothing that anyone could run, if each has two values. */
const MAX_AXES = 16;

type Axis = readonly [string, readonly unknown[]];

/** Every way to choose one value of each axis. A value that is a mapping `{value: {more: variables}}` brings more. */
function* combinations(
  axes: readonly Axis[],
  exclude: unknown,
  fixed: Variables,
  budget: Budget,
): Generator<Variables> {
  if (axes.length > MAX_AXES) throw new Refusal(`more than ${MAX_AXES} lists that multiply each other`);
  const [axis, ...others] = axes;
  if (axis === undefined) {
    budget.spend('jobs');
    if (!isExcluded(fixed, exclude)) yield fixed;
    return;
  }
  for (const value of axis[1]) {
    const [[chosen, more] = [value, {}]] = isMapping(value) ? Object.entries(value) : [];
    yield* combinations(others, exclude, { ...fixed, [axis[0]]: chosen, ...(isMapping(more) ? more : {}) }, budget);
  }
}

function isExcluded(variables: Variables, exclude: unknown): boolean {
  if (exclude === undefined) return false;
  if (!Array.isArray(exclude) || !exclude.every(isMapping)) throw new Refusal('expected a list of mappings', 'exclude');
  return exclude.some((rule) => Object.entries(rule).every(([key, value]) => String(variables[key]) === String(value)));
}

/** `NAME` or `NAME: {variable: value}`. */
function reference(item: unknown): [string, Variables] {
  if (typeof item === 'string') return [item, {}];
  const [[name, variables] = ['', {}]] = Object.entries(item as Record<string, Variables | null>);
  return [name, variables ?? {}];
}
