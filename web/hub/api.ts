import type { CommandResult, History, JsonObject, Location } from 'cupboard/sdk';
import type { Units } from './units.ts';

export interface Session {
  readonly user: string;
  readonly role: 'admin' | 'viewer';
}

export interface Settings {
  readonly name: string;
  readonly location?: Location;
  readonly timezone: string;
  readonly units: Units;
}

export type PluginState =
  | 'running'
  | 'starting'
  | 'waiting'
  | 'unconfigured'
  | 'disabled'
  | 'stopped'
  | 'restarting'
  | 'hung'
  | 'crashed'
  | 'incompatible'
  | 'invalid';

export interface Health {
  readonly status: 'ok' | 'degraded';
  /** What is wrong with the hub itself: a full disk, a journal that waits. */
  readonly problems: readonly string[];
}

/** `hub/plugins/<id>`. */
export interface PluginStatus {
  readonly state: PluginState;
  readonly reason?: string;
  readonly advice?: string;
  readonly since: number;
  readonly version?: string;
  readonly restarts: number;
  readonly rssBytes?: number;
}

export interface Plugin extends PluginStatus {
  readonly id: string;
  readonly name: string;
  readonly license?: string;
  readonly description?: string;
  readonly permissions: { readonly publishes: readonly string[]; readonly subscribes: readonly string[] };
  /** Its page runs inside this one or, when it did not come with the hub, in a sandboxed frame. */
  readonly panel?: 'page' | 'frame';
}

export interface CommandDeclaration {
  readonly description: string;
  readonly args?: JsonObject;
  readonly admin?: boolean;
}

/** `GET /api/v1/plugins/:id`: the row and what the manifest declares. */
export interface PluginDetails extends Plugin {
  readonly commands: Readonly<Record<string, CommandDeclaration>>;
}

export interface PluginConfig {
  readonly schema?: JsonObject;
  readonly config: JsonObject;
}

export interface Series {
  readonly series: string;
  readonly unit?: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly bytes: number;
}

export interface RecordedEvent {
  readonly time: number;
  readonly topic: string;
  readonly payload: string;
}

export interface LogEntry {
  readonly time: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly plugin: string;
  readonly message: string;
}

export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** An answer that is not 2xx, told in the words of the hub. */
export class ApiError extends Error {
  readonly status: number;
  readonly problems: readonly FieldProblem[];

  constructor(status: number, message: string, problems: readonly FieldProblem[] = [], options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.status = status;
    this.problems = problems;
  }
}

export type PluginAction = 'start' | 'stop' | 'restart' | 'enable' | 'disable';

/** HTTP of the hub: everything that is not live. One method per route, so that this file is the list of what the page asks. */
export class Api {
  /** Hub's clock minus ours: ages are shown by the clock that stamped the readings. */
  #clockOffset = 0;
  readonly #onSignedOut: () => void;

  constructor(onSignedOut: () => void) {
    this.#onSignedOut = onSignedOut;
  }

  /** Epoch ms by the hub's clock. */
  now(): number {
    return Date.now() + this.#clockOffset;
  }

  session = () => this.#ask<Session>('GET', '/session');
  login = (user: string, password: string) => this.#ask<Session>('POST', '/login', { user, password });
  logout = () => this.#ask<void>('POST', '/logout');
  /** The one-time link creates an account; the first one is the admin's. */
  setup = (token: string, user: string, password: string) =>
    this.#ask<Session>('POST', '/setup', { token, user, password });

  settings = () => this.#ask<Settings>('GET', '/settings');
  saveSettings = (settings: Settings) => this.#ask<Settings>('PUT', '/settings', settings);
  health = () => this.#ask<Health>('GET', '/health', undefined, [503]);

  plugins = () => this.#ask<Plugin[]>('GET', '/plugins');
  plugin = (id: string) => this.#ask<PluginDetails>('GET', `/plugins/${encodeURIComponent(id)}`);
  act = (id: string, action: PluginAction) => this.#ask<Plugin>('POST', `/plugins/${encodeURIComponent(id)}/${action}`);
  config = (id: string) => this.#ask<PluginConfig>('GET', `/plugins/${encodeURIComponent(id)}/config`);
  saveConfig = (id: string, config: JsonObject) =>
    this.#ask<PluginConfig>('PUT', `/plugins/${encodeURIComponent(id)}/config`, config);
  command = (id: string, name: string, args: JsonObject) =>
    this.#ask<CommandResult>('POST', `/plugins/${encodeURIComponent(id)}/commands/${encodeURIComponent(name)}`, args);

  series = () => this.#ask<Series[]>('GET', '/series');
  history = (query: { series: string; from: number; to: number; points?: number }) =>
    this.#ask<History>('GET', `/history?${search(query)}`);
  /** For a link: the same answer as a file. */
  historyCsv = (query: { series: string; from: number; to: number }) =>
    `/api/v1/history?${search({ ...query, format: 'csv' })}`;
  events = (query: { from?: number; to?: number; filter?: string; limit?: number }) =>
    this.#ask<RecordedEvent[]>('GET', `/events?${search(query)}`);
  logs = (query: { plugin?: string; level?: string; limit?: number }) =>
    this.#ask<LogEntry[]>('GET', `/logs?${search(query)}`);

  /** @throws ApiError with the hub's own words; `problems` names fields where it does */
  async #ask<T>(method: string, path: string, body?: unknown, alsoFine: readonly number[] = []): Promise<T> {
    const response = await fetch(`/api/v1${path}`, {
      method,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw new ApiError(0, 'The hub does not answer. Is it running?', [], { cause });
    });
    this.#setClock(response);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const answer: unknown = isJson ? await response.json() : undefined;
    if (response.ok || alsoFine.includes(response.status)) return answer as T;
    if (response.status === 401 && path !== '/session' && path !== '/login') this.#onSignedOut();
    throw problemError(response, answer as ProblemDocument | undefined);
  }

  /** `Date` has whole seconds: only a clock that is clearly off is corrected. */
  #setClock(response: Response): void {
    const date = Date.parse(response.headers.get('date') ?? '');
    const offset = date - Date.now();
    this.#clockOffset = Math.abs(offset) > 3000 ? offset : 0;
  }
}

/** application/problem+json (RFC 9457). */
interface ProblemDocument {
  readonly title?: string;
  readonly detail?: string;
  readonly problems?: readonly FieldProblem[];
}

function problemError(response: Response, problem: ProblemDocument | undefined): ApiError {
  const message = problem?.detail ?? problem?.title ?? `The hub answered ${response.status} ${response.statusText}`;
  return new ApiError(response.status, message, problem?.problems);
}

function search(query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
}
