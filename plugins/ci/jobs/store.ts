import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorText, HubError, type Logger, readSecrets, secretsExposure, writeFileAtomic } from 'cupboard/sdk';
import type { Checkout, Job, Layout, Merger } from '../contract.ts';
import type { ConfigRepo } from './config-repo.ts';
import { buildDefinitions, type DefinitionFiles, type DefinitionSet, type Definitions } from './definitions.ts';
import { readFolder, SECRETS_FILE } from './files.ts';
import { CHANGE_FILE, overlay } from './overlay.ts';
import { type DefinitionProblem, DefinitionsError, problemText } from './problem.ts';

export interface StoreOptions {
  /** The hub owner's definitions: `<data>/ci`; made where it is missing. */
  readonly folder: string;
  readonly configRepo?: ConfigRepo;
  /** Definitions that come with the plugin. */
  readonly shipped: DefinitionFiles;
  readonly merger: Pick<Merger, 'readFile'>;
  /** Names of static nodes, which jobs of a change may not use. */
  readonly machines: ReadonlySet<string>;
  /** File that keeps the newest definitions that were right, so that a restart does not lose them. */
  readonly lastGood: string;
  readonly log: Logger;
}

/** The layout in force. */
export interface LayoutStore {
  /** The newest layout whose definitions were right. */
  readonly layout: Layout;
  /** Why newer definitions are not in force; empty = they are. */
  readonly problems: readonly DefinitionProblem[];
  /** Calls `changed` whenever the layout or the problems are others. */
  onChange(changed: (layout: Layout) => void): void;
  /** Reads everything again now; what is wrong is in `problems` afterwards. */
  reload(): Promise<void>;
  /** Fetches the config_repo now and reloads if it has moved: after a push to it. */
  fetch(): Promise<void>;
  /**
   * The layout for a commit under test: the one in force and what the commit's own `.cupboard-ci.yaml` adds.
   * @throws DefinitionsError where that file is wrong
   */
  layoutFor(checkout: Checkout): Promise<Layout>;
  /**
   * Values of a job's secrets by environment variable; none of a job that the hub's owner did not define.
   * @throws HubError `secret_missing`
   */
  secretsOf(job: Job): Readonly<Record<string, string>>;
  /**
   * Builds definitions as they would be, without putting them in force.
   * @param text in place of the file `file` of the folder; without it, the files as they are now
   * @throws DefinitionsError
   */
  tryOut(text?: string, file?: string): Promise<Layout>;
  /** Checks a text as the `.cupboard-ci.yaml` of a project. @throws DefinitionsError */
  tryChange(text: string, project: string): Layout;
}

/** The folder of definitions by the config's key `definitions`, relative to the plugin's own data folder. */
export const definitionsFolder = (dataDir: string, configured: string): string => resolve(dataDir, configured);

/** Layouts of commits that are kept: a queue's worth, each reads a file out of git. */
const MAX_OVERLAYS = 200;

/** Opens the definitions; what is wrong with them is told by `problems`, not thrown. */
export async function openLayoutStore(options: StoreOptions): Promise<LayoutStore> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const store = new Store(options);
  await store.fetch();
  await store.reload();
  if (store.problems.length > 0) await store.restore();
  return store;
}

class Store implements LayoutStore {
  problems: readonly DefinitionProblem[] = [];
  readonly #options: StoreOptions;
  readonly #shipped: DefinitionSet;
  readonly #listeners: ((layout: Layout) => void)[] = [];
  readonly #overlays = new Map<string, Layout>();
  #definitions: Definitions;
  #secrets: ReadonlyMap<string, string> = new Map();
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#shipped = { label: 'shipped:', files: options.shipped };
    this.#definitions = buildDefinitions([], this.#shipped);
  }

  get layout(): Layout {
    return this.#definitions.layout;
  }

  onChange(changed: (layout: Layout) => void): void {
    this.#listeners.push(changed);
  }

  reload(): Promise<void> {
    // One after the other: a slow earlier look must not put older definitions over newer ones.
    this.#reloading = this.#reloading.then(() => this.#reload());
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    const { version } = this.layout;
    const before = this.problems;
    try {
      const sets = await this.#readSets();
      const definitions = buildDefinitions(sets, this.#shipped);
      const secrets = await this.#readSecrets(definitions.layout);
      await this.#keep(sets);
      this.#secrets = secrets;
      this.#accept(definitions);
      this.problems = [];
    } catch (error) {
      this.problems = problemsOf(error, this.#options.folder);
    }
    const texts = this.problems.map(problemText);
    if (version === this.layout.version && texts.join() === before.map(problemText).join()) return;
    if (texts.length > 0) this.#options.log.error(`the definitions are not in force:\n${texts.join('\n')}`);
    for (const changed of this.#listeners) changed(this.layout);
  }

  #accept(definitions: Definitions): void {
    this.#definitions = definitions;
    this.#overlays.clear();
  }

  async fetch(): Promise<void> {
    try {
      if (await this.#options.configRepo?.fetch()) await this.reload();
    } catch (error) {
      this.#options.log.warn(`the config_repo cannot be fetched, what it was last is in force: ${errorText(error)}`);
    }
  }

  async #readSets(): Promise<DefinitionSet[]> {
    const { folder, configRepo } = this.#options;
    const local = { label: '', files: await readFolder(folder) };
    return configRepo === undefined ? [local] : [local, { label: 'config_repo:', files: await configRepo.read() }];
  }

  async #keep(sets: readonly DefinitionSet[]): Promise<void> {
    const kept: Kept = sets.map(({ label, files }) => ({ label, files: [...files] }));
    await writeFileAtomic(this.#options.lastGood, JSON.stringify(kept), 0o600);
  }

  /** Puts the newest definitions that were right in force, as they were before the last stop. */
  async restore(): Promise<void> {
    try {
      const kept = JSON.parse(await readFile(this.#options.lastGood, 'utf8')) as Kept;
      this.#accept(
        buildDefinitions(
          kept.map(({ label, files }) => ({ label, files: new Map(files) })),
          this.#shipped,
        ),
      );
      this.#secrets = await this.#readSecrets(this.layout);
    } catch (error) {
      this.#options.log.warn(`no earlier definitions to go on with: ${errorText(error)}`);
    }
  }

  async #readSecrets(layout: Layout): Promise<ReadonlyMap<string, string>> {
    const path = join(this.#options.folder, SECRETS_FILE);
    const secrets = await readSecrets(path);
    const exposure = await secretsExposure(path);
    if (exposure !== undefined) this.#options.log.warn(exposure);
    const missing = [...layout.jobs.values()].flatMap((job) =>
      Object.values(job.secrets)
        .filter((name) => !secrets.has(name))
        .map((name) => ({ ...job.origin, job: job.name, message: `secrets: no ${name} in ${SECRETS_FILE}` })),
    );
    if (missing.length > 0) throw new DefinitionsError(missing);
    return secrets;
  }

  async layoutFor(checkout: Checkout): Promise<Layout> {
    const key = `${checkout.project} ${checkout.commit}`;
    const known = this.#overlays.get(key);
    if (known !== undefined) return known;
    const definitions = this.#definitions;
    const text = await this.#options.merger.readFile(checkout, CHANGE_FILE);
    const { machines } = this.#options;
    const layout = text === undefined ? definitions.layout : overlay(definitions, checkout.project, text, machines);
    if (definitions !== this.#definitions) return this.layoutFor(checkout);
    const [oldest] = this.#overlays.keys();
    if (this.#overlays.size >= MAX_OVERLAYS && oldest !== undefined) this.#overlays.delete(oldest);
    this.#overlays.set(key, layout);
    return layout;
  }

  secretsOf(job: Job): Readonly<Record<string, string>> {
    if (!job.trusted) return {};
    const values = Object.entries(job.secrets).map(([variable, name]) => {
      const value = this.#secrets.get(name);
      if (value === undefined)
        throw new HubError('secret_missing', `no ${name} in ${SECRETS_FILE}, for job ${job.name}`);
      return [variable, value];
    });
    return Object.fromEntries(values);
  }

  async tryOut(text?: string, file = 'text.yaml'): Promise<Layout> {
    const [local, ...others] = await this.#readSets();
    const files = new Map(local?.files);
    if (text !== undefined) files.set(file, text);
    return buildDefinitions([{ label: '', files }, ...others], this.#shipped).layout;
  }

  tryChange(text: string, project: string): Layout {
    return overlay(this.#definitions, project, text, this.#options.machines);
  }
}

/** How definitions are kept in a file. */
type Kept = readonly { readonly label: string; readonly files: readonly (readonly [string, string])[] }[];

export function problemsOf(error: unknown, file: string): readonly DefinitionProblem[] {
  return error instanceof DefinitionsError ? error.problems : [{ file, line: 1, message: errorText(error) }];
}
