import type { ErrorObject } from 'ajv';
import type { Problem } from '../support/errors.ts';
import { nearMiss } from './near-miss.ts';

/** The parts of a JSON Schema that a message can be made from. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/**
 * Says what Ajv found in words: where, what was expected, what came, and what was probably meant. Ajv must run with
 * `allErrors` and `verbose`.
 * @param base path of the value that was validated: `plugins.acurite`
 */
export function toProblems(errors: readonly ErrorObject[], base = ''): Problem[] {
  const problems = errors.filter((error) => !isBranch(error, errors)).map((error) => toProblem(error, base));
  // One wrong value can break several rules of its schema; they all read `expected ..., got ...` alike.
  const seen = new Set<string>();
  return problems.filter(({ path, message }) => {
    const key = `${path}: ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Joins a dotted path: `plugins.weather-upload.services.0.key`. */
export function joinPath(...parts: readonly (string | number)[]): string {
  return parts.filter((part) => part !== '').join('.');
}

/** Errors of the single branches of anyOf, oneOf and if: the error of the whole says what can be done. */
function isBranch(error: ErrorObject, all: readonly ErrorObject[]): boolean {
  return (
    error.keyword === 'if' ||
    all.some(
      (other) =>
        (other.keyword === 'anyOf' || other.keyword === 'oneOf') &&
        other !== error &&
        error.schemaPath.startsWith(`${other.schemaPath}/`),
    )
  );
}

function toProblem(error: ErrorObject, base: string): Problem {
  const at = joinPath(base, ...error.instancePath.split('/').slice(1).map(unescapePointer));
  const schema = (error.parentSchema ?? {}) as Schema;
  const params = error.params as Record<string, string>;
  const known = Object.keys(schema.properties ?? {});
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const key = params['additionalProperty'] ?? params['unevaluatedProperty'] ?? '';
      return { path: joinPath(at, key), message: unknownKey(key, known) };
    }
    case 'required':
    case 'dependentRequired':
    case 'dependencies': {
      const key = params['missingProperty'] ?? '';
      const wanted = schema.properties?.[key];
      const given = Object.keys((error.data as object | null) ?? {}).filter((each) => !known.includes(each));
      return {
        path: joinPath(at, key),
        message: `missing: expected ${expectation(wanted)}${meant(nearMiss(key, given))}`,
      };
    }
    case 'propertyNames':
      return { path: joinPath(at, params['propertyName'] ?? ''), message: 'expected another name for this key' };
    case 'enum': {
      const values = (schema.enum ?? []).map(String);
      const hint = typeof error.data === 'string' ? meant(nearMiss(error.data, values)) : '';
      return { path: at, message: `expected ${expectation(schema)}, got ${show(error.data, schema)}${hint}` };
    }
    case 'anyOf':
    case 'oneOf':
    case 'not':
    case 'false schema':
      return { path: at, message: `expected ${schema.description ?? 'another form'}, got ${show(error.data, schema)}` };
    default:
      return { path: at, message: `expected ${expectation(schema)}, got ${show(error.data, schema)}` };
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearMiss(key, known);
  if (near) return `unknown key${meant(near)}`;
  return known.length > 0 ? `unknown key: expected one of ${known.join(', ')}` : 'unknown key: none is expected here';
}

const meant = (near: string | undefined) => (near ? `; did you mean ${JSON.stringify(near)}?` : '');

const NOUNS: Readonly<Record<string, string>> = {
  integer: 'an integer',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  object: 'a mapping of keys to values',
  array: 'a list',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  'host-port': 'HOST:PORT, such as 127.0.0.1:1883',
  timezone: 'the name of a time zone, such as Europe/Berlin',
  'topic-filter': 'an MQTT topic filter, such as acurite/+/temperature',
  password: 'text',
};

/** `an integer from 1 to 60`, `one of metric, imperial, uk`. */
function expectation(schema: Schema | undefined): string {
  if (!schema) return 'a value';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return `one of ${schema.enum.map((value) => String(value)).join(', ')}`;
  if (schema.format) return FORMATS[schema.format] ?? `a ${schema.format}`;
  if (schema.pattern) {
    return schema.examples?.[0] === undefined
      ? `text matching ${schema.pattern}`
      : `text like ${String(schema.examples[0])}`;
  }
  const nouns = [schema.type ?? []].flat().map((type) => NOUNS[type] ?? type);
  return `${nouns.join(' or ') || 'a value'}${range(schema)}`;
}

function range(schema: Schema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, minItems, maxItems } =
    schema;
  const limits = [
    minimum !== undefined && maximum !== undefined ? `from ${minimum} to ${maximum}` : undefined,
    minimum !== undefined && maximum === undefined ? `of ${minimum} or more` : undefined,
    minimum === undefined && maximum !== undefined ? `of ${maximum} or less` : undefined,
    exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : undefined,
    exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : undefined,
    multipleOf !== undefined ? `in steps of ${multipleOf}` : undefined,
    minLength !== undefined ? `of at least ${minLength} characters` : undefined,
    maxLength !== undefined ? `of at most ${maxLength} characters` : undefined,
    minItems !== undefined ? `of at least ${minItems}` : undefined,
    maxItems !== undefined ? `of at most ${maxItems}` : undefined,
    schema.uniqueItems ? 'without repetition' : undefined,
    schema.minProperties !== undefined ? `with at least ${schema.minProperties}` : undefined,
  ].filter((limit) => limit !== undefined);
  return limits.length > 0 ? ` ${limits.join(', ')}` : '';
}

/** What came, cut to a line; never a password. */
function show(value: unknown, schema: Schema): string {
  if (value === undefined) return 'nothing';
  if (schema.format === 'password') return `${typeof value === 'string' ? 'text' : typeof value} (not shown)`;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const unescapePointer = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~');
