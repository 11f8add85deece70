import type { Entry, Kind, Problems } from './entries.ts';
import type { Budget } from './limits.ts';
import type { MacroType } from './steps.ts';

type ByName = ReadonlyMap<string, Entry>;

/** Definitions by kind and name. */
export interface Registry {
  readonly macros: Readonly<Record<MacroType, ByName>>;
  of(kind: Exclude<Kind, 'macro'>): ByName;
  readonly entries: readonly Entry[];
}

/** What definitions are expanded with. */
export interface Expansion {
  readonly registry: Registry;
  /** Names of the pipelines that there are. */
  readonly pipelines: readonly string[];
  /** Whether the hub's owner wrote them. */
  readonly trusted: boolean;
  readonly budget: Budget;
  readonly problems: Problems;
}

const MACRO_TYPES: readonly MacroType[] = ['builders', 'publishers', 'wrappers'];

/** Files definitions by kind and name; two of one name are a problem. */
export function makeRegistry(entries: readonly Entry[], problems: Problems): Registry {
  const shelves = new Map<string, Map<string, Entry>>();
  const shelf = (name: string) => {
    const found = shelves.get(name) ?? new Map<string, Entry>();
    shelves.set(name, found);
    return found;
  };
  for (const entry of entries) {
    const id = entry.kind === 'job-template' ? entry.value['id'] : undefined;
    const name = typeof id === 'string' ? id : entry.name;
    const names = entry.kind === 'macro' ? MACRO_TYPES.filter((type) => entry.value[type] !== undefined) : [entry.kind];
    for (const each of names) {
      const earlier = shelf(each).get(name);
      if (earlier === undefined) shelf(each).set(name, entry);
      else problems.add(entry, 'name', `defined before in ${earlier.file}:${earlier.lineOf('')}`);
    }
  }
  return {
    macros: { builders: shelf('builders'), publishers: shelf('publishers'), wrappers: shelf('wrappers') },
    of: shelf,
    entries,
  };
}
