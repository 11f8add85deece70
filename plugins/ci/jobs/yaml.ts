import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { type Budget, MAX_DEPTH } from './limits.ts';
import { DefinitionsError, Refusal } from './problem.ts';

export interface ParsedYaml {
  readonly value: unknown;
  /** Line, from 1, of what stands at a dotted path (`jobs.0.timeout`), else of the nearest thing around it. */
  lineOf(path: string): number;
}

/** Answers the text of another file of the definitions, by its path from their folder; `undefined` = none. */
export type Include = (path: string) => string | undefined;

/**
 * YAML 1.2 with anchors, merge keys (`<<`) and Jenkins Job Builder's tags `!include`, `!include-raw`,
 * `!include-raw-escape` and `!join`, each also written with a colon at its end.
 * @throws DefinitionsError where it is not YAML, loops, or grows beyond the budget
 */
export function parseYaml(
  file: string,
  text: string,
  include: Include,
  budget: Budget,
  within: readonly string[] = [],
): ParsedYaml {
  const lines = new LineCounter();
  const problem = (offset: number, message: string) =>
    new DefinitionsError([{ file, line: lines.linePos(offset).line, message }]);

  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  // Composing calls itself for every level. Near the end of the stack Node.js does not throw but aborts, where a regular
  // expression is compiled just then; so what is nested too deep is found before, without recursion.
  const deep = findDeep(tokens);
  if (deep !== undefined) throw problem(deep, TOO_DEEP);
  // Keys are compared by the reader below: the library's own check is quadratic.
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  const [document, another] = composer.compose(tokens, true, text.length);
  if (another !== undefined) throw problem(another.range[0], 'expected one YAML document, not several');
  const [broken] = document?.errors ?? [];
  if (broken) throw problem(broken.pos[0], broken.message);

  const reader = new Reader(include, budget, [...within, file]);
  try {
    const value = reader.read(document?.contents, '');
    return { value, lineOf: (path) => lines.linePos(reader.offsetOf(path)).line };
  } catch (error) {
    throw error instanceof Refusal ? problem(reader.offset, error.message) : error;
  }
}

const TOO_DEEP = `nested deeper than ${MAX_DEPTH} levels`;

/** Offset of the first thing that is nested too deep. */
function findDeep(tokens: readonly CST.Token[]): number | undefined {
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token.offset;
    if (token.type === 'document' && token.value) open.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    for (const { key, value } of token.items) {
      for (const each of [key, value]) if (each) open.push({ token: each, depth: depth + 1 });
    }
  }
  return undefined;
}

/** Makes plain values of the parser's nodes and remembers where they stand. */
class Reader {
  /** Where the reader was last: the place of an error. */
  offset = 0;
  readonly #include: Include;
  readonly #budget: Budget;
  /** The files that include this one, and this one. */
  readonly #files: readonly string[];
  readonly #offsets = new Map<string, number>();
  readonly #anchors = new Map<string, Node>();
  /** What is being read: an alias to one of these contains itself. */
  readonly #open = new Set<Node>();

  constructor(include: Include, budget: Budget, files: readonly string[]) {
    this.#include = include;
    this.#budget = budget;
    this.#files = files;
  }

  offsetOf(path: string): number {
    for (let rest = path; ; rest = rest.slice(0, Math.max(0, rest.lastIndexOf('.')))) {
      const offset = this.#offsets.get(rest);
      if (offset !== undefined || rest === '') return offset ?? 0;
    }
  }

  /** @param path where the value goes; `undefined` behind an alias, whose own place counts */
  read(node: unknown, path: string | undefined): unknown {
    this.#budget.spend('values');
    if (isAlias(node)) return this.#readAlias(node.source, node.range?.[0]);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null;
    if (path !== undefined) {
      this.offset = node.range?.[0] ?? this.offset;
      if (!this.#offsets.has(path)) this.#offsets.set(path, this.offset);
      if (node.anchor) this.#anchors.set(node.anchor, node);
    }
    if (this.#open.size >= MAX_DEPTH) throw new Refusal(TOO_DEEP);
    this.#open.add(node);
    const value = isScalar(node) ? node.value : isSeq(node) ? this.#readList(node, path) : this.#readMap(node, path);
    this.#open.delete(node);
    return this.#applyTag(node.tag, value);
  }

  #readAlias(name: string, offset: number | undefined): unknown {
    this.offset = offset ?? this.offset;
    const target = this.#anchors.get(name);
    if (target === undefined) throw new Refusal(`no anchor &${name} before *${name}`);
    if (this.#open.has(target)) throw new Refusal(`*${name} stands inside &${name}: it would contain itself`);
    return this.read(target, undefined);
  }

  #readList(list: YAMLSeq, path: string | undefined): unknown[] {
    return list.items.map((item, index) => this.read(item, below(path, String(index))));
  }

  #readMap(map: YAMLMap, path: string | undefined): Record<string, unknown> {
    const own = new Map<string, unknown>();
    const merged: Record<string, unknown>[] = [];
    for (const { key, value } of map.items) {
      const name = String(isAlias(key) || isScalar(key) ? this.read(key, undefined) : refuseKey());
      // Assigned below, it would become the mapping's prototype.
      if (name === '__proto__') throw new Refusal('the key __proto__ is not allowed');
      if (own.has(name)) throw new Refusal(`the key ${name} stands here twice`);
      const place = below(path, name);
      if (place !== undefined && isScalar(key) && key.range) this.#offsets.set(place, key.range[0]);
      const item = this.read(value, place);
      if (name === '<<') merged.push(...[item].flat().map(mergeable));
      else own.set(name, item);
    }
    // Of several merged mappings the first wins, and a key written here wins over all of them.
    return Object.assign({}, ...merged.reverse(), Object.fromEntries(own));
  }

  #applyTag(tag: string | undefined, value: unknown): unknown {
    if (tag === undefined || tag.startsWith('tag:yaml.org,2002:')) return value;
    switch (tag.replace(/:$/, '')) {
      case '!join':
        return this.#join(value);
      case '!include-raw':
        return this.#textOf(value);
      case '!include-raw-escape':
        return this.#textOf(value).replace(/[{}]/g, '$&$&');
      case '!include': {
        const file = String(value);
        if (this.#files.includes(file)) throw new Refusal(`includes itself: ${[...this.#files, file].join(' -> ')}`);
        return parseYaml(file, this.#textOf(value), this.#include, this.#budget, this.#files).value;
      }
      default:
        throw new Refusal(`unknown tag ${tag}: expected one of !include, !include-raw, !include-raw-escape, !join`);
    }
  }

  /** `!join [SEPARATOR, [TEXT, ...]]`. */
  #join(value: unknown): string {
    const [separator, parts, ...rest] = Array.isArray(value) ? value : [];
    if (typeof separator !== 'string' || !Array.isArray(parts) || rest.length > 0) {
      throw new Refusal('expected !join [SEPARATOR, [TEXT, ...]]');
    }
    const texts = parts.map(String);
    for (const text of texts) this.#budget.spend('characters', text.length + separator.length);
    return texts.join(separator);
  }

  #textOf(path: unknown): string {
    const text = this.#include(String(path));
    if (text === undefined) throw new Refusal(`no file ${String(path)} to include below the folder of definitions`);
    return text;
  }
}

const below = (path: string | undefined, key: string) =>
  path === undefined ? undefined : path === '' ? key : `${path}.${key}`;

function refuseKey(): never {
  throw new Refusal('expected text as a key');
}

function mergeable(value: unknown): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Refusal('expected a mapping of keys to values behind <<');
  }
  return value as Record<string, unknown>;
}
