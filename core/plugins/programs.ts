import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HubConfig } from '../config/contract.ts';
import { nearMiss } from '../config/near-miss.ts';
import type { RunProgram } from '../sdk/contract.ts';
import { ConfigError, HubError } from '../support/errors.ts';
import { distFile } from '../support/paths.ts';
import type { ProgramDeclaration } from './contract.ts';
import { findPluginFolders, folderId, type PluginFolder } from './discover.ts';
import { commandIn, modulePath } from './launch.ts';
import { checkPluginConfig } from './plugin-config.ts';

/**
 * Runs a program that a plugin brings (`cupboard run <plugin> <program>`) in the caller's terminal; the hub need not run.
 * @returns its exit code
 * @throws HubError `plugin_unknown` | `program_unknown` | `bundle_failed`, ConfigError
 */
export async function runPluginProgram(options: {
  readonly dataDir: string;
  readonly config: HubConfig;
  readonly plugin: string;
  readonly program: string;
  readonly args: readonly string[];
}): Promise<number> {
  const { dataDir, plugin: id, args } = options;
  const written = options.config.plugins[id] ?? {};
  const source = await findSource(dataDir, id, written['use']);
  const manifest = source.manifest!;
  const program = programOf(id, manifest.programs, options.program);
  const { config, problems } = checkPluginConfig(manifest, written, `plugins.${id}`);
  if (problems.length > 0) throw new ConfigError(problems);
  const pluginData = join(dataDir, 'plugin-data', id);
  await mkdir(pluginData, { recursive: true });
  if (program.exec) {
    return runExec([...commandIn(source.folder, program.exec), ...args], {
      CUPBOARD_ID: id,
      CUPBOARD_CONFIG: JSON.stringify(config),
      CUPBOARD_DATA_DIR: pluginData,
    });
  }
  const module = await modulePath({ id, source }, program.main ?? '', dataDir);
  const { default: main } = (await import(pathToFileURL(module).href)) as { default: RunProgram };
  return main({ id, config, dataDir: pluginData, args });
}

async function findSource(dataDir: string, id: string, used: unknown): Promise<PluginFolder> {
  const folders = [
    ...(await findPluginFolders(distFile('plugins'), true)),
    ...(await findPluginFolders(join(dataDir, 'plugins'), false)),
  ].filter(({ manifest }) => manifest);
  const wanted = typeof used === 'string' ? used : id;
  const found = folders.find((folder) => folderId(folder) === wanted);
  if (found) return found;
  throw new HubError('plugin_unknown', `there is no plugin "${wanted}"${meant(wanted, folders.map(folderId))}`);
}

function programOf(
  id: string,
  programs: Readonly<Record<string, ProgramDeclaration>>,
  name: string,
): ProgramDeclaration {
  const program = programs[name];
  if (program) return program;
  const names = Object.keys(programs);
  const offer = names.length > 0 ? `it has ${names.join(', ')}` : 'it has none';
  throw new HubError('program_unknown', `${id} has no program "${name}"${meant(name, names) || `; ${offer}`}`);
}

function meant(word: string, known: readonly string[]): string {
  const near = nearMiss(word, known);
  return near ? `; did you mean "${near}"?` : '';
}

/** The program owns the terminal; signals reach it from there, and its fate is ours. */
function runExec([program = '', ...args]: readonly string[], environment: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
    const leaveToChild = () => undefined;
    process.on('SIGINT', leaveToChild);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', leaveToChild);
      resolve(code ?? (signal ? 128 : 1));
    });
  });
}
