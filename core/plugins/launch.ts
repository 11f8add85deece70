import { mkdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Broker } from '../broker/contract.ts';
import type { HubConfig } from '../config/contract.ts';
import type { JsonObject } from '../sdk/contract.ts';
import { distFile } from '../support/paths.ts';
import { bundleModule } from './bundle.ts';
import type { Manifest, Permissions } from './contract.ts';
import type { PluginFolder } from './discover.ts';
import type { StartMessage } from './protocol.ts';
import { sandboxCommand, sandboxEnvironment } from './sandbox.ts';
import type { Launch } from './supervisor.ts';

/** A plugin that may run, with all that decides how. Two that are equal need no restart between them. */
export interface RunSpec {
  readonly id: string;
  readonly manifest: Manifest;
  readonly source: PluginFolder;
  readonly config: JsonObject;
  readonly permissions: Permissions;
  /** Whether it runs under bubblewrap. */
  readonly sandbox: boolean;
  readonly surroundings: Pick<HubConfig, 'name' | 'location' | 'timezone'>;
}

/** What all plugins of a hub have in common. */
export interface LaunchPlace {
  readonly broker: Broker;
  readonly dataDir: string;
  readonly version: string;
  /** In the environment of everything the hub starts, so that nothing of it is left behind. */
  readonly runToken: string;
}

/** The folder of the sockets a plugin makes itself. */
const runFolderOf = (dataDir: string, id: string) => join(dataDir, 'run', id);

/** Where a plugin's own HTTP server listens. */
export const httpSocketOf = (dataDir: string, id: string) => join(runFolderOf(dataDir, id), 'http.sock');

/**
 * glibc's default, said aloud: left to itself it raises this limit after the first large block and then keeps what is
 * freed. Measured with sixteen pictures of 24 megapixels made small: 86 MB afterwards against 334, at most 257 against 470.
 */
const FREES_MEMORY = { MALLOC_TRIM_THRESHOLD_: String(128 * 1024) };

/**
 * Makes ready what one process of a plugin needs.
 * @throws HubError `bundle_failed` | `sandbox_missing` | `sandbox_refused`
 */
export async function prepareLaunch(spec: RunSpec, token: string, place: LaunchPlace): Promise<Launch> {
  const { manifest, source } = spec;
  const dataDir = join(place.dataDir, 'plugin-data', spec.id);
  await mkdir(dataDir, { recursive: true });
  await mkdir(runFolderOf(place.dataDir, spec.id), { recursive: true, mode: 0o700 });
  const common = { cwd: source.folder, memoryMb: manifest.memoryMb, sandboxed: spec.sandbox };
  if (manifest.exec) {
    const environment = programEnvironment(spec, token, dataDir, place);
    const command = commandIn(source.folder, manifest.exec);
    return { ...common, command: await within(spec, command, dataDir, place), env: environment };
  }
  const module = await modulePath(spec, manifest.main ?? '', place.dataDir);
  return {
    ...common,
    command: await within(spec, nodeCommand(spec.id, manifest.memoryMb), dataDir, place),
    env: { ...FREES_MEMORY, ...baseEnvironment(spec, dataDir, place) },
    start: startMessage(spec, module, token, dataDir, place),
  };
}

/** The command as it is started: as it is, or in the sandbox that the user asked for. */
async function within(
  { id, sandbox, source: { folder } }: RunSpec,
  command: readonly string[],
  pluginData: string,
  { broker, dataDir }: LaunchPlace,
): Promise<readonly string[]> {
  if (!sandbox) return command;
  const cache = cacheOf(dataDir, id);
  await mkdir(cache, { recursive: true });
  const writable = [pluginData, runFolderOf(dataDir, id), broker.pluginSocket];
  return [...(await sandboxCommand({ dataDir, readOnly: [folder, cache], writable, cwd: folder })), ...command];
}

/** The JavaScript to run for a module of a plugin: what ships with the hub is built, what users drop in is not. */
export function modulePath(
  { id, source }: Pick<RunSpec, 'id' | 'source'>,
  entry: string,
  dataDir: string,
): Promise<string> {
  if (source.firstParty) return Promise.resolve(join(source.folder, entry.replace(/\.ts$/, '.js')));
  return bundleModule({ folder: source.folder, entry, cache: cacheOf(dataDir, id) });
}

const cacheOf = (dataDir: string, id: string) => join(dataDir, 'cache', id);

/** A program of the plugin's folder, or one of the system's. */
export function commandIn(folder: string, [program = '', ...args]: readonly string[]): readonly string[] {
  const isOwn = program.includes('/') && !isAbsolute(program);
  return [isOwn ? join(folder, program) : program, ...args];
}

function nodeCommand(id: string, memoryMb: number): readonly string[] {
  return [
    process.execPath,
    // A small young generation: most plugins idle, and 16 MB of it each would be the larger part of their memory.
    '--max-semi-space-size=1',
    `--max-old-space-size=${memoryMb}`,
    '--enable-source-maps',
    // Where SIGUSR1 opens the inspector: on a free port, so that two hung plugins do not want the same one.
    '--inspect-port=127.0.0.1:0',
    distFile('plugin-host.js'),
    id,
  ];
}

function startMessage(spec: RunSpec, module: string, token: string, dataDir: string, place: LaunchPlace): StartMessage {
  const { id, config, manifest, surroundings } = spec;
  const states = place.broker
    .retained(`${id}/+`)
    .map(({ topic, payload }) => [topic.slice(id.length + 1), payload.toString()]);
  return {
    type: 'start',
    id,
    module,
    config,
    dataDir,
    token,
    mqttSocket: place.broker.pluginSocket,
    httpSocket: httpSocketOf(place.dataDir, id),
    ...(surroundings.location && { location: surroundings.location }),
    timezone: surroundings.timezone,
    hub: { name: surroundings.name, version: place.version },
    commands: manifest.commands,
    states: Object.fromEntries(states) as Record<string, string>,
  };
}

/** The hub's environment without what is meant for the hub alone; in a sandbox next to nothing of it. */
function baseEnvironment(
  { id, sandbox, surroundings }: RunSpec,
  dataDir: string,
  { runToken }: LaunchPlace,
): Record<string, string> {
  const own = { TZ: surroundings.timezone, CUPBOARD_ID: id, CUPBOARD_RUN: runToken };
  if (sandbox) return { ...sandboxEnvironment(dataDir), ...own };
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !entry[0].startsWith('CUPBOARD_') && entry[0] !== 'NODE_OPTIONS',
  );
  return { ...Object.fromEntries(inherited), ...own };
}

function programEnvironment(spec: RunSpec, token: string, dataDir: string, place: LaunchPlace): Record<string, string> {
  return {
    ...baseEnvironment(spec, dataDir, place),
    CUPBOARD_MQTT_SOCKET: place.broker.pluginSocket,
    // In a sandbox the hub's loopback is out of reach.
    ...(!spec.sandbox && { CUPBOARD_MQTT_URL: place.broker.pluginUrl }),
    CUPBOARD_TOKEN: token,
    CUPBOARD_CONFIG: JSON.stringify(spec.config),
    CUPBOARD_DATA_DIR: dataDir,
    CUPBOARD_LOCATION: JSON.stringify(spec.surroundings.location ?? null),
    // Output is the program's log; Python holds it back in a pipe unless told otherwise.
    PYTHONUNBUFFERED: '1',
  };
}
