import { loadConfig } from '../config/config.ts';
import type { HubConfig } from '../config/contract.ts';
import { configSchema } from '../config/schema.ts';
import type { PluginFolder } from '../plugins/discover.ts';
import { checkPluginConfig } from '../plugins/plugin-config.ts';
import type { JsonObject } from '../sdk/contract.ts';
import { ConfigError, type Problem } from '../support/errors.ts';
import { createLogger } from '../support/log.ts';
import { createMask } from '../support/mask.ts';
import { choosePlugin, localPlugins } from './local-plugins.ts';
import { print, printJson, printRows } from './output.ts';

/** Prints every problem of cupboard.yaml, plugins' parts included; tells whether there is none. */
export async function checkConfig(dataDir: string, json?: boolean): Promise<boolean> {
  const problems = await findProblems(dataDir);
  if (json) printJson(problems);
  else if (problems.length === 0) print('no problems');
  else for (const { path, message } of problems) print(`${path}: ${message}`);
  return problems.length === 0;
}

interface Setting {
  readonly key: string;
  readonly default: unknown;
  readonly description: string | undefined;
}

/** Prints every key of cupboard.yaml; what a plugin takes stands in its README. */
export function printDefaults(json?: boolean): void {
  printRows(
    settingsOf(configSchema),
    [
      ['KEY', ({ key }) => key],
      ['DEFAULT', (row) => (row.default === undefined ? '' : JSON.stringify(row.default))],
      ['MEANING', ({ description }) => description],
    ],
    json,
  );
}

interface Section {
  readonly properties?: Readonly<Record<string, Section>>;
  readonly default?: unknown;
  readonly description?: string;
}

function settingsOf({ properties = {} }: Section, prefix = ''): Setting[] {
  return Object.entries(properties).flatMap(([name, part]) => {
    const key = prefix + name;
    if (part.properties) return settingsOf(part, `${key}.`);
    return [{ key, default: part.default, description: part.description }];
  });
}

async function findProblems(dataDir: string): Promise<readonly Problem[]> {
  const log = createLogger('hub', ({ level, message }) => process.stderr.write(`${level}: ${message}\n`));
  try {
    const file = await loadConfig({ dataDir, log });
    const mask = createMask(file.secretValues());
    const problems = pluginProblems(await localPlugins(dataDir), file.current);
    return problems.map(({ path, message }) => ({ path, message: mask(message) }));
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function pluginProblems(folders: readonly PluginFolder[], { plugins }: HubConfig): Problem[] {
  return Object.entries(plugins).flatMap(([id, written]) => problemsOf(folders, id, written));
}

function problemsOf(folders: readonly PluginFolder[], id: string, written: JsonObject): readonly Problem[] {
  const path = `plugins.${id}`;
  const plugin = choosePlugin(folders, id, written);
  if (typeof plugin === 'string') return [{ path, message: plugin }];
  if (plugin.manifest) return checkPluginConfig(plugin.manifest, written, path).problems;
  return plugin.problems.map((problem) => ({ path, message: `plugin.json: ${problem.path}: ${problem.message}` }));
}
