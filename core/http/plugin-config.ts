import { isDeepStrictEqual } from 'node:util';
import type { ConfigFile } from '../config/contract.ts';
import { HUB_PLUGIN_KEYS } from '../config/schema.ts';
import type { PluginDetails } from '../plugins/contract.ts';
import { checkPluginConfig } from '../plugins/plugin-config.ts';
import type { Json, JsonObject } from '../sdk/contract.ts';
import { ConfigError } from '../support/errors.ts';
import { HttpProblem } from './problem.ts';
import type { Schema } from './route.ts';

/** What the page is shown in place of a secret, and what it sends back for one that stays. */
export const MASK = '********';

type Path = readonly (string | number)[];
type Change = Parameters<ConfigFile['edit']>[0][number];

/** The settings as written in cupboard.yaml, secrets masked. */
export function readPluginConfig(config: ConfigFile, { row, manifest }: PluginDetails) {
  const secrets = new Set(config.secretValues());
  const masked = mapSecrets(config.current.plugins[row.id] ?? {}, manifest?.config, (value, isPassword) =>
    isPassword || secrets.has(String(value)) ? MASK : value,
  );
  return { config: masked, ...(manifest?.config && { schema: manifest.config }) };
}

/**
 * Writes the settings into cupboard.yaml: only what differs, passwords into secrets.yaml.
 * @throws ConfigError when the plugin's schema or the hub's refuses them
 */
export async function writePluginConfig(
  config: ConfigFile,
  { row: { id }, manifest }: PluginDetails,
  sent: JsonObject,
): Promise<void> {
  if (!manifest) throw new HttpProblem(409, 'manifest_invalid', `the plugin.json of ${id} must be mended first`);
  const present = config.current.plugins[id];
  const next = { ...hubKeys(present), ...(unmask(sent, present, ['plugins', id]) as JsonObject) };
  const { problems } = checkPluginConfig(manifest, next, `plugins.${id}`);
  if (problems.length > 0) throw new ConfigError(problems);
  const changes = differences(present, next, manifest.config, ['plugins', id]);
  if (changes.length > 0) await config.edit(changes);
}

/** The hub's own keys beside the plugin's settings, such as `use`: a form drawn from the schema does not send them. */
function hubKeys(present: JsonObject | undefined): JsonObject {
  return Object.fromEntries(Object.entries(present ?? {}).filter(([key]) => HUB_PLUGIN_KEYS.includes(key)));
}

/** Puts the present secrets back where the mask stands. */
function unmask(sent: Json, present: Json | undefined, path: Path): Json {
  if (sent === MASK) {
    if (present !== undefined) return present;
    throw new ConfigError([{ path: path.join('.'), message: 'there is no secret to keep here: type it again' }]);
  }
  if (isList(sent)) {
    return sent.map((item, index) =>
      unmask(item, isList(present) ? counterpart(item, index, sent, present) : undefined, [...path, index]),
    );
  }
  if (isObject(sent)) {
    const before = isObject(present) ? present : {};
    return Object.fromEntries(
      Object.entries(sent).map(([key, item]) => [key, unmask(item, before[key], [...path, key])]),
    );
  }
  return sent;
}

/**
 * Which item of the present list this one was: the one that equals it but for what is masked, so that a secret stays
 * with its item when others are removed; else the one in its place while the list kept its length.
 */
function counterpart(item: Json, index: number, sent: readonly Json[], present: readonly Json[]): Json | undefined {
  return (
    present.find((each) => equalsMasked(item, each)) ?? (sent.length === present.length ? present[index] : undefined)
  );
}

function equalsMasked(sent: Json | undefined, present: Json | undefined): boolean {
  if (sent === MASK) return typeof present === 'string';
  if (isList(sent)) {
    return isList(present) && sent.length === present.length && sent.every((item, i) => equalsMasked(item, present[i]));
  }
  if (isObject(sent)) {
    const keys = Object.keys(sent);
    return (
      isObject(present) &&
      keys.length === Object.keys(present).length &&
      keys.every((key) => equalsMasked(sent[key], present[key]))
    );
  }
  return sent === present;
}

/** The smallest edits that make `before` into `after`, so that comments and the names of secrets stay where they are. */
function differences(
  before: Json | undefined,
  after: Json | undefined,
  schema: Schema | undefined,
  path: Path,
): Change[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], child(schema, key), [...path, key]));
  }
  if (isList(before) && isList(after)) {
    const shared = Math.min(before.length, after.length);
    const changed = after.flatMap((item, index) =>
      differences(before[index], item, child(schema, index), [...path, index]),
    );
    // From the end, because each removal moves what follows.
    const removed = before.slice(shared).map((_, index) => ({ path: [...path, shared + index], value: undefined }));
    return [...changed, ...removed.reverse()];
  }
  return additions(after, schema, path);
}

/** Writes a value that was not there; what holds a secret is written part by part. */
function additions(value: Json | undefined, schema: Schema | undefined, path: Path): Change[] {
  if (isPassword(schema) && typeof value === 'string') return [{ path, value, secret: true }];
  if (!isList(value) && !isObject(value)) return [{ path, value }];
  const parts = (isList(value) ? [...value.entries()] : Object.entries(value)).flatMap(([key, item]) =>
    additions(item, child(schema, key), [...path, key]),
  );
  if (!parts.some(({ secret }) => secret)) return [{ path, value }];
  return [{ path, value: isList(value) ? [] : {} }, ...parts];
}

function mapSecrets(value: Json, schema: Schema | undefined, show: (value: Json, isPassword: boolean) => Json): Json {
  if (isList(value)) return value.map((item, index) => mapSecrets(item, child(schema, index), show));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, mapSecrets(item, child(schema, key), show)]),
    );
  }
  return typeof value === 'string' ? show(value, isPassword(schema)) : value;
}

/** The schema of one key or item; where alternatives are offered, all of theirs. */
function child(schema: Schema | undefined, key: string | number): Schema | undefined {
  if (!schema) return undefined;
  const { properties, additionalProperties, items } = schema as Record<string, Schema | undefined>;
  const own = typeof key === 'number' ? items : ((properties?.[key] as Schema | undefined) ?? additionalProperties);
  const found = [own, ...alternatives(schema).map((each) => child(each, key))].filter((each) => each !== undefined);
  return found.length > 1 ? { anyOf: found } : found[0];
}

function isPassword(schema: Schema | undefined): boolean {
  return schema !== undefined && (schema['format'] === 'password' || alternatives(schema).some(isPassword));
}

function alternatives(schema: Schema): readonly Schema[] {
  const { oneOf = [], anyOf = [], allOf = [], then = [], else: otherwise = [] } = schema as Alternatives;
  return [oneOf, anyOf, allOf, then, otherwise].flat();
}

type Alternatives = { readonly [word in 'oneOf' | 'anyOf' | 'allOf' | 'then' | 'else']?: Schema | Schema[] };

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
