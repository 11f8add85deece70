import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HubError, type Logger, type Store } from 'cupboard/sdk';
import type { Change, Merger, Source } from '../contract.ts';
import type { GerritConfig, RemoteConfig, SourcesConfig } from './config.ts';
import { createDependencies, type Dependencies, neededChanges } from './dependencies.ts';
import { Remote } from './forge/remote.ts';
import { RemoteSource } from './forge/source.ts';
import { checkHostKey } from './gerrit/session.ts';
import { GerritSource } from './gerrit/source.ts';
import { GitCache } from './git/cache.ts';
import { gitCredentials } from './git/credentials.ts';
import type { Git } from './git/git.ts';
import { checkName, isProject } from './git/names.ts';
import { LocalSource } from './local/source.ts';
import { openMemory } from './memory.ts';
import type { OpenedSource } from './opened.ts';

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
  /** As the cache runs it, for other repositories. */
  readonly git: Git;
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
  /**
   * All unmerged or merged changes that a change needs, each after those it needs itself.
   * @throws HubError `dependency_cycle`, `dependency_unknown`
   */
  needed(change: Change): Promise<readonly Change[]>;
  /** Closes a change of a local repository that is not wanted, or opens it again. @throws HubError as `approve` */
  setAbandoned(name: string, isAbandoned: boolean): Promise<Change>;
}

/** Names of sources; the local one as in `git push hub`. */
const LOCAL = 'hub';
const REMOTE = 'remote';
const GERRIT = 'gerrit';
const LISTING_MS = 10_000;

/**
 * Opens all sources of the config; the caller starts and stops each.
 * @throws HubError `name_refused`, `config_invalid`
 */
export async function openSources(config: SourcesConfig, options: SourcesOptions): Promise<Sources> {
  const { dataDir, signal } = options;
  checkProjects(config);
  // Every request and every git in progress listens to it.
  setMaxListeners(0, signal);
  const opened: OpenedSource[] = [];
  const locate = (project: string) => opened.find((source) => source.has(project))?.locate(project);
  const cache = await GitCache.open(join(dataDir, 'git'), locate, signal);
  const dependencies = createDependencies(() => opened);
  const local = openLocal(config, options, cache, dependencies);
  opened.push(local);
  if (Object.keys(config.remotes).length > 0 || config.webhooks)
    opened.push(await openRemotes(config, options, cache, dependencies));
  if (config.gerrit) opened.push(await openGerrit(config.gerrit, options, cache, dependencies));

  // A local repository is asked each time; servers are spared, however often a page asks.
  const listings = opened.map((source) =>
    source === local ? () => local.openChanges() : keptFor(LISTING_MS, () => source.openChanges()),
  );
  const byId = async (id: string): Promise<Change | undefined> => {
    const [, source, project = '', number = ''] = /^([^:]+):(.+)\/(\d+)$/.exec(id) ?? [];
    return await opened.find(({ name }) => name === source)?.find(project, number);
  };
  const find = (name: string) => findByName(name, opened, config);
  const act = async (name: string, action: (project: string, number: string) => Promise<void>): Promise<Change> => {
    const change = await find(name);
    if (change.source !== LOCAL) throw new HubError('not_local', `${change.id} is reviewed where it came from`);
    await action(change.project, change.number ?? '');
    return (await local.refresh(change)) ?? change;
  };
  return {
    sources: opened,
    merger: cache,
    git: cache.git,
    changes: async () => (await Promise.all(listings.map((list) => list()))).flat(),
    find,
    needed: (change) => neededChanges(change, byId),
    approve: (name, account) => act(name, (project, number) => local.approve(project, number, account)),
    comment: (name, account, text) =>
      act(name, (project, number) => local.comment(project, number, { account, text, votes: {} })),
    setAbandoned: (name, isAbandoned) =>
      act(name, (project, number) => local.setAbandoned(project, number, isAbandoned)),
  };
}

/** Answers the last result while it is younger than `ms`; a failure is not kept. */
function keptFor<Result>(ms: number, task: () => Promise<Result>): () => Promise<Result> {
  let kept: { readonly until: number; readonly result: Promise<Result> } | undefined;
  return () => {
    if (kept === undefined || performance.now() > kept.until) {
      const result = task();
      kept = { until: performance.now() + ms, result };
      result.catch(() => {
        kept = undefined;
      });
    }
    return kept.result;
  };
}

function checkProjects({ repositories, remotes }: SourcesConfig): void {
  for (const project of [...Object.keys(repositories), ...Object.keys(remotes)]) {
    checkName('project', project, isProject);
    if (repositories[project] && remotes[project]) {
      throw new HubError(
        'config_invalid',
        `${project} stands in repositories and in remotes: a project has one source`,
      );
    }
  }
}

function openLocal(
  config: SourcesConfig,
  { dataDir, store, log, page = '', receive }: SourcesOptions,
  { git }: GitCache,
  dependencies: Dependencies,
): LocalSource {
  const repositories = Object.entries(config.repositories).map(
    ([project, { path }]) => [project, path ?? join(dataDir, 'repositories', `${project}.git`)] as const,
  );
  return new LocalSource({
    source: LOCAL,
    repositories: new Map(repositories),
    git,
    memory: openMemory(store, LOCAL),
    // Beside the bundled main module.
    receive: receive ?? [process.execPath, fileURLToPath(new URL('./programs/receive.js', import.meta.url))],
    page,
    dependencies,
    log,
  });
}

async function openRemotes(
  config: SourcesConfig,
  { dataDir, store, log, signal }: SourcesOptions,
  cache: GitCache,
  dependencies: Dependencies,
): Promise<RemoteSource> {
  const memory = openMemory(store, REMOTE);
  const folder = join(dataDir, 'known-hosts');
  await mkdir(folder, { recursive: true });
  const open = async (project: string, remote: RemoteConfig) => {
    const environment = await gitCredentials(remote, join(folder, encodeURIComponent(project)));
    const gitRemote = { url: remote.url, environment };
    const shared = { cache, memory, dependencies, log, signal };
    return [project, new Remote({ source: REMOTE, project, config: remote, gitRemote, ...shared })] as const;
  };
  const remotes = await Promise.all(Object.entries(config.remotes).map(([project, remote]) => open(project, remote)));
  return new RemoteSource({ name: REMOTE, remotes: new Map(remotes), webhooks: config.webhooks, memory, log });
}

async function openGerrit(
  config: GerritConfig,
  { dataDir, store, log, signal }: SourcesOptions,
  cache: GitCache,
  dependencies: Dependencies,
): Promise<GerritSource> {
  checkHostKey(config.host_key);
  const url = `ssh://${config.user}@${config.host}:${config.port}/`;
  const environment = await gitCredentials({ ...config, url }, join(dataDir, 'known-hosts-of-gerrit'));
  const memory = openMemory(store, GERRIT);
  return new GerritSource({ name: GERRIT, config, environment, cache, memory, dependencies, log, signal });
}

/** The change that people mean by `12`, `lamp/12` or `hub:lamp/12`; of several `12` the open one. */
async function findByName(name: string, opened: readonly OpenedSource[], config: SourcesConfig): Promise<Change> {
  const [, source, project, number = ''] = /^(?:([^:/]+):)?(?:(.+)\/)?(\d+)(?:,\w+)?$/.exec(name.trim()) ?? [];
  const projects =
    project === undefined ? [...Object.keys(config.repositories), ...Object.keys(config.remotes)] : [project];
  const found: Change[] = [];
  for (const among of projects) {
    const owner = opened.find((one) => one.has(among));
    const change = source === undefined || owner?.name === source ? await owner?.find(among, number) : undefined;
    if (change) found.push(change);
  }
  const open = found.filter(({ isOpen }) => isOpen);
  const [change, another] = open.length > 0 ? open : found;
  if (change === undefined) throw new HubError('change_unknown', `there is no change ${JSON.stringify(name)}`);
  if (another !== undefined) {
    throw new HubError('change_ambiguous', `say which: ${found.map(({ id }) => id).join(', ')}`);
  }
  return change;
}
