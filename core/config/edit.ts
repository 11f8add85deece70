import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isScalar, isSeq } from 'yaml';
import { HubError } from '../support/errors.ts';
import { SecretReference } from './secrets.ts';

export type Path = readonly (string | number)[];

/** One change of cupboard.yaml; `undefined` removes. */
export interface Change {
  readonly path: Path;
  readonly value: unknown;
  /** The value goes to secrets.yaml, its name to cupboard.yaml. */
  readonly secret?: boolean;
}

/**
 * Changes the document in place and answers what to change in secrets.yaml. Only what differs is touched, so that
 * comments, order and `!secret` names stay where the values did.
 */
export function applyChanges(document: Document, changes: readonly Change[]): Map<string, string> {
  const secrets = new Map<string, string>();
  for (const { path, value, secret } of changes) {
    if (path.length === 0) throw new HubError('config_path_missing', 'a change needs a path below the whole file');
    if (value === undefined) {
      if (document.hasIn(path)) document.deleteIn(path);
    } else if (secret) {
      const name = secretName(document, path);
      secrets.set(name, String(value));
      set(document, path, new SecretReference(name));
    } else {
      merge(document, path, value);
    }
  }
  return secrets;
}

/** Names of secrets.yaml that the document uses. */
export function secretNames(document: Document): Set<string> {
  const names = new Set<string>();
  const walk = (value: unknown) => {
    if (value instanceof SecretReference) names.add(value.name);
    else if (value !== null && typeof value === 'object') for (const item of Object.values(value)) walk(item);
  };
  walk(document.toJS());
  return names;
}

/** The name that stands there already, else one made of the path: `weather-upload_services_0_key`. */
function secretName(document: Document, path: Path): string {
  const present = document.hasIn(path) ? document.getIn(path) : undefined;
  if (present instanceof SecretReference) return present.name;
  return (path[0] === 'plugins' ? path.slice(1) : path).join('_');
}

function merge(document: Document, path: Path, value: unknown): void {
  const node = document.getIn(path, true);
  if (isMap(node) && isPlainObject(value)) {
    for (const { key } of [...node.items]) {
      const name = String(isScalar(key) ? key.value : key);
      if (!(name in value)) node.delete(key);
    }
    for (const [key, item] of Object.entries(value)) merge(document, [...path, key], item);
  } else if (isSeq(node) && Array.isArray(value)) {
    node.items.splice(value.length);
    for (const [index, item] of value.entries()) merge(document, [...path, index], item);
  } else if (!isDeepStrictEqual(isScalar(node) ? node.value : undefined, value)) {
    set(document, path, value);
  }
}

function set(document: Document, path: Path, value: unknown): void {
  // `plugins:` with nothing behind it is a null; what is to stand below needs a mapping there.
  for (let length = 1; length < path.length; length += 1) {
    const parent = document.getIn(path.slice(0, length), true);
    if (isScalar(parent) && parent.value === null) document.setIn(path.slice(0, length), document.createNode({}));
  }
  const present = document.getIn(path, true);
  if (isScalar(present) && !isPlainObject(value) && !Array.isArray(value)) {
    // In place, so that the comment behind the value stays.
    present.value = value;
    if (value instanceof SecretReference) present.tag = '!secret';
    else delete present.tag;
    delete present.source;
  } else {
    document.setIn(path, document.createNode(value));
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof SecretReference);
}
