import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { joinPath, nearMiss, toProblems } from 'cupboard/sdk';
import { type DefinitionProblem, Refusal } from './problem.ts';
import jobsSchema from './schema.json' with { type: 'json' };
import type { ParsedYaml } from './yaml.ts';

export { jobsSchema };

export type Kind =
  | 'job'
  | 'job-template'
  | 'job-group'
  | 'macro'
  | 'defaults'
  | 'project'
  | 'project-template'
  | 'pipeline';

/** One definition as it is written, nothing of it expanded. */
export interface Entry {
  readonly kind: Kind;
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly file: string;
  /** Line of what stands at a dotted path below the definition; of the definition itself for ``. */
  lineOf(path: string): number;
}

/** Keys of a file that is a mapping of lists. */
const LISTS: Readonly<Record<string, Kind>> = {
  jobs: 'job',
  'job-templates': 'job-template',
  'job-groups': 'job-group',
  macros: 'macro',
  defaults: 'defaults',
  projects: 'project',
  'project-templates': 'project-template',
  pipelines: 'pipeline',
};
/** Keys of a file that is a list, as Jenkins Job Builder has it. */
const SINGLES: Readonly<Record<string, Kind>> = {
  job: 'job',
  'job-template': 'job-template',
  'job-group': 'job-group',
  builder: 'macro',
  publisher: 'macro',
  wrapper: 'macro',
  defaults: 'defaults',
  project: 'project',
  'project-template': 'project-template',
  pipeline: 'pipeline',
};

/** Collects what is wrong, so that all of it can be told at once. */
export class Problems {
  readonly found: DefinitionProblem[] = [];

  add(
    { kind, name, file, lineOf }: Entry,
    path: string,
    message: string,
    job = kind === 'job' ? name : undefined,
  ): void {
    const what = job === undefined ? `${kind} ${name}` : '';
    const text = [what, path, message].filter((part) => part !== '').join(': ');
    this.found.push({ file, line: lineOf(path), ...(job === undefined ? {} : { job }), message: text });
  }

  /** Runs what may refuse a definition; `undefined` where it did. */
  attempt<T>(entry: Entry, run: () => T, job?: string): T | undefined {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.add(entry, error.path, error.message, job);
      return undefined;
    }
  }
}

/**
 * The definitions of one file, each checked against the published schema as far as it can be before expansion.
 * @param project whose file it is: a project without a name is this one
 */
export function readEntries(
  file: string,
  { value, lineOf }: ParsedYaml,
  problems: Problems,
  project?: string,
): Entry[] {
  const entries: Entry[] = [];
  const refuse = (path: string, message: string) => problems.found.push({ file, line: lineOf(path), message });
  const add = (kind: Kind | undefined, key: string, known: readonly string[], item: unknown, path: string): void => {
    if (kind === undefined) {
      const near = nearMiss(key, known);
      const hint = near ? `did you mean ${JSON.stringify(near)}?` : `expected one of ${known.join(', ')}`;
      refuse(path, `unknown key ${key}; ${hint}`);
    } else if (!isMapping(item)) {
      refuse(path, `expected a mapping of keys to values behind ${key}`);
    } else {
      const definition = kind === 'project' && project !== undefined ? { name: project, ...item } : item;
      const name = nameOf(kind, definition);
      const entry = { kind, name, value: definition, file, lineOf: (at: string) => lineOf(joinPath(path, at)) };
      // Jobs are checked when they are complete: defaults may give what is missing here.
      if (kind === 'job' || checkEntry(entry, problems)) entries.push(entry);
    }
  };

  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      const keys = isMapping(item) ? Object.keys(item) : [];
      if (!isMapping(item) || keys.length !== 1) {
        refuse(String(index), 'expected a mapping with one key, such as job:');
        return;
      }
      for (const key of keys) {
        add(SINGLES[key], key, Object.keys(SINGLES), item[key], `${index}.${key}`);
      }
    });
  } else if (isMapping(value)) {
    for (const [key, list] of Object.entries(value)) {
      if (key === 'defaults' && isMapping(list)) add('defaults', key, [], list, key);
      else if (LISTS[key] !== undefined && !Array.isArray(list)) refuse(key, `expected a list behind ${key}`);
      else if (!Array.isArray(list)) add(undefined, key, Object.keys(LISTS), list, key);
      else
        for (const [index, item] of list.entries()) add(LISTS[key], key, Object.keys(LISTS), item, `${key}.${index}`);
    }
  } else if (value !== null && value !== undefined) {
    refuse('', 'expected a mapping such as jobs: [...], or a list');
  }
  return entries;
}

/** Checks a value against one of the published schema's definitions. */
export function checkEntry(entry: Entry, problems: Problems, value: unknown = entry.value, job?: string): boolean {
  const validate = validatorOf(entry.kind);
  if (validate(value)) return true;
  for (const { path, message } of toProblems(validate.errors ?? [])) problems.add(entry, path, message, job);
  return false;
}

const compiled = new Map<Kind | 'uses', ValidateFunction>();

/** The compiled schema of one kind of definition, or of a pipeline's list of jobs. */
export function validatorOf(kind: Kind | 'uses'): ValidateFunction {
  const known = compiled.get(kind);
  if (known) return known;
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false });
  formats.default(ajv);
  ajv.addSchema(jobsSchema);
  const validate = ajv.compile({ $ref: `${jobsSchema.$id}#/$defs/${kind}` });
  compiled.set(kind, validate);
  return validate;
}

function nameOf(kind: Kind, value: Readonly<Record<string, unknown>>): string {
  const name = value['name'] ?? (kind === 'defaults' ? 'global' : undefined);
  return typeof name === 'string' ? name : '(without a name)';
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
