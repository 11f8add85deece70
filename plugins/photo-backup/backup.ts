import type { Hub, Store } from 'cupboard/sdk';
import { type Catalogue, openCatalogue } from './catalogue.ts';
import { type Config, missingSetting, type TargetSettings, targetSettings } from './config.ts';
import { type HashBook, openHashBook } from './hashes.ts';
import { type Ledger, noteTargets, openLedger } from './ledger.ts';
import { MIGRATIONS } from './migrations.ts';
import { openTarget } from './targets/index.ts';
import type { Target } from './targets/target.ts';

/** One target with its settings and what is known of it. */
export interface Place {
  readonly settings: TargetSettings;
  readonly target: Target;
  readonly ledger: Ledger;
}

/** What the parts of this plugin share: the photos, the targets, and what lies where. */
export interface Backup {
  /** The plugin's own database. */
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly hashes: HashBook;
  /** The targets whose settings are complete, by name. */
  readonly places: ReadonlyMap<string, Place>;
  /** Those that are not, with what is missing. */
  readonly incomplete: ReadonlyMap<string, string>;
  /** Names of targets that are no longer in the settings. */
  readonly former: readonly string[];
  /** Absolute folder of the archive; `undefined` while the photos plugin has not told. */
  archive(): string | undefined;
}

export function openBackup(hub: Hub<Config>): Backup {
  const store = hub.store(MIGRATIONS);
  const catalogue = openCatalogue(store);
  const places = new Map<string, Place>();
  const incomplete = new Map<string, string>();
  const all = targetSettings(hub.config);
  const former = noteTargets(
    store,
    all.map(({ name }) => name),
  );
  for (const settings of all) {
    const missing = missingSetting(settings);
    if (missing !== undefined) incomplete.set(settings.name, missing);
    else {
      const ledger = openLedger(store, settings.name);
      places.set(settings.name, { settings, target: openTarget(settings, hub), ledger });
    }
  }
  return {
    store,
    catalogue,
    hashes: openHashBook(store),
    places,
    incomplete,
    former,
    archive: () => hub.config.archive || catalogue.position().archive,
  };
}
