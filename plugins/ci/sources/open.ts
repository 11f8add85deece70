import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HubError, type Logger, type Store } from 'cupboard/sdk';
import type { Change, Merger, Source } from '../contract.ts';
import type { SourcesConfig } from './config.ts';
import { GitCache } from './git/cache.ts';
import { checkName, isProject } from './git/names.ts';
import { LocalSource } from './local/source.ts';
import { openMemory } from './memory.ts';

export interface SourcesOptions {
  /** The plugin's own folder. */
  readonly dataDir: string;
  /** The file `sources.db`, opened with `SOURCE_MIGRATIONS`. */
  readonly store: Store;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Address of a change's page, with `{change}` in it; told to who pushes. */
  readonly page?: string;
  /** argv of the program `receive`, which hooks of local repositories run. */
  readonly receive?: readonly string[];
}

/** All sources and the merger over them. */
export interface Sources {
  readonly sources: readonly Source[];
  readonly merger: Merger;
  /** Open changes of the sources that know them. */
  changes(): Promise<readonly Change[]>;
  /**
   * A change as people write it: `12`, `lamp/12` or `hub:lamp/12`, a patch set after a comma ignored.
   * @throws HubError `change_unknown`, `change_ambiguous`
   */
  find(name: string): Promise<Change>;
  /** Approves the newest patch set of a change of a local repository. @throws HubError as `find`, `change_closed`, `not_local` */
  approve(name: string, account: string): Promise<Change>;
  /** Says something of it, such as `recheck`. @throws HubError as `approve` */
  comment(name: string, account: string, text: string): Promise<Change>;
  /** @throws HubError as `approve` */
  setAbandoned(name: string, isAbandoned: boolean): Promise<Change>;
}

/** Name of the source of local repositories, as in `git push hub`. */
const LOCAL = 'hub';

/** Opens all sources of the config; the caller starts and stops each. */
export async function openSources(config: SourcesConfig, options: SourcesOptions): Promise<Sources> {
  const { dataDir, store, log, signal, page = '' } = options;
  const repositories = Object.entries(config.repositories).map(([project, { path }]) => {
    checkName('project', project, isProject);
    return [project, path ?? join(dataDir, 'repositories', `${project}.git`)] as const;
  });
  const merger = await GitCache.open(join(dataDir, 'git'), (project) => local.locate(project), signal);
  const receive = options.receive ?? [
    process.execPath,
    // Beside the bundled main module.
    fileURLToPath(new URL('./programs/receive.js', import.meta.url)),
  ];
  const local = new LocalSource({
    source: LOCAL,
    repositories: new Map(repositories),
    git: merger.git,
    memory: openMemory(store, LOCAL),
    receive,
    page,
    dependencies: async () => [],
    log,
  });
  const sources = [local];
  const changes = async () => (await Promise.all(sources.map((source) => source.openChanges()))).flat();

  const find = async (name: string): Promise<Change> => {
    const [, source, project, number = ''] = /^(?:([^:/]+):)?(?:(.+)\/)?(\d+)(?:,\d+)?$/.exec(name.trim()) ?? [];
    const among = project === undefined ? repositories.map(([known]) => known) : [project];
    const found: Change[] = [];
    for (const candidate of sources.filter((one) => source === undefined || one.name === source)) {
      for (const known of among) {
        const change = await candidate.find(known, number);
        if (change) found.push(change);
      }
    }
    // A bare number means the open one where there are several.
    const open = found.filter(({ isOpen }) => isOpen);
    const [change, another] = open.length > 0 ? open : found;
    if (change === undefined) throw new HubError('change_unknown', `there is no change ${JSON.stringify(name)}`);
    if (another !== undefined) {
      throw new HubError('change_ambiguous', `say which: ${found.map(({ id }) => id).join(', ')}`);
    }
    return change;
  };
  const act = async (name: string, action: (project: string, number: string) => Promise<void>): Promise<Change> => {
    const change = await find(name);
    if (change.source !== LOCAL) throw new HubError('not_local', `${change.id} is reviewed where it came from`);
    await action(change.project, change.number ?? '');
    return (await local.refresh(change)) ?? change;
  };
  return {
    sources,
    merger,
    changes,
    find,
    approve: (name, account) => act(name, (project, number) => local.approve(project, number, account)),
    comment: (name, account, text) =>
      act(name, (project, number) => local.comment(project, number, { account, text, votes: {} })),
    setAbandoned: (name, isAbandoned) =>
      act(name, (project, number) => local.setAbandoned(project, number, isAbandoned)),
  };
}
