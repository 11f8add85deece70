import { type FSWatcher, watch } from 'node:fs';
import { errorText, HubError, type Logger } from 'cupboard/sdk';
import type { Change, Checkout, Report, SourceEvent } from '../../contract.ts';
import type { GitRemote } from '../git/cache.ts';
import type { Git } from '../git/git.ts';
import { createLocks } from '../git/lock.ts';
import type { Memory } from '../memory.ts';
import type { OpenedSource } from '../opened.ts';
import { describeRef, openRefLedger } from '../refs.ts';
import { type ChangeRecord, newestPatchSet, parseNumber, withComment } from './change-refs.ts';
import { describeChange, LocalRepository, type Naming } from './describe.ts';
import { createRepository, installHooks, PUSHED_FILE, touch } from './hooks.ts';
import { landChange } from './land.ts';
import { OWN_ACCOUNT, openNews } from './news.ts';

export interface LocalOptions extends Naming {
  /** Project to path of its bare repository. */
  readonly repositories: ReadonlyMap<string, string>;
  readonly git: Git;
  readonly memory: Memory;
  /** argv of the program `receive`. */
  readonly receive: readonly string[];
  readonly log: Logger;
}

/** Looks again so often, for pushes that no hook told of. */
const RESCAN_MS = 30_000;
/** A push writes the file once, a watcher may tell of it twice. */
const SETTLE_MS = 20;

/**
 * Bare repositories on this machine. What happened is read from their refs and compared with what was told before, so
 * pushes while the hub is down are told at its next start.
 */
export class LocalSource implements OpenedSource {
  readonly name: string;
  readonly #options: LocalOptions;
  readonly #repositories: ReadonlyMap<string, LocalRepository>;
  readonly #alone = createLocks();
  readonly #watchers: FSWatcher[] = [];
  /** Open changes by project, and what they were described from. */
  readonly #listed = new Map<string, { readonly state: string; readonly changes: readonly Change[] }>();
  #rescan: NodeJS.Timeout | undefined;
  #tell: (event: SourceEvent) => void = () => undefined;

  constructor(options: LocalOptions) {
    this.name = options.source;
    this.#options = options;
    this.#repositories = new Map(
      [...options.repositories].map(([project, path]) => [project, new LocalRepository(options.git, project, path)]),
    );
  }

  locate(project: string): GitRemote | undefined {
    const repository = this.#repositories.get(project);
    return repository && { url: repository.path };
  }

  has(project: string): boolean {
    return this.#repositories.has(project);
  }

  findByUrl(url: string): string | undefined {
    const [before = '', after = ''] = this.#options.page.split('{change}');
    if (before === '' || !url.startsWith(before) || !url.endsWith(after)) return undefined;
    const name = url.slice(before.length, url.length - after.length);
    return /^.+\/\d+$/.test(name) ? `${this.name}:${name}` : undefined;
  }

  /** A repository that cannot be used is named in the log; the others go on. */
  async start(tell: (event: SourceEvent) => void): Promise<void> {
    this.#tell = tell;
    for (const repository of this.#repositories.values()) {
      try {
        await this.#open(repository);
      } catch (error) {
        this.#options.log.error(`repository ${repository.project}: ${errorText(error)}`);
      }
    }
    this.#rescan = setInterval(() => {
      for (const repository of this.#repositories.values()) this.#look(repository);
    }, RESCAN_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#rescan);
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    for (const project of this.#repositories.keys()) await this.#alone(project, async () => undefined);
  }

  async refresh(change: Change): Promise<Change | undefined> {
    if (change.kind !== 'change') return change;
    return await this.find(change.project, change.number ?? '');
  }

  async find(project: string, number: string): Promise<Change | undefined> {
    const repository = this.#repositories.get(project);
    const stored = await repository?.changes.read(parseNumber(number));
    return repository && stored && (await this.#describe(repository, stored.record));
  }

  async findByChangeId(changeId: string): Promise<readonly string[]> {
    const found = await Promise.all(
      [...this.#repositories.values()].map(async ({ project, changes }) =>
        (await changes.list())
          .filter(({ record }) => record.changeId === changeId && record.status !== 'abandoned')
          .map(({ record }) => `${this.name}:${project}/${record.number}`),
      ),
    );
    return found.flat();
  }

  async openChanges(): Promise<readonly Change[]> {
    const found = await Promise.all([...this.#repositories.values()].map((repository) => this.#listOpen(repository)));
    return found.flat();
  }

  /** Described again only when one of them has changed: a page asks often. */
  async #listOpen(repository: LocalRepository): Promise<readonly Change[]> {
    const stored = await repository.changes.list();
    const state = stored.map(({ blob }) => blob).join();
    const known = this.#listed.get(repository.project);
    if (known?.state === state) return known.changes;
    const open = stored.filter(({ record }) => record.status === 'open');
    const changes: Change[] = [];
    for (const { record } of open) changes.push(await this.#describe(repository, record));
    this.#listed.set(repository.project, { state, changes });
    return changes;
  }

  /** The newest patch set gets `Approved: 1`. @throws HubError `change_unknown`, `change_closed` */
  approve(project: string, number: string, account: string): Promise<void> {
    return this.comment(project, number, { account, text: '', votes: { Approved: 1 } });
  }

  /** @throws HubError `change_unknown`, `change_closed` */
  async comment(
    project: string,
    number: string,
    comment: { readonly account: string; readonly text: string; readonly votes: Readonly<Record<string, number>> },
  ): Promise<void> {
    const repository = this.#repository(project);
    await repository.changes.update(parseNumber(number), (record) => {
      checkOpen(record);
      return withComment(record, { ...comment, time: Date.now() });
    });
    await this.#sync(repository);
  }

  /** Closes a change that is not wanted, or opens it again. @throws HubError `change_unknown`, `change_closed` */
  async setAbandoned(project: string, number: string, isAbandoned: boolean): Promise<void> {
    const repository = this.#repository(project);
    await repository.changes.update(parseNumber(number), (record) => {
      if (record.status === 'merged') checkOpen(record);
      return { ...record, status: isAbandoned ? 'abandoned' : 'open' };
    });
    await this.#sync(repository);
  }

  async report(change: Change, report: Report): Promise<void> {
    const repository = this.#repositories.get(change.project);
    if (repository === undefined || change.kind !== 'change') return;
    await repository.changes.update(parseNumber(change.number ?? ''), (record) => {
      const isCurrent = newestPatchSet(record).commit === change.commit;
      const votes = isCurrent ? report.votes : {};
      return withComment(record, { time: Date.now(), account: OWN_ACCOUNT, text: report.message, votes });
    });
  }

  /** The tested commit becomes the branch's tip; a push that came first wins. */
  async submit(change: Change, merged: Checkout): Promise<boolean> {
    const repository = this.#repository(change.project);
    const { log } = this.#options;
    const isMerged = await this.#alone(change.project, () => landChange(repository, change, merged, log));
    if (isMerged) await this.#sync(repository);
    return isMerged;
  }

  async #open(repository: LocalRepository): Promise<void> {
    const { project, path } = repository;
    const { git, receive, page, log, memory } = this.#options;
    await createRepository(git, path);
    await installHooks(git, path, { project, receive, page, log });
    await touch(path);
    if (memory.get(`${project} known`) === undefined) {
      // What a repository had before the hub knew it is not news.
      await this.#alone(project, () => this.#readNews(repository, () => undefined));
      memory.set(`${project} known`, 'yes');
    } else {
      await this.#sync(repository);
    }
    let timer: NodeJS.Timeout | undefined;
    const watcher = watch(path, (_event, file) => {
      if (file !== PUSHED_FILE) return;
      clearTimeout(timer);
      timer = setTimeout(() => this.#look(repository), SETTLE_MS);
    });
    watcher.on('error', (error) => log.warn(`${path} is not watched any more: ${errorText(error)}`));
    this.#watchers.push(watcher);
    // A push between the reading above and the watcher.
    this.#look(repository);
  }

  #look(repository: LocalRepository): void {
    this.#sync(repository).catch((error: unknown) =>
      this.#options.log.warn(`repository ${repository.project}: ${errorText(error)}`),
    );
  }

  #sync(repository: LocalRepository): Promise<void> {
    return this.#alone(repository.project, () => this.#readNews(repository, this.#tell));
  }

  /** Tells what differs from what was told before, and remembers it after it was told: twice rather than never. */
  async #readNews(repository: LocalRepository, tell: (event: SourceEvent) => void): Promise<void> {
    const { memory, log } = this.#options;
    const { project } = repository;
    const ledger = openRefLedger(memory, project);
    const moved = ledger.moved(await repository.refs());
    if (moved.some(({ ref }) => ref.startsWith('refs/heads/'))) await this.#markMerged(repository);
    for (const ref of moved) {
      tell({ type: 'ref-updated', change: await describeRef(this.name, project, ref, repository) });
      ledger.told(ref);
    }
    const news = openNews(memory, project);
    for (const stored of await repository.changes.list()) {
      try {
        for (const event of news.of(stored)) {
          tell({ ...event, change: await this.#describe(repository, stored.record) });
        }
        news.told(stored);
      } catch (error) {
        // One that depends on a server that is away holds up no other; it is looked at again.
        log.warn(`${project}/${stored.record.number}: ${errorText(error)}`);
      }
    }
  }

  /** Open changes whose commit a branch has by now: by our submit, or because someone pushed it there. */
  async #markMerged(repository: LocalRepository): Promise<void> {
    const open = (await repository.changes.list()).filter(({ record }) => record.status === 'open');
    for (const branch of new Set(open.map(({ record }) => record.branch))) {
      if ((await repository.tip(branch)) === undefined) continue;
      const merged = await repository.mergedInto(branch);
      for (const { record } of open) {
        if (record.branch !== branch || !merged.has(newestPatchSet(record).commit)) continue;
        await repository.changes.update(record.number, (now) =>
          merged.has(newestPatchSet(now).commit) ? { ...now, status: 'merged' } : undefined,
        );
      }
    }
  }

  #describe(repository: LocalRepository, record: ChangeRecord): Promise<Change> {
    return describeChange(repository, record, this.#options);
  }

  #repository(project: string): LocalRepository {
    const repository = this.#repositories.get(project);
    if (repository === undefined) throw new HubError('project_unknown', `there is no local repository ${project}`);
    return repository;
  }
}

function checkOpen(record: ChangeRecord): void {
  if (record.status !== 'open') throw new HubError('change_closed', `change ${record.number} is ${record.status}`);
}
