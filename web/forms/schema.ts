import type { Json, JsonObject } from 'cupboard/sdk';
import type { FieldProblem } from '../hub/api.ts';

/** The part of JSON Schema that a form can draw; everything else is edited as JSON text. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: Json;
  readonly enum?: readonly Json[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly Json[];
}

export type Kind = 'text' | 'password' | 'number' | 'boolean' | 'choice' | 'list' | 'object' | 'json';
/** Keys and indexes from the root of the form. */
export type Path = readonly (string | number)[];

/** Which control draws a value of this schema. */
export function kindOf(schema: Schema): Kind {
  if (schema.enum) return schema.enum.every((choice) => typeof choice !== 'object') ? 'choice' : 'json';
  switch (schema.type) {
    case 'string':
      return schema.format === 'password' ? 'password' : 'text';
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return schema.items && kindOf(schema.items) !== 'json' ? 'list' : 'json';
    case 'object':
      return schema.properties ? 'object' : 'json';
    default:
      return 'json';
  }
}

/** What a new list item starts as: its defaults, and nothing where there is none. */
export function blankOf(schema: Schema): Json {
  if (schema.default !== undefined) return schema.default;
  switch (kindOf(schema)) {
    case 'object':
      return {};
    case 'list':
      return [];
    case 'boolean':
      return false;
    case 'number':
      return schema.minimum ?? 0;
    case 'choice':
      return schema.enum?.[0] ?? null;
    default:
      return '';
  }
}

/** A copy of `value` with `next` at `path`; undefined removes the key, so that the default counts again. */
export function withValue(value: Json | undefined, path: Path, next: Json | undefined): Json | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return next;
  if (typeof head === 'number') {
    const list = Array.isArray(value) ? [...value] : [];
    const item = withValue(list[head], rest, next);
    if (item === undefined) list.splice(head, 1);
    else list[head] = item;
    return list;
  }
  const { [head]: before, ...others } = isObject(value) ? value : {};
  const item = withValue(before, rest, next);
  if (item === undefined) return others;
  // Keys keep their place: an edit must not reorder the file.
  return before === undefined ? { ...others, [head]: item } : { ...(value as JsonObject), [head]: item };
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const pathText = (path: Path): string => path.join('.');

/**
 * The problems of one form by the path of their field. The hub names them from the root of its file
 * (`plugins.acurite.replay.file`, `services[0].key`); `root` is where the form begins.
 */
export function problemsByPath(problems: readonly FieldProblem[], root: string): ReadonlyMap<string, string> {
  const prefix = `${root}.`;
  const found = new Map<string, string>();
  for (const { path, message } of problems) {
    const dotted = path
      .replace(/\[(\d+)\]/g, '.$1')
      .replace(/^[./]/, '')
      .replaceAll('/', '.');
    const key = dotted === root ? '' : dotted.startsWith(prefix) ? dotted.slice(prefix.length) : dotted;
    found.set(key, found.has(key) ? `${found.get(key)}; ${message}` : message);
  }
  return found;
}

/** The label of a field: its title, or its key as words. */
export function labelOf(key: string, schema: Schema): string {
  if (schema.title) return schema.title;
  const words = key.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
