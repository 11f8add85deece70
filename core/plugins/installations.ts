import { basename } from 'node:path';
import { HubError } from '../support/errors.ts';
import type { HubEvents } from '../support/events.ts';
import type { Logger } from '../support/log.ts';
import type { DocumentStore } from '../support/store.ts';
import type { InstallOutcome, OutdatedRow } from './contract.ts';
import type { Decision } from './decide.ts';
import type { PluginFolder } from './discover.ts';
import { newerAt, type Origin } from './fetch.ts';
import { installPlugin, removeInstalled, rollBack } from './install.ts';
import { failsProbation } from './probation.ts';
import type { Supervisor } from './supervisor.ts';

/** Space of the document store. */
const ORIGINS = 'plugin-origins';

/** A plugin of the hub as it is here and now. */
export interface Present {
  readonly source: PluginFolder | undefined;
  readonly decision: Decision;
  readonly supervisor: Supervisor;
}

export interface InstallationsOptions {
  readonly pluginsFolder: string;
  readonly documents: DocumentStore;
  readonly events: HubEvents;
  readonly log: Logger;
  readonly probationMs: number;
  /** Ids that ship with the hub. */
  readonly taken: () => readonly string[];
  readonly find: (id: string) => Present | undefined;
  /** Brings the hub in line with a folder that came, changed or went. */
  readonly folderChanged: (name: string) => Promise<void>;
}

/** Puts plugins of others in, keeps the way back, and takes them out. */
export class Installations {
  constructor(private readonly options: InstallationsOptions) {}

  async install(source: string, allowScripts: boolean): Promise<InstallOutcome> {
    const { pluginsFolder, documents, events, log, probationMs, taken, folderChanged } = this.options;
    const { id, origin, isUpgrade } = await installPlugin(source, { pluginsFolder, taken: taken(), allowScripts });
    await documents.put(ORIGINS, id, origin);
    await folderChanged(id);
    const { supervisor, decision } = this.#expect(id);
    const isOnProbation = isUpgrade && supervisor.isWanted;
    const fault = isOnProbation ? await failsProbation(supervisor, probationMs) : undefined;
    if (fault === undefined) return { id, permissions: decision.permissions };
    await this.rollBack(id);
    events('plugin_rolled_back', { plugin: id, reason: fault });
    log.error(`the new version of ${id} is no good (${fault}): the one of before runs again`);
    return { id, permissions: this.#expect(id).decision.permissions, rolledBack: fault };
  }

  async rollBack(id: string): Promise<void> {
    const { folder } = this.#installed(id);
    await rollBack(folder);
    await this.options.folderChanged(basename(folder));
  }

  async outdated(): Promise<readonly OutdatedRow[]> {
    const rows = this.options.documents.list<Origin>(ORIGINS).map(async ([id, origin]) => {
      const version = this.options.find(id)?.source?.manifest?.version;
      if (version === undefined) return []; // its folder was taken away by hand
      const available = await newerAt(origin, version);
      return available === undefined ? [] : [{ id, version, available, source: origin.source }];
    });
    return (await Promise.all(rows)).flat();
  }

  async remove(id: string): Promise<void> {
    const { folder } = this.#installed(id);
    await removeInstalled(folder);
    await this.options.documents.delete(ORIGINS, id);
    await this.options.folderChanged(basename(folder));
  }

  #expect(id: string): Present {
    const present = this.options.find(id);
    if (!present) throw new HubError('plugin_unknown', `there is no plugin "${id}"`);
    return present;
  }

  #installed(id: string): PluginFolder {
    const { source } = this.#expect(id);
    if (!source) throw new HubError('plugin_unknown', `there is no folder of a plugin "${id}"`);
    if (source.firstParty)
      throw new HubError('plugin_first_party', `${id} ships with the hub: cupboard plugins disable ${id}`);
    return source;
  }
}
