import type { Logger } from '../support/log.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A message as a plugin receives it. */
export interface Message {
  readonly topic: string;
  /** The payload as text. */
  readonly text: string;
  /** The payload parsed as JSON; the text itself where it is not JSON; `null` where it is empty (a cleared topic). */
  readonly payload: Json;
  /** True for a retained message delivered because of the subscription, false for a live one. */
  readonly retained: boolean;
}

/** What a sensor measures. Units are those Home Assistant's device class wants, metric. */
export interface Sensor {
  readonly unit?: string;
  readonly device_class?: string;
  readonly state_class?: 'measurement' | 'total' | 'total_increasing';
  /** Seconds between readings; a field older than three of them is absent from the device's topic. */
  readonly period?: number;
  /** For people: `Outdoor temperature`. */
  readonly name?: string;
}

export interface DeviceDescription {
  readonly name: string;
  readonly sensors: Readonly<Record<string, Sensor>>;
  /** Set for simulators and replays: every state carries it and nothing of it reaches an outside service. */
  readonly simulated?: boolean;
}

/** A field's value; `null` = measured but bad. */
export type Reading = number | string | boolean | null;

export interface Device {
  /**
   * Publishes the state and the plain value of every field given. Fields of earlier reports stay in the state while
   * they are fresh.
   * @param time when it was measured, epoch ms; default now. An older report does not replace a newer one.
   * @example device.report({ temperature: 21.4 })
   */
  report(readings: Readonly<Record<string, Reading>>, time?: number): Promise<void>;
  /** Replaces the description, for sensors or a `simulated` mark that are known only at run time. */
  describe(description: DeviceDescription): Promise<void>;
  /** Clears the device's topics; a later report brings it back. */
  clear(): Promise<void>;
}

/** Who sent a command. */
export interface Requester {
  readonly user: string;
  readonly admin: boolean;
}

/** A command's answer; `ok: false` carries `error` and, where they help, `expected` and `got`. */
export type CommandResult = JsonObject & { readonly ok: boolean };
export type CommandHandler<Arguments = JsonObject> = (
  args: Arguments,
  from: Requester,
) => Promise<CommandResult> | CommandResult;

/** An own SQLite file: a better-sqlite3 database, WAL, `synchronous=FULL`, foreign keys on. */
export type Store = import('better-sqlite3').Database;

export interface Location {
  /** Degrees, north positive. */
  readonly latitude: number;
  /** Degrees, east positive. */
  readonly longitude: number;
  /** Metres above sea level; absent = not known, then no sea-level pressure. */
  readonly elevation?: number;
}

/** All that a plugin sees of the hub. */
export interface Hub<Config = JsonObject> {
  /** The plugin's id: its topic tree. Differs from the manifest's id in a second instance. */
  readonly id: string;
  /** Checked against the manifest's schema, defaults filled in. */
  readonly config: Readonly<Config>;
  readonly log: Logger;
  /** Aborted when the plugin is asked to stop. */
  readonly signal: AbortSignal;
  /** The plugin's own folder; exists. */
  readonly dataDir: string;
  readonly location: Location | undefined;
  /** IANA name: `Europe/Berlin`. */
  readonly timezone: string;
  /** Name and version of the hub, for user agents and the like. */
  readonly hub: { readonly name: string; readonly version: string };

  /**
   * Declares a device below the plugin's tree and answers the handle to report with.
   * @param id one topic level; `status event command progress letter` are reserved
   * @example const outdoor = hub.device('outdoor', { name: 'Outdoor', sensors: { temperature: { unit: '°C', device_class: 'temperature', period: 36 } } });
   */
  device(id: string, description: DeviceDescription): Device;
  /**
   * Publishes `<id>/event/<name>`, not retained; recorded for a year. `time` is added.
   * @example await hub.event('card_inserted', { label: 'EOS_DIGITAL' });
   */
  event(name: string, data?: JsonObject): Promise<void>;
  /**
   * Answers `<id>/command/<name>`; the name stands in the manifest, whose schema has checked the arguments. A thrown
   * error becomes `{ok: false, error}`. The words `id` and `wait` of the arguments belong to the hub unless the schema
   * names them; `id` comes back in the answer.
   * @example hub.command('reboot', async (args, from) => { await modem.reboot(from.user); return { ok: true }; });
   */
  command<Arguments = JsonObject>(name: string, handler: CommandHandler<Arguments>): void;
  /**
   * Subscribes until the plugin stops, also across lost connections, after which retained messages come again. Resolves
   * when the broker has granted it, with the function that ends it.
   * @throws HubError `subscribe_denied`
   * @example await hub.subscribe('acurite/outdoor', ({ payload }) => archive(payload));
   */
  subscribe(filter: string, handler: (message: Message) => void | Promise<void>): Promise<() => Promise<void>>;
  /**
   * Publishes to a full topic, below the own tree or granted in the manifest; QoS 1 unless told. Text goes out as it is,
   * `null` as an empty payload (which clears a retained topic), everything else as JSON. Resolves when acknowledged, and
   * so durable; waits while the connection is lost, except with QoS 0, which is then dropped.
   * @throws HubError `publish_denied`
   * @example await hub.publish(`${hub.id}/card/7`, { files: 112 }, { retain: true });
   */
  publish(
    topic: string,
    payload: Json | Uint8Array,
    options?: { readonly retain?: boolean; readonly qos?: 0 | 1 | 2 },
  ): Promise<void>;
  /**
   * Runs `task` now and then every `seconds`, never overlapping itself; an error is logged and the rhythm kept.
   * @example hub.every(18, async () => outdoor.report(decode(await console.readReport(1))));
   */
  every(seconds: number, task: () => void | Promise<void>): void;
  /**
   * Opens the plugin's database after applying the migrations not yet applied, each in a transaction, the file copied
   * before. Migrations are only ever added to. Closed when the plugin stops.
   * @example const store = hub.store(['CREATE TABLE queue (time INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT']);
   */
  store(migrations: readonly string[], file?: string): Store;
  /**
   * An express Router served behind the login at `/plugins/<id>/...`.
   * @example (await hub.http()).get('/capture.txt', (request, response) => response.sendFile(capture));
   */
  http(): Promise<import('express').Router>;
  /**
   * The plugin runs but waits for hardware or a service; commands work. May be called before the start function is done.
   * @example hub.waiting('no console found', 'Plug it in and set its switch to USB mode 4.');
   */
  waiting(reason: string, advice?: string): void;
  /** It no longer waits. */
  ready(): void;
  /**
   * Publishes `<id>/progress/<job>`, with the time it will take as far as that can be told; as often as is useful.
   * @example hub.progress('import', imported, files.length, file.name);
   */
  progress(job: string, done: number, total: number, message?: string): void;
  /**
   * What somebody without any idea of computers should know of this plugin: `<id>/letter/paragraph`, retained, a paragraph of the
   * page that `cupboard letter` prints for the drawer with the important papers. No secrets.
   * @example hub.letter('Photos', 'They lie on the disk with the blue label, one folder for each week.');
   */
  letter(heading: string, paragraph: string): void;
}

export type Stop = () => void | Promise<void>;
/**
 * What a plugin's main module exports by default. It resolves when the plugin is ready; commands, timers and
 * subscriptions end by themselves at stop, `Stop` closes what else was opened.
 */
export type StartPlugin<Config = JsonObject> = (hub: Hub<Config>) => Promise<Stop | void> | Stop | void;

/** One history answer: `[time ms, min, mean, max]` a point. */
export interface History {
  readonly series: string;
  readonly unit?: string;
  readonly resolution: 'raw' | '5m' | '1h' | '1d';
  readonly points: readonly (readonly [number, number | null, number | null, number | null])[];
}

export type Units = 'metric' | 'imperial' | 'uk';

/** What a `main` program (`cupboard run <plugin> <name>`) is given; it owns the caller's terminal. */
export interface ProgramContext<Config = JsonObject> {
  readonly id: string;
  readonly config: Readonly<Config>;
  readonly dataDir: string;
  readonly args: readonly string[];
}
/** The default export of a `main` program: answers the exit code. */
export type RunProgram<Config = JsonObject> = (context: ProgramContext<Config>) => Promise<number> | number;
