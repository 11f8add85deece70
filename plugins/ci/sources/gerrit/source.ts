import { setTimeout as sleep } from 'node:timers/promises';
import { backoff, errorText, type Logger } from 'cupboard/sdk';
import picomatch from 'picomatch';
import type { Change, Checkout, Report, SourceEvent } from '../../contract.ts';
import type { GerritConfig } from '../config.ts';
import type { Dependencies } from '../dependencies.ts';
import type { GitCache, GitRemote } from '../git/cache.ts';
import { isProject } from '../git/names.ts';
import type { Memory } from '../memory.ts';
import type { OpenedSource } from '../opened.ts';
import { openRefLedger, tellMovedRefs } from '../refs.ts';
import { openChangeLedger } from './change-ledger.ts';
import { describeRow, idOf } from './describe.ts';
import { type ChangeEvent, type GerritEvent, type GerritRow, isStale, parseEvent, type RefEvent } from './events.ts';
import { GerritServer } from './server.ts';

export interface GerritOptions {
  readonly name: string;
  readonly config: GerritConfig;
  /** Environment of git for fetching from it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cache: GitCache;
  readonly memory: Memory;
  readonly dependencies: Dependencies;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const RECONNECT_MS = { first: 1000, longest: 5 * 60_000, jitter: 0.2 } as const;
/** Clocks differ, and what happened while the connection was dying counts as heard. */
const GAP_MARGIN_S = 3600;
/** An answer that does not know of the event yet is asked for again so often. */
const STALE_ANSWERS = 3;
/** Merging is a job of Gerrit's own; it is done when the change says so. */
const MERGE_LOOKS = 10;
/** More events waiting than this, and querying what is open is less work. */
const MOST_WAITING = 5000;
const ALIVE = 'alive';
const ALIVE_MS = 60_000;

/**
 * A Gerrit server. Its events only say where to look: each is held for a while, because Gerrit may answer with old data
 * right after it, then the change is queried and compared with what was told before. So duplicates say nothing, and after
 * a gap the open changes are queried in the same way.
 */
export class GerritSource implements OpenedSource {
  readonly name: string;
  readonly #options: GerritOptions;
  readonly #stopping = new AbortController();
  readonly #signal = this.#stopping.signal;
  readonly #server: GerritServer;
  readonly #isFollowed: (project: string) => boolean;
  readonly #changes: ReturnType<typeof openChangeLedger>;
  #tell: (event: SourceEvent) => void = () => undefined;
  /** Events one after the other, in the order they came. */
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isConnected = false;
  #aliveTimer: NodeJS.Timeout | undefined;

  constructor(options: GerritOptions) {
    this.name = options.name;
    this.#options = options;
    this.#server = new GerritServer(options.config, this.#signal);
    options.signal.addEventListener('abort', () => this.#stopping.abort(), { once: true });
    this.#isFollowed = picomatch([...options.config.projects], { dot: true });
    this.#changes = openChangeLedger(options.memory, options.config.user);
  }

  start(tell: (event: SourceEvent) => void): Promise<void> {
    this.#tell = tell;
    this.#aliveTimer = setInterval(() => this.#markAlive(), ALIVE_MS);
    return new Promise((resolve) => {
      this.#follow(resolve).catch((error: unknown) => {
        if (!this.#signal.aborted) this.#options.log.error(`gerrit: ${errorText(error)}`);
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#aliveTimer);
    this.#stopping.abort();
    this.#server.close();
    await this.#work;
  }

  has(project: string): boolean {
    return isProject(project) && this.#isFollowed(project);
  }

  locate(project: string): GitRemote {
    const { config, environment } = this.#options;
    return { url: `ssh://${config.user}@${config.host}:${config.port}/${project}`, environment };
  }

  async refresh(change: Change): Promise<Change | undefined> {
    return change.kind === 'change' ? await this.find(change.project, change.number ?? '') : change;
  }

  async find(project: string, number: string): Promise<Change | undefined> {
    const row = /^\d+$/.test(number) ? await this.#server.change(Number(number)) : undefined;
    return row?.project === project ? await this.#describe(row) : undefined;
  }

  async findByChangeId(changeId: string): Promise<readonly string[]> {
    const rows = await this.#server.query(`change:${changeId}`);
    return rows.filter(({ status }) => status !== 'abandoned').map((row) => idOf(this.name, row));
  }

  findByUrl(url: string): string | undefined {
    if (!URL.canParse(url)) return undefined;
    const { hostname, pathname, hash } = new URL(url);
    if (hostname !== this.#options.config.host) return undefined;
    const [, project, number] = /^\/c\/(.+)\/\+\/(\d+)(?:\/|$)/.exec(decodeURI(pathname)) ?? [];
    if (project !== undefined) return `${this.name}:${project}/${number}`;
    // The short forms do not name the project.
    const [, short] = /^\/(?:#\/c\/)?(\d+)(?:\/|$)/.exec(pathname + hash) ?? [];
    const known = short === undefined ? undefined : this.#changes.projectOf(Number(short));
    return known && `${this.name}:${known}/${short}`;
  }

  async openChanges(): Promise<readonly Change[]> {
    if (!this.#isConnected) return [];
    const { rows } = await this.#server.queryPage(['status:open', 'limit:100']);
    return await Promise.all(rows.filter(({ project }) => this.has(project)).map((row) => this.#describe(row)));
  }

  async report(change: Change, { kind, votes, message }: Report): Promise<void> {
    if (change.kind !== 'change' || kind === 'dequeued') return;
    await this.#server.review(change, { message, labels: votes, tag: 'autogenerated:cupboard' });
  }

  async submit(change: Change, merged: Checkout): Promise<boolean> {
    const { cache, config, log } = this.#options;
    const look = () => this.#server.change(Number(change.number));
    const before = await look();
    if (before?.status === 'merged') return true;
    if (before?.commit !== change.commit) return false;
    if (!(await cache.landsAsTested(change, merged))) {
      log.warn(`${change.id} was not merged: ${change.branch} is not what it was tested on any more`);
      return false;
    }
    const refusal = await this.#server.submit(change);
    if (refusal !== undefined) log.warn(`${change.id} was not merged: ${refusal}`);
    for (let looks = 0; looks < MERGE_LOOKS; looks++) {
      const after = await look();
      if (after?.status === 'merged') return true;
      if (refusal !== undefined) return false;
      await sleep(Math.min(1000, config.hold_seconds * 1000), undefined, { signal: this.#signal });
    }
    return false;
  }

  /** Connects, listens, catches up; again after every end, later and later while it fails. */
  async #follow(firstAttempt: () => void): Promise<void> {
    const { config, log } = this.#options;
    const signal = this.#signal;
    const { first, longest, jitter } = RECONNECT_MS;
    let waits = backoff(first, longest, jitter);
    let isReported = false;
    while (!signal.aborted) {
      try {
        // Heard from before it is asked what was missed: nothing falls between.
        const ended = this.#server.follow((line) => this.#hear(line));
        ended.catch(() => undefined);
        await this.#enqueue(() => this.#catchUp());
        this.#isConnected = true;
        if (isReported) log.info(`${config.host} can be reached again`);
        isReported = false;
        waits = backoff(first, longest, jitter);
        firstAttempt();
        await ended;
        log.debug(`${config.host}: the event stream ended`);
      } catch (error) {
        if (signal.aborted) return;
        if (!isReported) log.warn(`gerrit: ${errorText(error)}; it is tried again`);
        isReported = true;
      }
      this.#isConnected = false;
      firstAttempt();
      // Always closed: Gerrit counts the connections of an account.
      this.#server.close();
      await sleep(waits.next().value, undefined, { signal });
    }
  }

  #hear(line: string): void {
    const event = parseEvent(line);
    if (event === undefined || ('project' in event && !this.has(event.project))) return;
    if (this.#waiting >= MOST_WAITING) {
      this.#server.close();
      return;
    }
    const due = performance.now() + this.#options.config.hold_seconds * 1000;
    this.#enqueue(async () => {
      await sleep(Math.max(0, due - performance.now()), undefined, { signal: this.#signal });
      await this.#handle(event);
    }).catch((error: unknown) => {
      if (this.#signal.aborted) return;
      // Not lost: what was not dealt with is found after the next connect.
      this.#options.log.debug(`gerrit: an event could not be handled: ${errorText(error)}`);
      this.#server.close();
    });
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    this.#waiting++;
    const done = this.#work.then(task).finally(() => {
      this.#waiting--;
    });
    this.#work = done.then(
      () => this.#markAlive(),
      () => undefined,
    );
    return done;
  }

  /** Everything up to now was dealt with. */
  #markAlive(): void {
    if (this.#isConnected && this.#waiting === 0) this.#options.memory.set(ALIVE, String(Date.now()));
  }

  async #handle(event: GerritEvent): Promise<void> {
    if (event.type === 'dropped-output') await this.#catchUp();
    else if (event.type === 'ref-updated') await this.#readRefs(event.project, event);
    else await this.#handleChange(event);
  }

  async #handleChange(event: ChangeEvent): Promise<void> {
    let row = await this.#server.change(event.number);
    for (let again = 0; again < STALE_ANSWERS && isStale(row, event); again++) {
      await sleep(this.#options.config.hold_seconds * 1000, undefined, { signal: this.#signal });
      row = await this.#server.change(event.number);
    }
    if (row === undefined) return;
    const isNewComment = event.type === 'comment-added' && this.#changes.isNewComment(row, event);
    await this.#observe(row, event);
    if (!isNewComment) return;
    const { comment, votes, account } = event;
    const change = await this.#describe(row);
    this.#tell({ type: 'comment-added', change, comment, votes, ...(account !== undefined && { account }) });
    this.#changes.toldComment(row, event);
  }

  /** What happened since all was dealt with; at the first time, what is open is taken as known. */
  async #catchUp(): Promise<void> {
    const { memory } = this.#options;
    const since = memory.get(ALIVE);
    if (since === undefined) {
      for (const row of await this.#server.query('status:open')) if (this.has(row.project)) this.#changes.told(row);
    } else {
      const seconds = Math.ceil((Date.now() - Number(since)) / 1000) + GAP_MARGIN_S;
      for (const row of await this.#server.query('--comments', `NOT age:${seconds}s`)) {
        if (!this.has(row.project)) continue;
        const missed = this.#changes.missedComments(row);
        await this.#observe(row);
        for (const comment of missed) {
          this.#tell({ type: 'comment-added', change: await this.#describe(row), ...comment });
        }
        this.#changes.toldMissed(row);
      }
      for (const project of memory.entries('project ').keys()) await this.#readRefs(project.slice('project '.length));
    }
    memory.set(ALIVE, String(Date.now()));
  }

  async #readRefs(project: string, event?: RefEvent): Promise<void> {
    const { cache, memory } = this.#options;
    const ledger = openRefLedger(memory, project);
    const isNew = memory.get(`project ${project}`) === undefined;
    if (isNew) ledger.learn(await cache.remoteRefs(project));
    if (isNew && event) ledger.told({ ref: event.ref, oldrev: event.oldrev, newrev: event.oldrev });
    memory.set(`project ${project}`, '');
    await tellMovedRefs(this.name, project, cache, ledger, this.#tell);
  }

  /** Tells what differs from what was known of a change, and remembers it. */
  async #observe(row: GerritRow, { account, createdOn }: Partial<ChangeEvent> = {}): Promise<void> {
    for (const type of this.#changes.news(row)) {
      this.#tell({ type, change: await this.#describe(row), ...(account !== undefined && { account }) });
    }
    this.#changes.told(row, createdOn);
  }

  #describe(row: GerritRow): Promise<Change> {
    return describeRow(row, { source: this.name, server: this.#server, dependencies: this.#options.dependencies });
  }
}
