import { deadline, errorText, HubError } from 'cupboard/sdk';
import type { RemoteConfig } from '../config.ts';
import { type Pull, parsePull } from './delivery.ts';
import { parseGitUrl } from './location.ts';

/** State of a commit status that both kinds of forge know. */
export type StatusState = 'pending' | 'success' | 'failure' | 'error';

export interface CommitStatus {
  readonly state: StatusState;
  /** Which check it is; a later one of the same name replaces it. */
  readonly context: string;
  readonly description: string;
  /** Web address; others are left out. */
  readonly url?: string;
}

const TIMEOUT_MS = 20_000;
/** GitHub cuts descriptions at about so many characters; Gitea takes 255. */
const MOST_DESCRIPTION = 140;
const MOST_COMMENT = 60_000;
/** Of a list: GitHub gives 100 at most, Gitea 50. */
const PAGE_SIZE = 50;
const MOST_PAGES = 20;
/** Who may approve at GitHub: others can review, but not merge either. */
const MEMBERS = ['OWNER', 'MEMBER', 'COLLABORATOR'];

/** What we use of the API that GitHub, Gitea and Forgejo have nearly in common. */
export class ForgeApi {
  readonly #base: string;
  readonly #isGithub: boolean;
  readonly #token: string | undefined;
  readonly #signal: AbortSignal;

  /** @throws HubError `config_invalid` where the repository or the API cannot be told from the URL */
  constructor(config: RemoteConfig, signal: AbortSignal) {
    const { origin, host, path } = parseGitUrl(config.url);
    const web = origin ?? (host === undefined ? undefined : `https://${host}`);
    const standard = config.forge === 'github' ? 'https://api.github.com' : web && `${web}/api/v1`;
    const api = config.api ?? standard;
    const repository = config.repository ?? path;
    if (api === undefined || !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
      throw new HubError(
        'config_invalid',
        `remotes: ${config.url} does not tell the forge's API: set api and repository`,
      );
    }
    this.#base = `${api.replace(/\/+$/, '')}/repos/${repository}`;
    this.#isGithub = config.forge === 'github';
    this.#token = config.token;
    this.#signal = signal;
  }

  /** `undefined` = there is no such pull request. */
  async pull(number: number): Promise<Pull | undefined> {
    const answer = await this.#ask('GET', `/pulls/${number}`, undefined, [404]);
    return answer === undefined ? undefined : parsePull(answer);
  }

  async openPulls(): Promise<readonly Pull[]> {
    return (await this.#list('/pulls?state=open')).flatMap((entry) => parsePull(entry) ?? []);
  }

  /** Votes that members gave a commit by their reviews, the last of each. */
  async votes(number: number, head: string): Promise<readonly number[]> {
    const byAccount = new Map<string, number>();
    for (const entry of await this.#list(`/pulls/${number}/reviews`)) {
      const review = entry as Readonly<Record<string, unknown>>;
      const isMember = this.#isGithub
        ? MEMBERS.includes(String(review['author_association']))
        : review['official'] === true && review['dismissed'] !== true;
      const value = { APPROVED: 1, CHANGES_REQUESTED: -1, REQUEST_CHANGES: -1, DISMISSED: 0 }[String(review['state'])];
      if (!isMember || value === undefined || review['commit_id'] !== head) continue;
      byAccount.set(String((review['user'] as { login?: unknown } | null)?.login), value);
    }
    return [...byAccount.values()].filter((value) => value !== 0);
  }

  async setStatus(commit: string, status: CommitStatus): Promise<void> {
    const { state, context, url } = status;
    const description = status.description.slice(0, MOST_DESCRIPTION);
    const target = url !== undefined && /^https?:\/\//.test(url) ? { target_url: url } : {};
    await this.#ask('POST', `/statuses/${commit}`, { state, context, description, ...target });
  }

  async comment(number: number, body: string): Promise<void> {
    await this.#ask('POST', `/issues/${number}/comments`, { body: body.slice(0, MOST_COMMENT) });
  }

  /** Merges with a merge commit, unless the pull request has another head by now. `false` = refused. */
  async merge(number: number, head: string): Promise<boolean> {
    // Gitea: 405 not mergeable, 409 head moved; GitHub the same, and 422 for what its rules forbid.
    const refusals = [403, 405, 409, 422];
    const path = `/pulls/${number}/merge`;
    const answer = this.#isGithub
      ? await this.#ask('PUT', path, { merge_method: 'merge', sha: head }, refusals)
      : await this.#ask('POST', path, { Do: 'merge', head_commit_id: head }, refusals);
    return answer !== undefined;
  }

  async #list(path: string): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    for (let page = 1; page <= MOST_PAGES; page++) {
      const size = this.#isGithub ? 'per_page' : 'limit';
      const entries = await this.#ask(
        'GET',
        `${path}${path.includes('?') ? '&' : '?'}page=${page}&${size}=${PAGE_SIZE}`,
      );
      if (!Array.isArray(entries)) throw new HubError('forge_refused', `GET ${path}: a list is expected`);
      found.push(...entries);
      if (entries.length < PAGE_SIZE) break;
    }
    return found;
  }

  /**
   * @returns the answer's JSON, `{}` where it has none; `undefined` for a status in `refusals`
   * @throws HubError `unreachable`, `forge_refused`
   */
  async #ask(method: string, path: string, body?: object, refusals: readonly number[] = []): Promise<unknown> {
    const what = `${method} ${path.replace(/\?.*/, '')}`;
    const headers = {
      accept: this.#isGithub ? 'application/vnd.github+json' : 'application/json',
      'user-agent': 'cupboard-ci',
      ...(this.#token !== undefined && { authorization: `${this.#isGithub ? 'Bearer' : 'token'} ${this.#token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const signal = deadline(TIMEOUT_MS, this.#signal);
    try {
      const sent = { method, headers, signal, redirect: 'error', ...(body && { body: JSON.stringify(body) }) } as const;
      const response = await fetch(this.#base + path, sent);
      const text = await response.text();
      if (refusals.includes(response.status)) return undefined;
      if (!response.ok) {
        const code = response.status >= 500 || response.status === 429 ? 'unreachable' : 'forge_refused';
        throw new HubError(code, `${what}: status ${response.status}`);
      }
      return text.trim() === '' ? {} : JSON.parse(text);
    } catch (error) {
      if (error instanceof HubError) throw error;
      throw new HubError('unreachable', `${what}: ${errorText(error)}`, { cause: error });
    }
  }
}
