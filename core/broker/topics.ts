/** MQTT topics and filters as the specification has them (MQTT 5, section 4.7). Pure. */

/** Most levels a topic may have; the routing of the MQTT library stops there. */
export const MAX_LEVELS = 100;

/** Names of Object.prototype: as a key in somebody's plain object they are not what they look like. */
const RESERVED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** True for client ids and whole filters that no library map can be trusted with (`__proto__`, `constructor`). */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name);
}

/** Why this cannot be published to, or undefined. */
export function topicProblem(topic: string): string | undefined {
  if (/[+#]/.test(topic)) return 'a topic has no wildcards';
  return nameProblem(topic);
}

/** Why this cannot be subscribed to, or undefined. */
export function filterProblem(filter: string): string | undefined {
  const levels = filter.split('/');
  const misplaced = levels.some((level, index) => {
    if (level.includes('#')) return level !== '#' || index !== levels.length - 1;
    return level.includes('+') && level !== '+';
  });
  if (misplaced) return '+ stands for one whole level, # for the rest';
  return nameProblem(filter);
}

/** What holds for topics, filters and client ids. Bytes that are not UTF-8 arrive here as U+FFFD. */
export function nameProblem(name: string): string | undefined {
  if (name.length === 0) return 'it is empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not come in
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return 'it holds control characters';
  if (name.includes('\ufffd')) return 'it is not UTF-8';
  if (levelCount(name) > MAX_LEVELS) return `it has more than ${MAX_LEVELS} levels`;
  return undefined;
}

const SHARE = '$share/';

/** A shared subscription (MQTT 5, section 4.8.2) in its parts. */
export interface SharedFilter {
  readonly group: string;
  readonly filter: string;
}

/** The parts of `$share/GROUP/FILTER`; undefined for every other filter. */
export function parseShared(filter: string): SharedFilter | undefined {
  if (!filter.startsWith(SHARE)) return undefined;
  const end = filter.indexOf('/', SHARE.length);
  if (end < 0) return { group: filter.slice(SHARE.length), filter: '' };
  return { group: filter.slice(SHARE.length, end), filter: filter.slice(end + 1) };
}

/** The topics that a subscription is for, shared or not. */
export function plainFilter(filter: string): string {
  return parseShared(filter)?.filter ?? filter;
}

/** Why this cannot be asked for in a SUBSCRIBE, or undefined. */
export function subscriptionProblem(asked: string): string | undefined {
  const shared = parseShared(asked);
  if (!shared) return filterProblem(asked);
  if (shared.group === '' || /[+#]/.test(shared.group)) return 'a share has a name without wildcards';
  return filterProblem(shared.filter);
}

function levelCount(name: string): number {
  let count = 1;
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) count += 1;
  return count;
}

/** Does a message on `topic` reach a subscription to `filter`? */
export function matches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  return covers(filter, topic);
}

/**
 * Does `rule` allow everything that `filter` (a filter or a topic) can match? `a/#` covers `a`, `a/+` and `a/b/#`;
 * `a/+` covers `a/b` but not `a/#`. A leading wildcard does not reach topics that begin with `$`.
 */
export function covers(rule: string, filter: string): boolean {
  if (filter.startsWith('$') && /^[+#]/.test(rule)) return false;
  const wanted = filter.split('/');
  const levels = rule.split('/');
  for (const [index, level] of levels.entries()) {
    if (level === '#') return true;
    const other = wanted[index];
    if (other === undefined || other === '#') return false;
    if (level !== '+' && level !== other) return false;
  }
  return wanted.length === levels.length;
}

interface Branch<T> {
  readonly children: Map<string, Branch<T>>;
  readonly values: Set<T>;
}

/**
 * Filters with values, and which of them a topic meets. Answers are remembered per topic: a house has few topics and
 * many messages.
 */
export class TopicTree<T> {
  readonly #root: Branch<T> = branch();
  readonly #found = new Map<string, readonly T[]>();
  #size = 0;

  constructor(private readonly remembered = 10_000) {}

  /** How many values it holds. */
  get size(): number {
    return this.#size;
  }

  add(filter: string, value: T): void {
    let node = this.#root;
    for (const level of filter.split('/')) {
      const next = node.children.get(level) ?? branch<T>();
      node.children.set(level, next);
      node = next;
    }
    if (!node.values.has(value)) this.#size += 1;
    node.values.add(value);
    this.#found.clear();
  }

  remove(filter: string, value: T): void {
    const path = [this.#root];
    const levels = filter.split('/');
    for (const level of levels) {
      const next = path.at(-1)?.children.get(level);
      if (!next) return;
      path.push(next);
    }
    if (path.at(-1)?.values.delete(value)) this.#size -= 1;
    for (let depth = levels.length; depth > 0; depth -= 1) {
      const node = path[depth] as Branch<T>;
      if (node.values.size > 0 || node.children.size > 0) break;
      path[depth - 1]?.children.delete(levels[depth - 1] as string);
    }
    this.#found.clear();
  }

  /** Each value once, the wider filter first: `#` before `+` before the literal level. */
  match(topic: string): readonly T[] {
    const known = this.#found.get(topic);
    if (known) return known;
    const all: T[] = [];
    collect(this.#root, topic.split('/'), 0, topic.startsWith('$'), all);
    const found = [...new Set(all)];
    if (this.#found.size >= this.remembered) this.#found.clear();
    this.#found.set(topic, found);
    return found;
  }
}

function branch<T>(): Branch<T> {
  return { children: new Map(), values: new Set() };
}

function collect<T>(node: Branch<T>, levels: readonly string[], depth: number, isSystem: boolean, found: T[]): void {
  const wild = !(isSystem && depth === 0);
  if (wild) found.push(...(node.children.get('#')?.values ?? []));
  const level = levels[depth];
  if (level === undefined) {
    found.push(...node.values);
    return;
  }
  const any = wild ? node.children.get('+') : undefined;
  if (any) collect(any, levels, depth + 1, isSystem, found);
  const literal = node.children.get(level);
  if (literal) collect(literal, levels, depth + 1, isSystem, found);
}
