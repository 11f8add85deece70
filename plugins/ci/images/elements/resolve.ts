import { HubError } from 'cupboard/sdk';

/** An element as its folder says it. */
export interface Element {
  readonly name: string;
  readonly folder: string;
  /** `element-deps`. */
  readonly deps: readonly string[];
  /** `element-provides`. */
  readonly provides: readonly string[];
}

/** What exactly one element of an image must provide: the root file system. */
export const OPERATING_SYSTEM = 'operating-system';

/**
 * The elements wanted and all they depend on, each once, in the order in which they were met. What a chosen element
 * provides is not looked for, so `element-deps: operating-system` is met by any root element.
 * @throws HubError `element_unknown`, `element_conflict`
 */
export async function resolveElements(
  wanted: readonly string[],
  find: (name: string) => Promise<Element | undefined>,
): Promise<readonly Element[]> {
  const chosen = new Map<string, Element>();
  const provided = new Map<string, string>();
  const missing: { name: string; by: string }[] = [];
  let queue = wanted.map((name) => ({ name, by: 'the image' }));
  while (queue.length > 0) {
    const next: typeof queue = [];
    for (const { name, by } of queue) {
      if (chosen.has(name)) continue;
      const element = await find(name);
      if (!element) {
        missing.push({ name, by });
        continue;
      }
      chosen.set(name, element);
      next.push(...element.deps.map((dep) => ({ name: dep, by: name })));
    }
    queue = next;
  }
  for (const { name, provides } of chosen.values()) {
    for (const thing of provides) {
      const other = provided.get(thing);
      if (other !== undefined) throw conflict(`${other} and ${name} both provide ${thing}`);
      if (chosen.has(thing)) throw conflict(`${name} provides ${thing}, which is chosen as well`);
      provided.set(thing, name);
    }
  }
  const unmet = missing.filter(({ name }) => !provided.has(name));
  const named = unmet.filter(({ name }) => name !== OPERATING_SYSTEM);
  if (named.length > 0) {
    const text = named.map(({ name, by }) => `${name} (wanted by ${by})`).join(', ');
    throw new HubError('element_unknown', `no such element: ${text}`);
  }
  if (!provided.has(OPERATING_SYSTEM)) {
    throw conflict(`none of ${[...chosen.keys()].join(', ')} provides ${OPERATING_SYSTEM}`);
  }
  return [...chosen.values()];
}

const conflict = (message: string) => new HubError('element_conflict', message);
