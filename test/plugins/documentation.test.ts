import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/support/paths.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly description?: string;
}

const folder = join(packageRoot, 'plugins');
const plugins = readdirSync(folder).filter((id) => existsSync(join(folder, id, 'plugin.json')));

/** Every key of a schema as README tables write it: `services[].id`, `replay.file`. */
function keysOf(schema: Schema, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, part]) => {
    const path = `${prefix}${name}`;
    const inner = [...keysOf(part, `${path}.`), ...(part.items === undefined ? [] : keysOf(part.items, `${path}[].`))];
    return inner.length > 0 ? inner : [path];
  });
}

/** The keys whose schema says nothing to the user. */
function undescribed(schema: Schema, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, part]) => [
    ...(part.description === undefined ? [`${prefix}${name}`] : []),
    ...undescribed(part, `${prefix}${name}.`),
  ]);
}

describe.each(plugins)('%s', (id) => {
  const manifest = JSON.parse(readFileSync(join(folder, id, 'plugin.json'), 'utf8'));
  const readme = readFileSync(join(folder, id, 'README.md'), 'utf8');

  it('documents every config key', () => {
    expect(keysOf(manifest.config ?? {}).filter((key) => !readme.includes(key))).toEqual([]);
    expect(undescribed(manifest.config ?? {})).toEqual([]);
  });

  it('documents every command', () => {
    expect(Object.keys(manifest.commands ?? {}).filter((name) => !readme.includes(name))).toEqual([]);
  });

  it('bears the name of its folder', () => {
    expect(manifest.id).toBe(id);
  });
});
