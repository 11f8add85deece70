import { createAjv } from '../config/ajv.ts';
import { toProblems } from '../config/problems.ts';
import { HUB_PLUGIN_KEYS } from '../config/schema.ts';
import type { Json, JsonObject } from '../sdk/contract.ts';
import type { Problem } from '../support/errors.ts';
import type { Manifest, Permissions } from './contract.ts';

export interface CheckedConfig {
  /** With defaults filled in; usable only without problems. */
  readonly config: JsonObject;
  readonly problems: readonly Problem[];
}

/** Checks what cupboard.yaml (or demo.json) says for a plugin against its manifest and fills in the defaults. */
export function checkPluginConfig(
  manifest: Manifest,
  written: JsonObject,
  path = `plugins.${manifest.id}`,
): CheckedConfig {
  const own = Object.entries(written).filter(([key]) => !HUB_PLUGIN_KEYS.includes(key));
  const config = structuredClone(Object.fromEntries(own));
  const validate = createAjv().compile(closed({ type: 'object', properties: {}, ...manifest.config }));
  return { config, problems: validate(config) ? [] : toProblems(validate.errors ?? [], path) };
}

/**
 * The same schema, refusing keys it does not name: a misspelt key must not pass as "not set". An object that says
 * anything about further keys itself, or combines schemas, is left as it is.
 */
function closed(schema: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...schema };
  const { properties, items } = schema as { properties?: Record<string, JsonObject>; items?: JsonObject };
  if (properties) {
    result['properties'] = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, closed(value)]));
  }
  if (isObject(items)) result['items'] = closed(items);
  const open = [
    'additionalProperties',
    'patternProperties',
    'unevaluatedProperties',
    'allOf',
    'anyOf',
    'oneOf',
    'if',
    '$ref',
  ];
  const isObjectSchema = schema['type'] === 'object' && properties !== undefined;
  if (isObjectSchema && !open.some((key) => key in schema)) result['additionalProperties'] = false;
  return result;
}

/** The topic filters that config values name: those whose schema has `format: topic-filter`. */
export function configGrants(schema: JsonObject | undefined, value: Json | undefined): Permissions {
  const publishes = new Set<string>();
  const subscribes = new Set<string>();
  visitTexts(schema, value, (part, text) => {
    if (part['format'] === 'topic-filter') (part['x-access'] === 'publish' ? publishes : subscribes).add(text);
  });
  return { publishes: [...publishes], subscribes: [...subscribes] };
}

/** The passwords among config values: those whose schema has `format: password`. */
export function configPasswords(schema: JsonObject | undefined, value: Json | undefined): readonly string[] {
  const passwords = new Set<string>();
  visitTexts(schema, value, (part, text) => {
    if (part['format'] === 'password') passwords.add(text);
  });
  return [...passwords];
}

/** Calls back with every text of a config value and each part of the schema that is about it. */
function visitTexts(
  schema: JsonObject | undefined,
  value: Json | undefined,
  visit: (part: JsonObject, text: string) => void,
): void {
  if (!schema) return;
  if (typeof value === 'string') visit(schema, value);
  for (const combiner of ['anyOf', 'oneOf', 'allOf']) {
    const branches = schema[combiner];
    if (Array.isArray(branches)) for (const branch of branches) visitTexts(branch as JsonObject, value, visit);
  }
  if (Array.isArray(value) && isObject(schema['items'])) {
    for (const item of value) visitTexts(schema['items'], item, visit);
  } else if (isObject(value)) {
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    for (const [key, item] of Object.entries(value)) {
      const inner = properties[key] ?? schema['additionalProperties'];
      if (isObject(inner)) visitTexts(inner, item, visit);
    }
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
