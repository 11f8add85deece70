import { setTimeout as sleep } from 'node:timers/promises';
import { backoff, errorCode, errorText, type Logger } from 'cupboard/sdk';
import picomatch from 'picomatch';
import type { Change, Checkout, Report, SourceEvent } from '../../contract.ts';
import type { RemoteConfig } from '../config.ts';
import type { Dependencies } from '../dependencies.ts';
import type { GitCache, GitRemote } from '../git/cache.ts';
import { createLocks } from '../git/lock.ts';
import { isBranch } from '../git/names.ts';
import type { Memory } from '../memory.ts';
import { openRefLedger, tellMovedRefs } from '../refs.ts';
import { ForgeApi, type StatusState } from './api.ts';
import type { Delivery, Pull } from './delivery.ts';
import { parseGitUrl } from './location.ts';

export interface RemoteOptions {
  readonly source: string;
  readonly project: string;
  readonly config: RemoteConfig;
  readonly gitRemote: GitRemote;
  readonly cache: GitCache;
  readonly memory: Memory;
  readonly dependencies: Dependencies;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** In every comment of ours, so that we do not answer it. */
const OWN_COMMENT = '<!-- cupboard-ci -->';
const LONGEST_WAIT_MS = 15 * 60_000;

/** One repository elsewhere: its branches by git, its pull requests by webhooks and, with a forge, by the API. */
export class Remote {
  readonly gitRemote: GitRemote;
  readonly #options: RemoteOptions;
  readonly #api: ForgeApi | undefined;
  readonly #stopping = new AbortController();
  readonly #isFollowed: (branch: string) => boolean;
  #tell: (event: SourceEvent) => void = () => undefined;
  /** One look at a time; a second one that is asked for meanwhile follows. */
  #looking: Promise<void> = Promise.resolve();
  #isAway = false;
  readonly #alone = createLocks();

  constructor(options: RemoteOptions) {
    const { config, signal } = options;
    this.#options = options;
    this.gitRemote = options.gitRemote;
    this.#api = config.forge === undefined ? undefined : new ForgeApi(config, signal);
    signal.addEventListener('abort', () => this.#stopping.abort(), { once: true });
    this.#isFollowed = picomatch([...config.branches], { dot: true });
  }

  /** Resolves after the first look; the next ones follow by themselves until the signal is aborted. */
  async start(tell: (event: SourceEvent) => void): Promise<void> {
    this.#tell = tell;
    await this.look();
    this.#poll().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#options.log.error(`${this.#options.project}: ${errorText(error)}`);
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#looking;
  }

  /** Whether a webhook's repository is this one. */
  isOf({ repository }: Delivery): boolean {
    const { config } = this.#options;
    if (config.repository !== undefined) return config.repository.toLowerCase() === repository.name.toLowerCase();
    const own = parseGitUrl(config.url);
    return repository.urls.map(parseGitUrl).some(({ host, path }) => host === own.host && path === own.path);
  }

  /** The number of a pull request by its page; `undefined` = a page of something else. */
  numberOf(url: string): string | undefined {
    const own = parseGitUrl(this.#options.config.url);
    const { host, path } = parseGitUrl(url);
    const [, repository, number] = /^(.+)\/pulls?\/(\d+)$/.exec(path) ?? [];
    return host === own.host && repository === (this.#options.config.repository ?? own.path) ? number : undefined;
  }

  /** What a webhook says is looked up where it can be; only the text of a comment is taken from it. */
  async handle(delivery: Delivery): Promise<void> {
    const { event, number, pull, comment = '', isApproval = false, account } = delivery;
    if (event === 'push' || number === undefined) return this.look();
    // What is newer is asked for and told of by one at a time: else the older answer might come last.
    const known = await this.#alone(String(number), async () => {
      const now = (await this.#api?.pull(number)) ?? pull ?? this.#remembered(number);
      if (now !== undefined) await this.#observe(now, account);
      return now;
    });
    if (known === undefined) return;
    if (event !== 'comment-added' || comment.includes(OWN_COMMENT)) return;
    const change = await this.#describe(known);
    // Whoever reads it can review it: only the votes that the forge counts are votes.
    const votes = isApproval && (change.approvals['Approved']?.[0] ?? 0) > 0 ? { Approved: 1 } : {};
    this.#tell({ type: 'comment-added', change, comment, votes, ...(account !== undefined && { account }) });
  }

  async find(number: number): Promise<Change | undefined> {
    const pull = this.#api === undefined ? this.#remembered(number) : await this.#api.pull(number);
    return pull && (await this.#describe(pull));
  }

  async openChanges(): Promise<readonly Change[]> {
    return await Promise.all(this.#rememberedAll().map((pull) => this.#describe(pull)));
  }

  async report(change: Change, report: Report): Promise<void> {
    if (this.#api === undefined || /^0+$/.test(change.newrev ?? '')) return;
    const url = report.builds[0]?.url;
    await this.#api.setStatus(change.commit, {
      state: STATES[report.kind],
      context: `cupboard/${report.pipeline}`,
      description: summaryOf(report),
      ...(url !== undefined && { url }),
    });
    if (change.kind !== 'change' || report.kind === 'start' || report.kind === 'dequeued') return;
    await this.#api.comment(Number(change.number), `${report.message}\n\n${OWN_COMMENT}`);
  }

  /** Merges by the forge, if the branch is still what the change was tested on. */
  async submit(change: Change, merged: Checkout): Promise<boolean> {
    const { cache, log } = this.#options;
    const number = Number(change.number);
    const before = await this.#api?.pull(number);
    if (this.#api === undefined || before === undefined) return false;
    if (before.isMerged) return true;
    const isTested = await cache.landsAsTested(change, merged);
    if (!isTested) log.warn(`${change.id} was not merged: ${change.branch} is not what it was tested on any more`);
    if (!isTested || !(await this.#api.merge(number, change.commit))) return false;
    const after = await this.#api.pull(number);
    if (after?.isMerged) await this.#alone(String(number), () => this.#observe(after));
    return after?.isMerged === true;
  }

  /** Asks the remote for its branches, and the forge for its pull requests, and tells what is new. */
  look(): Promise<void> {
    const next = this.#looking.then(async () => {
      const { log, project } = this.#options;
      const { signal } = this.#stopping;
      if (signal.aborted) return;
      try {
        await this.#readRefs();
        await this.#readPulls();
        if (this.#isAway) log.info(`${project} can be reached again`);
        this.#isAway = false;
      } catch (error) {
        if (!this.#isAway && !signal.aborted) log.warn(`${project} cannot be read: ${errorText(error)}`);
        this.#isAway = true;
      }
    });
    this.#looking = next;
    return next;
  }

  async #poll(): Promise<void> {
    const { config } = this.#options;
    const { signal } = this.#stopping;
    const period = config.poll_seconds * 1000;
    let waits = backoff(period, Math.max(period, LONGEST_WAIT_MS));
    for (;;) {
      await sleep(this.#isAway ? waits.next().value : period, undefined, { signal });
      await this.look();
      if (!this.#isAway) waits = backoff(period, Math.max(period, LONGEST_WAIT_MS));
    }
  }

  async #readRefs(): Promise<void> {
    const { cache, memory, project, source } = this.#options;
    const ledger = openRefLedger(memory, project);
    if (memory.get(`${project} known`) === undefined) ledger.learn(await cache.remoteRefs(project));
    const tell = (event: SourceEvent) => {
      if (this.#isFollowed(event.change.branch.replace(/^refs\/tags\//, ''))) this.#tell(event);
    };
    await tellMovedRefs(source, project, cache, ledger, tell);
    memory.set(`${project} known`, 'yes');
  }

  async #readPulls(): Promise<void> {
    if (this.#api === undefined) return;
    const { memory, project } = this.#options;
    // What was open before we looked for the first time is not news.
    const isNew = memory.get(`${project} pulls known`) === undefined;
    const open = await this.#api.openPulls();
    for (const pull of open) {
      if (isNew) this.#remember(pull);
      else await this.#alone(String(pull.number), () => this.#observe(pull));
    }
    for (const gone of this.#rememberedAll().filter(({ number }) => !open.some((pull) => pull.number === number))) {
      const now = (await this.#api.pull(gone.number)) ?? { ...gone, isOpen: false };
      await this.#alone(String(gone.number), () => this.#observe(now));
    }
    memory.set(`${project} pulls known`, 'yes');
  }

  /** Tells what differs from what was known of a pull request. */
  async #observe(pull: Pull, account?: string): Promise<void> {
    const before = this.#remembered(pull.number);
    const tell = async (type: SourceEvent['type']) =>
      this.#tell({ type, change: await this.#describe(pull), ...(account !== undefined && { account }) });
    if (!isBranch(pull.base)) return;
    if (before !== undefined && !before.isOpen && pull.isOpen) await tell('change-restored');
    if (pull.isOpen && before?.head !== pull.head) await tell('patchset-created');
    if (before?.isOpen && !pull.isOpen) await tell(pull.isMerged ? 'change-merged' : 'change-abandoned');
    this.#remember(pull);
  }

  #remember(pull: Pull): void {
    const { memory, project } = this.#options;
    memory.set(`${project} pull ${pull.number}`, JSON.stringify(pull));
  }

  #remembered(number: number): Pull | undefined {
    const text = this.#options.memory.get(`${this.#options.project} pull ${number}`);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Those open when last seen. */
  #rememberedAll(): readonly Pull[] {
    const { memory, project } = this.#options;
    return [...memory.entries(`${project} pull `).values()]
      .map((text): Pull => JSON.parse(text))
      .filter(({ isOpen }) => isOpen);
  }

  async #describe(pull: Pull): Promise<Change> {
    const { source, project, dependencies, log } = this.#options;
    const id = `${source}:${project}/${pull.number}`;
    const message = `${pull.title}\n\n${pull.body.replaceAll('\r\n', '\n')}`.trimEnd();
    const votes =
      (await this.#api?.votes(pull.number, pull.head).catch((error: unknown) => {
        if (errorCode(error) !== 'forge_refused') throw error;
        log.warn(`${id}: its reviews cannot be read: ${errorText(error)}`);
        return [];
      })) ?? [];
    const files = pull.isOpen ? await this.#files(pull) : undefined;
    return {
      key: `${id},${pull.head}`,
      id,
      source,
      kind: 'change',
      project,
      branch: pull.base,
      commit: pull.head,
      ref: `refs/pull/${pull.number}/head`,
      number: String(pull.number),
      patchset: pull.head,
      message,
      ...(pull.author !== '' && { author: pull.author }),
      ...(/^https?:\/\//.test(pull.url) && { url: pull.url }),
      dependsOn: await dependencies({ source, project, message }),
      ...(files && { files }),
      isOpen: pull.isOpen,
      isMerged: pull.isMerged,
      approvals: votes.length === 0 ? {} : { Approved: [Math.max(...votes), Math.min(...votes)] },
    };
  }

  /** Against where it branched off; `undefined` where that cannot be told now. */
  async #files(pull: Pull): Promise<readonly string[] | undefined> {
    const { cache, project } = this.#options;
    try {
      const repository = await cache.fetched(project, `refs/pull/${pull.number}/head`, pull.head);
      const tip = await cache.tip(project, pull.base);
      const since = await repository?.mergeBase(tip.commit, pull.head);
      return since === undefined ? undefined : await repository?.files(pull.head, since);
    } catch (error) {
      this.#options.log.debug(`${project}/${pull.number}: its files cannot be told: ${errorText(error)}`);
      return undefined;
    }
  }
}

const STATES: Readonly<Record<Report['kind'], StatusState>> = {
  start: 'pending',
  success: 'success',
  failure: 'failure',
  'merge-failure': 'failure',
  dequeued: 'error',
};

/** `2 of 3 jobs passed: unit FAILURE`. */
function summaryOf({ kind, builds }: Report): string {
  if (kind === 'start') return 'The jobs are running';
  if (kind === 'merge-failure') return 'It cannot be merged';
  if (kind === 'dequeued') return 'It was taken out of the queue';
  const failed = builds.filter(({ result }) => result !== 'SUCCESS');
  const named = failed.map(({ job, result }) => ` ${job} ${result ?? 'ABORTED'}`).join(',');
  return `${builds.length - failed.length} of ${builds.length} jobs passed${named === '' ? '' : `:${named}`}`;
}
