import type { ValidateFunction } from 'ajv';
import { type Document, isCollection, isMap, LineCounter, type Node, parseDocument } from 'yaml';
import { ConfigError, type Problem } from '../support/errors.ts';
import { createAjv } from './ajv.ts';
import type { HubConfig } from './contract.ts';
import { nearMiss } from './near-miss.ts';
import { joinPath, toProblems } from './problems.ts';
import { configSchema } from './schema.ts';
import { SecretReference, type Secrets, secretTag } from './secrets.ts';

export interface ParsedConfig {
  readonly config: HubConfig;
  /** Values that came from secrets.yaml. */
  readonly secretValues: readonly string[];
  /** What works but is probably not meant. */
  readonly warnings: readonly Problem[];
}

/** `HOST:PORT` of the command line, which go over the file's. */
export interface Overrides {
  readonly http?: string;
  readonly mqtt?: string;
}

/** Keys of the next version, so that who reads ahead is told and not sent to look for a typing error. */
const NOT_YET: Readonly<Record<string, string>> = {
  'broker.url': 'not in this version: the hub runs its own broker',
  'broker.base': 'not in this version: the hub runs its own broker',
  'broker.users': 'not in this version: accounts are made with cupboard users add',
  'broker.tls': 'not in this version: listen on loopback and reach it through a tunnel',
  'http.tls': 'not in this version: put a reverse proxy in front',
};

/**
 * Text of cupboard.yaml to configuration.
 * @throws ConfigError with every problem and where it stands in the file
 */
export function parseConfig(text: string, secrets: Secrets, overrides: Overrides = {}): ParsedConfig {
  const lines = new LineCounter();
  const document = parseConfigDocument(text, lines);

  const resolver = new SecretResolver(secrets);
  const value = override(withoutEmptySections(resolver.resolve(document.toJS() ?? {}, [])), overrides);
  const given = structuredClone(value);
  const problems = [...resolver.problems, ...validate(value)];
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => located(problem, document, lines)));

  const system = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const config = freeze({ timezone: system, ...(value as object) } as HubConfig);
  return { config, secretValues: resolver.used, warnings: warningsFor(given, config) };
}

/**
 * The file as a document whose comments and order can be written back.
 * @throws ConfigError when it is not YAML, or not a mapping
 */
export function parseConfigDocument(text: string, lineCounter = new LineCounter()): Document.Parsed {
  const document = parseDocument(text, { customTags: [secretTag], lineCounter });
  const broken = document.errors.map((error) => ({
    path: 'cupboard.yaml',
    message: `${error.message.split(/ at line \d/)[0]}${place(error.pos[0], lineCounter)}`,
  }));
  if (broken.length > 0) throw new ConfigError(broken);
  if (document.contents !== null && !isMap(document.contents)) {
    throw new ConfigError([{ path: 'cupboard.yaml', message: 'expected a mapping of keys to values' }]);
  }
  return document;
}

let compiled: ValidateFunction | undefined;

function validate(value: unknown): Problem[] {
  compiled ??= createAjv().compile(configSchema);
  compiled(value);
  return toProblems(compiled.errors ?? []).map((problem) => ({
    path: problem.path,
    message: NOT_YET[problem.path] ?? problem.message,
  }));
}

/** Puts secrets in the place of their names. */
class SecretResolver {
  readonly used: string[] = [];
  readonly problems: Problem[] = [];
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  resolve(value: unknown, path: readonly (string | number)[]): unknown {
    if (value instanceof SecretReference) return this.#look(value.name, path);
    if (Array.isArray(value)) return value.map((item, index) => this.resolve(item, [...path, index]));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.resolve(item, [...path, key])]));
  }

  #look(name: string, path: readonly (string | number)[]): string {
    const secret = this.#secrets.get(name);
    if (secret === undefined) {
      const near = nearMiss(name, this.#secrets.keys());
      const hint = near ? `; did you mean ${JSON.stringify(near)}?` : '';
      this.problems.push({
        path: joinPath(...path),
        message: `no secret ${JSON.stringify(name)} in secrets.yaml${hint}`,
      });
      return '';
    }
    this.used.push(secret);
    return secret;
  }
}

/** `broker:` with nothing behind it, as it stands when all its keys are commented out, means the defaults. */
function withoutEmptySections(value: unknown): Record<string, unknown> {
  const kept = Object.entries(value as object).filter(([, item]) => item !== null);
  const sections = Object.fromEntries(kept) as Record<string, unknown>;
  const plugins = sections['plugins'];
  if (plugins !== null && typeof plugins === 'object' && !Array.isArray(plugins)) {
    sections['plugins'] = Object.fromEntries(Object.entries(plugins).map(([id, item]) => [id, item ?? {}]));
  }
  return sections;
}

function override(value: Record<string, unknown>, { http, mqtt }: Overrides): Record<string, unknown> {
  const listening = (section: string, listen: string | undefined) =>
    listen === undefined ? {} : { [section]: { ...(value[section] as object | undefined), listen } };
  return { ...value, ...listening('http', http), ...listening('broker', mqtt) };
}

function located(problem: Problem, document: Document.Parsed, lines: LineCounter): Problem {
  const offset = offsetOf(document, problem.path.split('.'));
  return offset === undefined ? problem : { ...problem, message: `${problem.message}${place(offset, lines)}` };
}

function place(offset: number, lines: LineCounter): string {
  const { line, col } = lines.linePos(offset);
  return ` (cupboard.yaml ${line}:${col})`;
}

/** Where the value or, for a key that should not be there, the key stands; of the nearest parent if it is missing. */
function offsetOf(document: Document.Parsed, path: readonly string[]): number | undefined {
  let node: unknown = document.contents;
  let found: number | undefined;
  for (const part of path) {
    if (!isCollection(node)) break;
    const pair = isMap(node) ? node.items.find(({ key }) => String(key) === part) : undefined;
    node = node.get(isMap(node) ? (pair?.key ?? part) : Number(part), true);
    const at = (pair?.key ?? node) as Node | undefined;
    if (!at?.range) break;
    found = at.range[0];
  }
  return found;
}

function warningsFor(given: Record<string, unknown>, config: HubConfig): Problem[] {
  const warnings: Problem[] = [];
  if (given['timezone'] === undefined && /^(Etc\/)?(UTC|GMT|Universal|Zulu)$/.test(config.timezone)) {
    warnings.push({
      path: 'timezone',
      message:
        'not set, and the system has UTC: days and daily totals begin at 0:00 UTC. Set it, such as Europe/Berlin',
    });
  }
  if (config.location?.elevation === undefined) {
    warnings.push({
      path: 'location.elevation',
      message: 'not set: pressure cannot be reduced to sea level, so none is shown or sent',
    });
  }
  return warnings;
}

function freeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const item of Object.values(value)) freeze(item);
    Object.freeze(value);
  }
  return value;
}
