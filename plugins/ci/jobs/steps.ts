import type { Step } from '../contract.ts';
import type { Entry } from './entries.ts';
import { type Budget, MAX_DEPTH } from './limits.ts';
import { Refusal } from './problem.ts';
import { substitute, type Variables } from './substitute.ts';

export type MacroType = 'builders' | 'publishers' | 'wrappers';

/** Macros by type and name. */
export type Macros = Readonly<Record<MacroType, ReadonlyMap<string, Entry>>>;

/** What the lists of a job come down to when its macros are expanded. */
export interface Expanded {
  readonly steps: Step[];
  readonly artifacts: string[];
  readonly junit: string[];
  /** Seconds, of the wrapper `timeout`. */
  timeout?: number;
}

/**
 * Expands a list of builders, publishers or wrappers: `shell: TEXT`, `archive: {artifacts}`, `junit: {results}`,
 * `timeout: {timeout: MINUTES}`, and macros, with parameters or without.
 * @throws Refusal naming the cycle, the unknown word or the limit
 */
export function expandSteps(type: MacroType, list: unknown, macros: Macros, budget: Budget): Expanded {
  const expanded: Expanded = { steps: [], artifacts: [], junit: [] };
  const expand = (items: unknown, within: readonly string[]): void => {
    if (!Array.isArray(items)) throw new Refusal(`expected a list of ${type}`);
    for (const item of items) {
      budget.spend('steps');
      const [name, argument] = call(item);
      const macro = macros[type].get(name);
      if (macro === undefined) {
        addStep(expanded, type, name, argument, within[0] ?? `${type.slice(0, -1)} ${expanded.steps.length + 1}`);
        continue;
      }
      if (within.includes(name)) throw new Refusal(`macro calls itself: ${[...within, name].join(' -> ')}`);
      if (within.length >= MAX_DEPTH) throw new Refusal(`macros call each other deeper than ${MAX_DEPTH} levels`);
      expand(body(macro, type, argument, budget), [...within, name]);
    }
  };
  expand(list, []);
  return expanded;
}

/** A macro called without parameters is taken as it is, its braces single: Jenkins Job Builder's rule. */
function body(macro: Entry, type: MacroType, argument: unknown, budget: Budget): unknown {
  const list = macro.value[type];
  if (argument === null || argument === undefined) return list;
  if (typeof argument !== 'object' || Array.isArray(argument)) {
    throw new Refusal(`expected parameters of the macro ${macro.name} as a mapping`);
  }
  try {
    return substitute(list, argument as Variables, budget);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(`macro ${macro.name}: ${error.message}`);
    throw error;
  }
}

/** `- NAME` or `- NAME: ARGUMENT`. */
function call(item: unknown): [string, unknown] {
  if (typeof item === 'string') return [item, undefined];
  const entries = item !== null && typeof item === 'object' && !Array.isArray(item) ? Object.entries(item) : [];
  const [only] = entries;
  if (entries.length !== 1 || only === undefined) throw new Refusal('expected NAME or NAME: PARAMETERS');
  return only;
}

function addStep(into: Expanded, type: MacroType, name: string, argument: unknown, step: string): void {
  if (name === 'shell' && type !== 'wrappers') {
    if (typeof argument !== 'string') throw new Refusal('expected the text of a script behind shell');
    into.steps.push({ name: step, shell: argument });
  } else if (name === 'archive' && type === 'publishers') {
    into.artifacts.push(...globs(argument, 'artifacts', name));
  } else if (name === 'junit' && type === 'publishers') {
    into.junit.push(...globs(argument, 'results', name));
  } else if (name === 'timeout' && type === 'wrappers') {
    const minutes = field(argument, 'timeout', name);
    if (typeof minutes !== 'number' || !(minutes > 0)) throw new Refusal('expected minutes above 0 of the timeout');
    into.timeout = Math.ceil(minutes * 60);
  } else {
    throw new Refusal(`no macro ${name} among the ${type}`);
  }
}

/** Jenkins writes several patterns with commas between them. */
function globs(argument: unknown, key: string, name: string): string[] {
  const text = field(argument, key, name);
  if (typeof text !== 'string') throw new Refusal(`expected patterns as ${key} of ${name}`);
  return text.split(',').map((glob) => glob.trim());
}

function field(argument: unknown, key: string, name: string): unknown {
  if (argument !== null && typeof argument === 'object' && Object.hasOwn(argument, key)) {
    return (argument as Record<string, unknown>)[key];
  }
  throw new Refusal(`expected ${name}: {${key}: ...}`);
}
