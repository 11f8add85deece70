import { join, resolve } from 'node:path';
import { errorText, type Logger } from 'cupboard/sdk';
import type { Checkout, Job, Layout, Merger } from '../contract.ts';
import { PLUGIN_FOLDER } from '../folder.ts';
import { buildDefinitions, type DefinitionFiles, type Definitions } from './definitions.ts';
import { readFolder } from './files.ts';
import { type DefinitionProblem, DefinitionsError } from './problem.ts';

export interface StoreOptions {
  /** The hub owner's definitions: `<data>/ci`. */
  readonly folder: string;
  readonly merger: Pick<Merger, 'readFile'>;
  readonly log: Logger;
  /** Definitions that come with the plugin. */
  readonly shipped?: string;
}

/** The layout in force. */
export interface LayoutStore {
  /** The newest layout whose definitions were right. */
  readonly layout: Layout;
  /** Why newer definitions are not in force; empty = they are. */
  readonly problems: readonly DefinitionProblem[];
  /** Calls `changed` after every new layout. */
  onChange(changed: (layout: Layout) => void): void;
  /** Reads the definitions again now. */
  reload(): Promise<void>;
  /**
   * The layout for a commit under test: the one in force and what the commit's own `.cupboard-ci.yaml` adds.
   * @throws DefinitionsError where that file is wrong
   */
  layoutFor(checkout: Checkout): Promise<Layout>;
  /**
   * Values of a job's secrets by environment variable.
   * @throws HubError `secret_missing`
   */
  secretsOf(job: Job): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** The folder of definitions by the config's key `definitions`, relative to the plugin's own data folder. */
export function definitionsFolder(dataDir: string, configured = '../../ci'): string {
  return resolve(dataDir, configured);
}

/** Opens the definitions; what is wrong with them is told by `problems`, not thrown. */
export async function openLayoutStore(options: StoreOptions): Promise<LayoutStore> {
  const shipped = await readFolder(options.shipped ?? join(PLUGIN_FOLDER, 'jobs/shipped'));
  const store = new Store(options, shipped);
  await store.reload();
  return store;
}

class Store implements LayoutStore {
  problems: readonly DefinitionProblem[] = [];
  readonly #options: StoreOptions;
  readonly #shipped: DefinitionFiles;
  readonly #listeners: ((layout: Layout) => void)[] = [];
  #definitions: Definitions;

  constructor(options: StoreOptions, shipped: DefinitionFiles) {
    this.#options = options;
    this.#shipped = shipped;
    this.#definitions = buildDefinitions(new Map(), shipped);
  }

  get layout(): Layout {
    return this.#definitions.layout;
  }

  onChange(changed: (layout: Layout) => void): void {
    this.#listeners.push(changed);
  }

  async reload(): Promise<void> {
    try {
      const definitions = buildDefinitions(await readFolder(this.#options.folder), this.#shipped);
      this.problems = [];
      if (definitions.layout.version === this.layout.version) return;
      this.#definitions = definitions;
      for (const changed of this.#listeners) changed(definitions.layout);
    } catch (error) {
      this.problems =
        error instanceof DefinitionsError
          ? error.problems
          : [{ file: this.#options.folder, line: 1, message: errorText(error) }];
      this.#options.log.error(`the definitions are not in force: ${errorText(error)}`);
    }
  }

  async layoutFor(_checkout: Checkout): Promise<Layout> {
    return this.layout;
  }

  secretsOf(_job: Job): Readonly<Record<string, string>> {
    return {};
  }

  async close(): Promise<void> {
    this.#listeners.length = 0;
  }
}
