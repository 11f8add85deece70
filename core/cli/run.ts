import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadConfig } from '../config/config.ts';
import { commandIn, modulePath } from '../plugins/launch.ts';
import { checkPluginConfig } from '../plugins/plugin-config.ts';
import type { ProgramContext, RunProgram } from '../sdk/contract.ts';
import { ConfigError, HubError, ManifestError } from '../support/errors.ts';
import { createLogger } from '../support/log.ts';
import { choosePlugin, localPlugins, suggestion } from './local-plugins.ts';

/** Runs a program that a plugin brings, in this process's terminal; answers its exit code. The hub need not run. */
export async function runProgram(dataDir: string, id: string, name: string, args: readonly string[]): Promise<number> {
  // Warnings about the hub's own settings are not for who runs a program.
  const log = createLogger('hub', ({ level, message }) => level === 'error' && process.stderr.write(`${message}\n`));
  const hub = (await loadConfig({ dataDir, log })).current;
  const written = hub.plugins[id] ?? {};
  const source = choosePlugin(await localPlugins(dataDir), id, written);
  if (typeof source === 'string') throw new HubError('plugin_unknown', source);
  const { manifest, folder } = source;
  if (!manifest) throw new ManifestError(source.problems);
  const program = manifest.programs[name];
  if (!program) {
    const known = Object.keys(manifest.programs);
    throw new HubError('program_unknown', `${id} has no program ${JSON.stringify(name)}${suggestion(name, known)}`);
  }
  const { config, problems } = checkPluginConfig(manifest, written, `plugins.${id}`);
  if (problems.length > 0) throw new ConfigError(problems);

  const context: ProgramContext = { id, config, dataDir: join(dataDir, 'plugin-data', id), args };
  await mkdir(context.dataDir, { recursive: true });
  if (program.main) return runMain(await modulePath({ id, source }, program.main, dataDir), context);
  return runExec(folder, program.exec ?? [], context, hub.timezone);
}

async function runMain(file: string, context: ProgramContext): Promise<number> {
  const { default: run } = (await import(pathToFileURL(file).href)) as { default: RunProgram };
  return run(context);
}

async function runExec(
  folder: string,
  exec: readonly string[],
  { id, config, dataDir, args }: ProgramContext,
  timezone: string,
): Promise<number> {
  const [command = '', ...fixed] = commandIn(folder, exec);
  const child = spawn(command, [...fixed, ...args], {
    cwd: folder,
    stdio: 'inherit',
    env: {
      ...process.env,
      CUPBOARD_ID: id,
      CUPBOARD_CONFIG: JSON.stringify(config),
      CUPBOARD_DATA_DIR: dataDir,
      TZ: timezone,
    },
  });
  // Ctrl-C reaches the whole foreground group; the program decides what it means.
  process.on('SIGINT', () => undefined);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
