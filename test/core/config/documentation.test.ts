import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configSchema, HUB_PLUGIN_KEYS } from '../../../core/config/schema.ts';
import { packageRoot } from '../../../core/support/paths.ts';

interface Part {
  readonly properties?: Readonly<Record<string, Part>>;
  readonly description?: string;
}

/** Keys down to the second level: deeper ones are listed by `cupboard check --defaults`. */
function keysOf(part: Part, depth = 2): string[] {
  return Object.entries(part.properties ?? {}).flatMap(([name, inner]) => {
    const below = depth > 1 && name !== 'location' ? keysOf(inner, depth - 1).map((key) => `${name}.${key}`) : [];
    return below.length > 0 ? below : [name];
  });
}

function undescribed(part: Part, path = ''): string[] {
  return Object.entries(part.properties ?? {}).flatMap(([name, inner]) => [
    ...(inner.description ? [] : [`${path}${name}`]),
    ...undescribed(inner, `${path}${name}.`),
  ]);
}

const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8');

test('README lists every key, and every key says what it means', () => {
  expect(keysOf(configSchema).filter((key) => !readme.includes(`\`${key}`))).toEqual([]);
  expect(readme).toContain('`plugins.<id>`');
  expect(undescribed(configSchema)).toEqual([]);
});

test("README names the hub's own keys of a plugin's part", () => {
  expect(HUB_PLUGIN_KEYS.filter((key) => !readme.includes(`\`${key}`))).toEqual([]);
});
