import type { JsonObject, Sensor } from '../sdk/contract.ts';

/** plugin.json, checked. */
export interface Manifest {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** SPDX. */
  readonly license: string;
  /** Major of the hub API it was written for: `"1"`. */
  readonly hub: string;
  readonly main?: string;
  readonly exec?: readonly string[];
  /** JSON Schema of the config object. */
  readonly config?: JsonObject;
  /** Topic filters beyond the own tree. */
  readonly publishes: readonly string[];
  readonly subscribes: readonly string[];
  readonly commands: Readonly<Record<string, CommandDeclaration>>;
  readonly devices: Readonly<
    Record<string, { readonly name: string; readonly sensors: Readonly<Record<string, Sensor>> }>
  >;
  readonly programs: Readonly<Record<string, ProgramDeclaration>>;
  readonly panel?: string;
  readonly needs: Needs;
  readonly memoryMb: number;
  readonly aptPackages: readonly string[];
}

/** What a plugin needs of the machine, for `service install` and `doctor`. */
export interface Needs {
  /** Groups the hub's user must be in: `plugdev`. */
  readonly groups: readonly string[];
  /** Capabilities of Linux: `CAP_NET_ADMIN`. */
  readonly capabilities: readonly string[];
  /** Those that programs of root which it runs, such as newuidmap, must be able to have. */
  readonly privileged: readonly string[];
  /** Protections of the systemd unit that would break it: `ProtectKernelTunables`. */
  readonly unprotected: readonly string[];
  /** Whether it makes control groups of its own. */
  readonly delegate: boolean;
  /** Lines of a udev rules file, and of a polkit one. */
  readonly udev: readonly string[];
  readonly polkit: readonly string[];
}

export interface CommandDeclaration {
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly args?: JsonObject;
  readonly admin?: boolean;
  readonly timeoutSeconds?: number;
}

export interface ProgramDeclaration {
  readonly description: string;
  readonly main?: string;
  readonly exec?: readonly string[];
}

export const PLUGIN_STATES = [
  'running',
  'starting',
  'waiting',
  'unconfigured',
  'disabled',
  'stopped',
  'restarting',
  'hung',
  'crashed',
  'incompatible',
  'invalid',
] as const;
export type PluginState = (typeof PLUGIN_STATES)[number];

/** Topic filters a plugin may use beyond its own tree, as the broker enforces them. */
export interface Permissions {
  readonly publishes: readonly string[];
  readonly subscribes: readonly string[];
}

/** `hub/plugins/<id>`, and with `id`, `name`, `license` and `permissions` a row of `GET /api/v1/plugins`. */
export interface PluginStatus {
  readonly state: PluginState;
  readonly reason?: string;
  readonly advice?: string;
  /** Epoch ms of the last change of state. */
  readonly since: number;
  readonly version?: string;
  readonly restarts: number;
  readonly rssBytes?: number;
}

export interface PluginRow extends PluginStatus {
  readonly id: string;
  readonly name: string;
  readonly license?: string;
  readonly description?: string;
  readonly permissions: Permissions;
}

/** How a command ended, before HTTP or the command line gives it its own form. */
export type CommandOutcome =
  | { readonly kind: 'answer'; readonly answer: JsonObject }
  | { readonly kind: 'unknown' | 'not_running' | 'timeout'; readonly message: string }
  | {
      readonly kind: 'bad_arguments';
      readonly message: string;
      readonly problems: readonly { path: string; message: string }[];
    }
  | { readonly kind: 'forbidden'; readonly message: string };

export interface InstallOutcome {
  readonly id: string;
  /** What it asks for. */
  readonly permissions: Permissions;
  /** Why the version of before was brought back. */
  readonly rolledBack?: string;
}

export interface OutdatedRow {
  readonly id: string;
  readonly version: string;
  /** Version or commit. */
  readonly available: string;
  readonly source: string;
}

/** The plugin side of the hub, as HTTP and the composition root use it. */
export interface PluginManager {
  /** Finds plugins, sweeps leftovers of a killed hub, starts what is to run. Resolves before plugins are ready. */
  start(): Promise<void>;
  /** Stops every plugin in parallel: SIGTERM, 5 s, SIGKILL. */
  stop(): Promise<void>;
  list(): readonly PluginRow[];
  find(id: string): PluginDetails | undefined;
  /** @throws HubError `plugin_unknown` | `plugin_not_runnable` */
  act(id: string, action: 'start' | 'stop' | 'restart' | 'enable' | 'disable'): Promise<PluginRow>;
  command(id: string, name: string, args: JsonObject, from: { user: string; admin: boolean }): Promise<CommandOutcome>;
  /** The configuration changed: restarts exactly the plugins whose part changed. */
  reconfigure(): Promise<void>;
  /** Unix socket of the plugin's own HTTP server, when it has one. */
  httpSocket(id: string): string | undefined;
  /**
   * Puts a plugin into `<data>/plugins` after checking it: from a folder, .tgz, package of npm or git repository. An
   * upgrade that does not stay up is taken back.
   * @param allowScripts whether npm may run the scripts of the packages it depends on
   */
  install(source: string, allowScripts?: boolean): Promise<InstallOutcome>;
  /** Brings the version of before back. @throws HubError `no_previous` | `plugin_unknown` | `plugin_first_party` */
  rollBack(id: string): Promise<PluginRow>;
  /** What is newer where plugins came from. @throws HubError `install_source` */
  outdated(): Promise<readonly OutdatedRow[]>;
  /** Removes a folder of `<data>/plugins`; its data is kept. @throws HubError `plugin_unknown` | `plugin_first_party` */
  remove(id: string): Promise<void>;
}

export interface PluginDetails {
  readonly row: PluginRow;
  readonly manifest: Manifest | undefined;
  /** The plugin's folder: `plugin.json`, `panel`, README. */
  readonly folder: string;
  /** Shipped with the hub, so its panel may run inside the page. */
  readonly firstParty: boolean;
}
