import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FSWatcher } from 'chokidar';
import type { Broker } from '../broker/contract.ts';
import type { ConfigFile } from '../config/contract.ts';
import type { JsonObject } from '../sdk/contract.ts';
import { errorText, HubError } from '../support/errors.ts';
import type { HubEvents } from '../support/events.ts';
import type { LogBook } from '../support/log-book.ts';
import { packageRoot } from '../support/paths.ts';
import type { DocumentStore } from '../support/store.ts';
import { CommandDesk } from './command-desk.ts';
import type {
  CommandOutcome,
  InstallOutcome,
  OutdatedRow,
  PluginDetails,
  PluginManager,
  PluginRow,
  PluginState,
  PluginStatus,
} from './contract.ts';
import { type Choice, type Decision, decide } from './decide.ts';
import { findPluginFolders, folderId, type PluginFolder, watchPluginFolders } from './discover.ts';
import { recoverInstallations } from './install.ts';
import { Installations } from './installations.ts';
import { httpSocketOf, type LaunchPlace, prepareLaunch, type RunSpec } from './launch.ts';
import { startGuardian, sweep } from './orphans.ts';
import { configPasswords } from './plugin-config.ts';
import { PluginTopics } from './plugin-topics.ts';
import { type Launch, Supervisor, TIMINGS, type Timings } from './supervisor.ts';

export interface PluginManagerOptions {
  readonly config: ConfigFile;
  readonly broker: Broker;
  readonly documents: DocumentStore;
  readonly dataDir: string;
  /** The folder with the plugins that ship with the hub. */
  readonly firstParty: string;
  readonly demo: boolean;
  readonly logs: Pick<LogBook, 'logger' | 'hide'>;
  readonly events: HubEvents;
  readonly timings?: Partial<Timings>;
}

/** Spaces of the document store. */
const CHOICES = 'plugins';
const RUNS = 'plugin-runs';

const MEMORY_REPORT_MS = 60_000;

/** One row: a plugin, or what stands where one was expected. */
interface Plugin {
  readonly id: string;
  readonly supervisor: Supervisor;
  source: PluginFolder | undefined;
  decision: Decision;
  /** What it was started with; absent while it is not to run. */
  spec: RunSpec | undefined;
  /** Stopped by hand, until it is started by hand or the hub is. */
  isHeld: boolean;
  /** Its operations, one after another. */
  queue: Promise<void>;
  /** The last published status, to publish only changes. */
  published: PluginStatus | undefined;
}

export function createPluginManager(options: PluginManagerOptions): PluginManager {
  return new Manager(options);
}

class Manager implements PluginManager {
  readonly #options: PluginManagerOptions;
  readonly #log;
  readonly #timings: Timings;
  readonly #userFolder: string;
  readonly #place: LaunchPlace;
  readonly #desk: CommandDesk;
  readonly #topics: PluginTopics;
  readonly #installations: Installations;
  readonly #plugins = new Map<string, Plugin>();
  readonly #closing: (() => unknown)[] = [];
  #folders: PluginFolder[] = [];
  #watcher: FSWatcher | undefined;
  #guardian: ChildProcess | undefined;

  constructor(options: PluginManagerOptions) {
    const { broker, dataDir, logs } = options;
    this.#options = options;
    this.#log = logs.logger('hub');
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#userFolder = join(dataDir, 'plugins');
    this.#place = { broker, dataDir, version: hubVersion(), runToken: randomBytes(16).toString('hex') };
    this.#desk = new CommandDesk(broker);
    this.#topics = new PluginTopics(broker, this.#log);
    this.#installations = new Installations({
      pluginsFolder: this.#userFolder,
      documents: options.documents,
      events: options.events,
      log: this.#log,
      probationMs: this.#timings.probationMs,
      taken: () => this.#folders.filter((folder) => folder.firstParty).map(folderId),
      find: (id) => this.#plugins.get(id),
      folderChanged: (name) => this.#onFolderChange(name),
    });
  }

  async start(): Promise<void> {
    await mkdir(this.#userFolder, { recursive: true });
    await this.#endLeftovers();
    await recoverInstallations(this.#userFolder);
    this.#folders = [
      ...(await findPluginFolders(this.#options.firstParty, true)),
      ...(await findPluginFolders(this.#userFolder, false)),
    ];
    await this.#desk.open();
    this.#closing.push(
      await this.#options.broker.subscribe('+/status', (message) => {
        const id = message.topic.slice(0, -'/status'.length);
        this.#plugins.get(id)?.supervisor.onStatusTopic(message.payload.toString());
      }),
    );
    void this.#reconcile();
    await this.#clearGone();
    this.#watcher = await watchPluginFolders(this.#userFolder, (name) => {
      this.#onFolderChange(name).catch((error: unknown) => this.#log.error(`plugins/${name}: ${errorText(error)}`));
    });
    const timer = setInterval(() => this.#publishAll(), MEMORY_REPORT_MS);
    this.#closing.push(() => clearInterval(timer));
  }

  async stop(): Promise<void> {
    await this.#watcher?.close();
    for (const close of this.#closing) await close();
    await Promise.all(
      [...this.#plugins.values()].map((plugin) =>
        this.#enqueue(plugin, () => this.#halt(plugin, 'stopped', 'the hub has stopped')),
      ),
    );
    this.#desk.close();
    // It then ends what left its plugin's process group, and itself.
    this.#guardian?.stdin?.end();
  }

  list(): readonly PluginRow[] {
    return [...this.#plugins.values()].map(rowOf).sort((a, b) => a.id.localeCompare(b.id));
  }

  find(id: string): PluginDetails | undefined {
    const plugin = this.#plugins.get(id);
    if (!plugin) return undefined;
    const { source } = plugin;
    return {
      row: rowOf(plugin),
      manifest: source?.manifest,
      folder: source?.folder ?? '',
      firstParty: source?.firstParty ?? false,
    };
  }

  async act(id: string, action: 'start' | 'stop' | 'restart' | 'enable' | 'disable'): Promise<PluginRow> {
    const plugin = this.#expect(id);
    if (action === 'enable') await this.#choose(plugin, { enabled: true, consented: plugin.decision.asked });
    if (action === 'disable') await this.#choose(plugin, { enabled: false });
    this.#redecide(plugin);
    const { decision } = plugin;
    if ((action === 'start' || action === 'restart') && !decision.run) {
      throw new HubError('plugin_not_runnable', `${id} is ${decision.state}: ${decision.reason}`);
    }
    plugin.isHeld = action === 'stop';
    await this.#enqueue(plugin, () => this.#apply(plugin, action === 'restart' ? 'restart' : 'ensure'));
    return rowOf(plugin);
  }

  async command(
    id: string,
    name: string,
    args: JsonObject,
    from: { user: string; admin: boolean },
  ): Promise<CommandOutcome> {
    const plugin = this.#plugins.get(id);
    if (!plugin) return { kind: 'unknown', message: `there is no plugin "${id}"` };
    const { supervisor, source } = plugin;
    return this.#desk.run({ id, name, args, from, declared: source?.manifest?.commands ?? {}, supervisor });
  }

  async reconfigure(): Promise<void> {
    await this.#reconcile();
  }

  httpSocket(id: string): string | undefined {
    if (!this.#plugins.get(id)?.supervisor.hasHttp) return undefined;
    const path = httpSocketOf(this.#options.dataDir, id);
    // A link would lead requests to a socket that the plugin itself cannot reach, such as hub.sock.
    return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ? path : undefined;
  }

  install(source: string, allowScripts = false): Promise<InstallOutcome> {
    return this.#installations.install(source, allowScripts);
  }

  async rollBack(id: string): Promise<PluginRow> {
    await this.#installations.rollBack(id);
    return rowOf(this.#expect(id));
  }

  outdated(): Promise<readonly OutdatedRow[]> {
    return this.#installations.outdated();
  }

  remove(id: string): Promise<void> {
    return this.#installations.remove(id);
  }

  /** What a killed hub has left behind ends. */
  async #endLeftovers(): Promise<void> {
    const { documents } = this.#options;
    for (const [token] of documents.list(RUNS)) {
      const ended = sweep(token);
      if (ended > 0) this.#log.warn(`ended ${ended} processes that an earlier run had left behind`);
      await documents.delete(RUNS, token);
    }
    await documents.put(RUNS, this.#place.runToken, { startedAt: Date.now() });
  }

  async #onFolderChange(name: string): Promise<void> {
    const folder = join(this.#userFolder, name);
    const present = (await findPluginFolders(this.#userFolder, false)).find((found) => found.folder === folder);
    // Only now: another folder may have changed while this one was read.
    const others = this.#folders.filter((known) => known.folder !== folder);
    this.#folders = present ? [...others, present] : others;
    await this.#reconcile();
  }

  /** Brings rows and processes in line with folders, config and choices; touches only what differs. */
  async #reconcile(): Promise<void> {
    const wanted = this.#candidates();
    this.#options.broker.setPluginTrees([...wanted.keys()]);
    const gone = [...this.#plugins.values()].filter(({ id }) => !wanted.has(id));
    for (const plugin of gone) this.#plugins.delete(plugin.id);
    const removals = gone.map((plugin) => this.#enqueue(plugin, () => this.#forget(plugin)));
    const changes = [...wanted].map(([id, source]) => {
      const plugin = this.#plugins.get(id) ?? this.#newPlugin(id, source);
      plugin.source = source;
      this.#redecide(plugin);
      return this.#enqueue(plugin, () => this.#apply(plugin, 'keep'));
    });
    await Promise.all([...removals, ...changes]);
  }

  /** Ids with the folders they come from. What ships with the hub keeps its id against a folder of the same name. */
  #candidates(): Map<string, PluginFolder | undefined> {
    const found = new Map<string, PluginFolder | undefined>();
    for (const folder of [...this.#folders].sort((a, b) => Number(b.firstParty) - Number(a.firstParty))) {
      const id = folderId(folder);
      const other = found.get(id);
      if (other) this.#log.error(`${folder.folder} is left out: the id ${id} belongs to ${other.folder}`);
      else found.set(id, folder);
    }
    for (const [id, written] of Object.entries(this.#options.config.current.plugins)) {
      const used = written['use'];
      if (typeof used === 'string') found.set(id, found.get(used));
      else if (!found.has(id)) found.set(id, undefined);
    }
    return found;
  }

  #newPlugin(id: string, source: PluginFolder | undefined): Plugin {
    const { logs, events } = this.#options;
    const supervisor = new Supervisor({
      id,
      log: logs.logger(id),
      events,
      timings: this.#timings,
      prepare: () => this.#prepare(plugin),
      onEnded: () => this.#onEnded(plugin),
      onDevice: ({ device, description }) => this.#topics.publishDevice(id, device, description),
      onChange: () => this.#publish(plugin),
    });
    const plugin: Plugin = {
      id,
      supervisor,
      source,
      decision: this.#decide(id, source),
      spec: undefined,
      isHeld: false,
      queue: Promise.resolve(),
      published: undefined,
    };
    this.#plugins.set(id, plugin);
    return plugin;
  }

  #decide(id: string, source: PluginFolder | undefined): Decision {
    const { config, documents, demo } = this.#options;
    return decide({
      id,
      source,
      written: config.current.plugins[id],
      choice: documents.get<Choice>(CHOICES, id),
      demo: demo ? source?.demo : undefined,
      known: this.#folders.map(folderId),
    });
  }

  #redecide(plugin: Plugin): void {
    plugin.decision = this.#decide(plugin.id, plugin.source);
  }

  /**
   * Makes the process agree with the decision. `keep` leaves alone what was started with the same settings, also when
   * it has crashed since; `ensure` then starts it again; `restart` does so in any case.
   */
  async #apply(plugin: Plugin, mode: 'keep' | 'ensure' | 'restart'): Promise<void> {
    const { id, decision, supervisor } = plugin;
    if (!decision.run) return this.#halt(plugin, decision.state, decision.reason, decision.advice);
    if (plugin.isHeld) return this.#halt(plugin, 'stopped', 'stopped by hand', `cupboard plugins start ${id}`);
    const spec = this.#specOf(id, decision);
    const isSame = isDeepStrictEqual(plugin.spec, spec);
    if (isSame && (mode === 'keep' || (mode === 'ensure' && supervisor.isWanted))) return;
    if (plugin.spec) await supervisor.stop('restarting', 'its settings or files have changed');
    plugin.spec = spec;
    await supervisor.start();
  }

  #specOf(id: string, { manifest, source, config, permissions, sandbox }: Decision & { run: true }): RunSpec {
    const { name, location, timezone } = this.#options.config.current;
    return {
      id,
      manifest,
      source,
      config,
      permissions,
      sandbox,
      surroundings: { name, timezone, ...(location && { location }) },
    };
  }

  async #halt(plugin: Plugin, state: PluginState, reason: string, advice?: string): Promise<void> {
    plugin.spec = undefined;
    await plugin.supervisor.stop(state, reason, advice);
  }

  /** The folder is gone: so are its row and its topics. Its data stays. */
  async #forget(plugin: Plugin): Promise<void> {
    await this.#halt(plugin, 'stopped', 'removed');
    await this.#topics.clear(plugin.id);
    this.#options.events('plugin_removed', { plugin: plugin.id });
  }

  /** Topics of plugins whose folder was removed while the hub was off. */
  async #clearGone(): Promise<void> {
    const gone = this.#topics.known().filter((id) => !this.#plugins.has(id));
    await Promise.all(gone.map((id) => this.#topics.clear(id)));
  }

  async #prepare({ spec, supervisor }: Plugin): Promise<Launch> {
    if (!spec) throw new Error('nothing to start');
    // With the first plugin: a hub without any has nothing to guard.
    this.#guardian ??= startGuardian(this.#place.runToken);
    const { id, permissions, manifest } = spec;
    const token = randomBytes(24).toString('base64url');
    this.#options.logs.hide(`plugin ${id}`, [token, ...configPasswords(manifest.config, spec.config)]);
    const launch = await prepareLaunch(spec, token, this.#place);
    const adminCommands = Object.keys(manifest.commands).filter((name) => manifest.commands[name]?.admin);
    this.#options.broker.admitPlugin({
      id,
      token,
      ...permissions,
      adminCommands,
      onConnection: (isConnected) => supervisor.onConnection(isConnected),
    });
    return launch;
  }

  #onEnded({ id, source }: Plugin): void {
    this.#options.broker.expelPlugin(id);
    // A foreign program may have no last will.
    if (source?.manifest?.exec) this.#topics.publish(`${id}/status`, 'offline');
  }

  #publishAll(): void {
    for (const plugin of this.#plugins.values()) this.#publish(plugin);
  }

  #publish(plugin: Plugin): void {
    if (this.#plugins.get(plugin.id) !== plugin) return;
    const status = statusOf(plugin);
    if (isDeepStrictEqual(status, plugin.published)) return;
    plugin.published = status;
    this.#topics.publishStatus(plugin.id, status);
  }

  async #choose(plugin: Plugin, choice: Choice): Promise<void> {
    await this.#options.documents.put(CHOICES, plugin.id, choice);
  }

  #expect(id: string): Plugin {
    const plugin = this.#plugins.get(id);
    if (!plugin) throw new HubError('plugin_unknown', `there is no plugin "${id}"`);
    return plugin;
  }

  /** Runs operations on one plugin in order; a failure is the plugin's own and is logged there. */
  #enqueue(plugin: Plugin, operation: () => Promise<void>): Promise<void> {
    plugin.queue = plugin.queue.then(operation).catch((error: unknown) => {
      this.#options.logs.logger(plugin.id).error(errorText(error));
    });
    return plugin.queue;
  }
}

function rowOf(plugin: Plugin): PluginRow {
  const { id, source, decision } = plugin;
  const manifest = source?.manifest;
  return {
    id,
    name: manifest ? (manifest.id === id ? manifest.name : `${manifest.name} (${id})`) : id,
    ...statusOf(plugin),
    ...(manifest && { license: manifest.license, description: manifest.description }),
    permissions: decision.permissions,
  };
}

function statusOf({ supervisor, source }: Plugin): PluginStatus {
  return { ...supervisor.status, ...(source?.manifest && { version: source.manifest.version }) };
}

function hubVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
}
