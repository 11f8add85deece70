import { unwatchFile, watchFile } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, errorCode, errorText, HubError } from '../support/errors.ts';
import { writeFileAtomic } from '../support/files.ts';
import type { Logger } from '../support/log.ts';
import type { ConfigFile, HubConfig } from './contract.ts';
import { applyChanges, type Change, secretNames } from './edit.ts';
import { type Overrides, type ParsedConfig, parseConfig, parseConfigDocument } from './parse.ts';
import { readSecrets, secretsExposure, writeSecrets } from './secrets.ts';

export interface ConfigOptions {
  readonly dataDir: string;
  readonly log: Logger;
  readonly overrides?: Overrides;
}

/**
 * Reads cupboard.yaml and secrets.yaml.
 * @throws ConfigError with every problem
 */
export async function loadConfig({ dataDir, log, overrides = {} }: ConfigOptions): Promise<ConfigFile> {
  const file = new WatchedConfig(dataDir, log, overrides);
  await file.load();
  return file;
}

/** How often the files are looked at. Looking, rather than being told, also sees files replaced by editors and mounts. */
const LOOK_MS = 500;
/** An editor that writes in place shows an empty file first: a change is taken when nothing has followed for so long. */
const SETTLE_MS = 250;

const EMPTY = '# The configuration of this hub. Every key has a default: see the table in README.md\n';

class WatchedConfig implements ConfigFile {
  readonly path: string;
  readonly #secretsPath: string;
  readonly #log: Logger;
  readonly #overrides: Overrides;
  readonly #listeners: ((next: HubConfig, previous: HubConfig) => void)[] = [];
  #parsed: ParsedConfig | undefined;
  #text: string | undefined;
  /** Reads and writes of the files, one after another. */
  #work: Promise<unknown> = Promise.resolve();
  #settling: NodeJS.Timeout | undefined;

  constructor(dataDir: string, log: Logger, overrides: Overrides) {
    this.path = join(dataDir, 'cupboard.yaml');
    this.#secretsPath = join(dataDir, 'secrets.yaml');
    this.#log = log;
    this.#overrides = overrides;
  }

  get current(): HubConfig {
    return this.#inForce.config;
  }

  get #inForce(): ParsedConfig {
    if (!this.#parsed) throw new HubError('config_not_loaded', 'the configuration was not loaded');
    return this.#parsed;
  }

  secretValues(): readonly string[] {
    return this.#inForce.secretValues;
  }

  onChange(listener: (next: HubConfig, previous: HubConfig) => void): void {
    this.#listeners.push(listener);
  }

  async load(): Promise<void> {
    this.#text = await this.#read();
    this.#parsed = await this.#parse(this.#text ?? '');
    this.#warn();
  }

  edit(changes: readonly Change[]): Promise<HubConfig> {
    return this.#oneByOne(async () => {
      const document = parseConfigDocument((await this.#read()) ?? EMPTY);
      const before = secretNames(document);
      const secrets = applyChanges(document, changes);
      const text = document.toString({ lineWidth: 0 });
      const known = new Map([...(await readSecrets(this.#secretsPath)), ...secrets]);
      const parsed = parseConfig(text, known, this.#overrides);
      // Secrets first: a power cut in between leaves a name too many, never one that is missing.
      await writeSecrets(this.#secretsPath, secrets);
      await this.#write(text);
      const after = secretNames(document);
      const dropped = [...before].filter((name) => !after.has(name));
      await writeSecrets(this.#secretsPath, new Map(dropped.map((name) => [name, undefined])));
      this.#accept(text, parsed);
      return parsed.config;
    });
  }

  async watch(): Promise<void> {
    const changed = () => {
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => void this.#oneByOne(() => this.#reread()), SETTLE_MS);
    };
    for (const path of [this.path, this.#secretsPath]) watchFile(path, { interval: LOOK_MS }, changed);
    // What changed between the load and the first look.
    await this.#oneByOne(() => this.#reread());
  }

  async stop(): Promise<void> {
    clearTimeout(this.#settling);
    for (const path of [this.path, this.#secretsPath]) unwatchFile(path);
    await this.#work;
  }

  async #reread(): Promise<void> {
    try {
      const text = await this.#read();
      if (text === undefined && this.#text !== undefined) {
        this.#log.warn(`${this.path} is gone: the configuration in force stays until it is back`);
        return;
      }
      const parsed = await this.#parse(text ?? '');
      this.#accept(text, parsed);
    } catch (error) {
      this.#log.error(`cupboard.yaml is not used, the configuration in force stays:\n${errorText(error)}`);
    }
  }

  #accept(text: string | undefined, parsed: ParsedConfig): void {
    const previous = this.#inForce;
    this.#text = text;
    // Our own edit comes back through the watch, and a comment changes nothing.
    if (JSON.stringify(parsed.config) === JSON.stringify(previous.config)) return;
    this.#parsed = parsed;
    this.#log.info('the configuration changed');
    this.#warn(previous);
    for (const listener of this.#listeners) listener(parsed.config, previous.config);
  }

  #warn(previous?: ParsedConfig): void {
    const said = new Set(previous?.warnings.map(({ path }) => path));
    for (const { path, message } of this.#inForce.warnings) if (!said.has(path)) this.#log.warn(`${path}: ${message}`);
  }

  async #parse(text: string): Promise<ParsedConfig> {
    const parsed = parseConfig(text, await readSecrets(this.#secretsPath), this.#overrides);
    const exposure = await secretsExposure(this.#secretsPath);
    if (!exposure) return parsed;
    return { ...parsed, warnings: [...parsed.warnings, { path: 'secrets.yaml', message: exposure }] };
  }

  async #read(): Promise<string | undefined> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw new ConfigError([{ path: this.path, message: `cannot be read (${errorCode(error)})` }], { cause: error });
    }
  }

  async #write(text: string): Promise<void> {
    // Through a link, so that a cupboard.yaml kept elsewhere (in a repository, say) stays the one that is edited.
    const path = await realpath(this.path).catch(() => this.path);
    const mode = (await stat(path).catch(() => undefined))?.mode ?? 0o644;
    await writeFileAtomic(path, text, mode & 0o777);
  }

  #oneByOne<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#work.then(task);
    // Who asked gets the error; the next in line only waits.
    this.#work = result.catch(() => undefined);
    return result;
  }
}
