import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, HubError } from 'cupboard/sdk';
import type { Change, Checkout, MergeOutcome, Merger } from '../../contract.ts';
import { BareRepository } from './bare-repository.ts';
import { createGit, GIT_CONFIG, type Git } from './git.ts';
import { createLocks } from './lock.ts';
import { mergeCommits } from './merge.ts';
import { branchOf, checkName, isBranch, isCommit, isProject, isRef } from './names.ts';

/** Where a project is fetched from. */
export interface GitRemote {
  /** A path or a URL; without password. */
  readonly url: string;
  /** Environment of git for it: its credentials. */
  readonly environment?: Readonly<Record<string, string>>;
}

const FETCH_TIMEOUT_MS = 10 * 60_000;
/** Of a definition file in a repository; more is refused. */
const MOST_FILE_BYTES = 1024 * 1024;

/**
 * Bare repositories below the plugin's data folder, one a project: everything that jobs check out comes from here.
 * `refs/upstream/*` are the branches as last fetched, `refs/zuul/<branch>/<id>` the merges in use.
 */
export class GitCache implements Merger {
  readonly git: Git;
  readonly #folder: string;
  readonly #locate: (project: string) => GitRemote | undefined;
  readonly #alone = createLocks();
  readonly #kept = new Map<string, { readonly repository: string; readonly ref: string }[]>();

  private constructor(folder: string, locate: (project: string) => GitRemote | undefined, git: Git) {
    this.#folder = folder;
    this.#locate = locate;
    this.git = git;
  }

  /** @param locate knows the remote of every project; asked at each fetch */
  static async open(
    folder: string,
    locate: (project: string) => GitRemote | undefined,
    signal?: AbortSignal,
  ): Promise<GitCache> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await removeLocks(folder);
    const config = join(folder, 'config');
    await writeFile(config, GIT_CONFIG);
    return new GitCache(folder, locate, createGit(config, signal));
  }

  async merge(id: string, changes: readonly Change[]): Promise<MergeOutcome> {
    checkName('merge', id, (name) => /^[\w-]{1,64}$/.test(name));
    const tips = new Map<string, Checkout>();
    for (const change of changes) {
      checkChange(change);
      const key = `${change.branch}\n${change.project}`;
      const merged = await this.#alone(change.project, () => this.#addChange(change, tips.get(key)));
      if (typeof merged === 'string') return { ok: false, change, conflict: merged };
      // Last in, first out: the checkout of the last change leads the answer.
      tips.delete(key);
      tips.set(key, merged);
    }
    const checkouts = [...tips.values()].reverse();
    await this.#keep(id, checkouts);
    return { ok: true, checkouts };
  }

  /** The checkout with the change on top of `ahead`, or why there is none. */
  async #addChange(change: Change, ahead: Checkout | undefined): Promise<Checkout | string> {
    const { project, branch, commit } = change;
    const repository = await this.#repository(project);
    const remote = this.#remote(project);
    const at = (merged: string): Checkout => ({ project, branch, repository, commit: merged });
    const isThere = await this.#fetchCommit(repository, remote, change.ref, commit);
    if (!isThere) return `its commit ${commit.slice(0, 12)} is not in ${project} any more`;
    if (change.kind !== 'change') return at(commit);
    const base = ahead?.commit ?? (await this.#fetchBranch(repository, remote, branch));
    if (base === undefined) return `${project} has no branch ${branch}`;
    const { commit: merged, conflict } = await mergeCommits(this.git, repository, base, change);
    return merged === undefined ? (conflict ?? 'cannot be merged') : at(merged);
  }

  /**
   * Whether merging a change onto its branch as it is now gives the content that was tested. For servers that merge
   * themselves: their commits differ from ours, what they contain does not, unless someone else pushed.
   * @throws HubError `unreachable`
   */
  async landsAsTested(change: Change, tested: Checkout): Promise<boolean> {
    checkChange(change);
    const now = await this.#alone(change.project, () => this.#addChange(change, undefined));
    if (typeof now === 'string') return false;
    const trees = [now.commit, tested.commit].map((commit) => `${commit}^{tree}`);
    const { stdout } = await this.git(['rev-parse', ...trees], { repository: now.repository });
    const [one, other] = stdout.trim().split('\n');
    return one === other;
  }

  async tip(project: string, branch?: string): Promise<Checkout> {
    checkName('project', project, isProject);
    if (branch !== undefined) checkName('branch', branch, isBranch);
    return await this.#alone(project, async () => {
      const repository = await this.#repository(project);
      const remote = this.#remote(project);
      const named = branch === undefined ? undefined : await this.#fetchBranch(repository, remote, branch);
      if (branch !== undefined && named !== undefined) return { project, branch, repository, commit: named };
      const main = await this.#defaultBranch(remote);
      const commit = main === undefined ? undefined : await this.#fetchBranch(repository, remote, main);
      if (main === undefined || commit === undefined) {
        throw new HubError('branch_missing', `${project} has no branch ${branch ?? 'yet'}`);
      }
      return { project, branch: main, repository, commit };
    });
  }

  /**
   * The cache's repository of a project after a commit was fetched into it; `undefined` = the remote does not have it.
   * @throws HubError `unreachable`
   */
  async fetched(project: string, ref: string, commit: string): Promise<BareRepository | undefined> {
    checkName('project', project, isProject);
    checkName('ref', ref, isRef);
    checkName('commit', commit, isCommit);
    return await this.#alone(project, async () => {
      const repository = await this.#repository(project);
      const isThere = await this.#fetchCommit(repository, this.#remote(project), ref, commit);
      return isThere ? new BareRepository(this.git, repository) : undefined;
    });
  }

  /** Branches and tags as they are at the remote now, full name to commit. @throws HubError `unreachable` */
  async remoteRefs(project: string): Promise<ReadonlyMap<string, string>> {
    const stdout = await this.#askRemote(this.#remote(project), ['--heads', '--tags']);
    // The line of what an annotated tag marks, `refs/tags/v1^{}`, comes after the tag's own.
    const lines = stdout.split('\n').filter((line) => line !== '');
    const refs = lines.map((line) => {
      const [commit = '', ref = ''] = line.split('\t');
      return [ref.replace(/\^\{\}$/, ''), commit] as const;
    });
    return new Map(refs.filter(([ref, commit]) => isRef(ref) && isCommit(commit)));
  }

  async readFile(checkout: Checkout, path: string): Promise<string | undefined> {
    if (/[\n\0]|^\/|(?:^|\/)\.\.(?:\/|$)/.test(path))
      throw new HubError('name_refused', 'a path within the repository is expected');
    const name = `${checkout.commit}:${path}`;
    const ask = (format: string, what = name) =>
      this.git(['cat-file', format], { repository: checkout.repository, input: `${what}\n` });
    const { stdout: found } = await ask('--batch-check=%(objecttype) %(objectsize) %(objectname)');
    const [type, size, blob] = found.trim().split(' ');
    if (type !== 'blob' || blob === undefined) return undefined;
    if (Number(size) > MOST_FILE_BYTES) {
      throw new HubError('file_too_large', `${path} has ${size} bytes, more than ${MOST_FILE_BYTES}`);
    }
    return (await this.git(['cat-file', 'blob', blob], { repository: checkout.repository })).stdout;
  }

  async forget(id: string): Promise<void> {
    const kept = this.#kept.get(id) ?? (await this.#findKept(id));
    this.#kept.delete(id);
    for (const { repository, ref } of kept) await this.git(['update-ref', '-d', ref], { repository });
  }

  async #keep(id: string, checkouts: readonly Checkout[]): Promise<void> {
    const refs = checkouts.map(({ repository, branch }) => ({ repository, ref: `refs/zuul/${branch}/${id}` }));
    this.#kept.set(id, refs);
    for (const [at, { repository, ref }] of refs.entries()) {
      await this.git(['update-ref', ref, checkouts[at]?.commit ?? ''], { repository });
    }
  }

  /** Of a merge made before the plugin's last start. */
  async #findKept(id: string): Promise<{ repository: string; ref: string }[]> {
    const found: { repository: string; ref: string }[] = [];
    for (const entry of await readdir(this.#folder)) {
      if (!entry.endsWith('.git')) continue;
      const repository = join(this.#folder, entry);
      const { stdout } = await this.git(['for-each-ref', '--format=%(refname)', 'refs/zuul'], { repository });
      const refs = stdout.split('\n').filter((ref) => ref.endsWith(`/${id}`));
      found.push(...refs.map((ref) => ({ repository, ref })));
    }
    return found;
  }

  /** The cache's repository of a project, made where it is missing. */
  async #repository(project: string): Promise<string> {
    const path = join(this.#folder, `${encodeURIComponent(project)}.git`);
    const isThere = await access(join(path, 'HEAD')).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
    // Renamed when complete: a start that was cut leaves no half of a repository behind.
    const making = `${path}.new`;
    await rm(making, { recursive: true, force: true });
    await this.git(['init', '--quiet', '--bare', '--template=', making]);
    await rename(making, path);
    return path;
  }

  #remote(project: string): GitRemote {
    const remote = this.#locate(project);
    if (remote === undefined) throw new HubError('project_unknown', `no source has a project ${project}`);
    return remote;
  }

  /** Fetches a commit unless it is there; by its ref, or by its name where the ref has moved on. */
  async #fetchCommit(repository: string, remote: GitRemote, ref: string, commit: string): Promise<boolean> {
    const there = () => new BareRepository(this.git, repository).has(commit);
    if (await there()) return true;
    await this.#fetch(repository, remote, ref);
    if (await there()) return true;
    await this.#fetch(repository, remote, commit);
    return await there();
  }

  /** The tip of a branch as it is at the remote now; `undefined` = it has none of that name. */
  async #fetchBranch(repository: string, remote: GitRemote, branch: string): Promise<string | undefined> {
    const tip = `refs/upstream/${branch}`;
    if (!(await this.#fetch(repository, remote, `+refs/heads/${branch}:${tip}`))) return undefined;
    const { stdout } = await this.git(['rev-parse', '--verify', `${tip}^{commit}`], { repository });
    return stdout.trim();
  }

  /** `false` = the remote has no such ref. */
  async #fetch(repository: string, remote: GitRemote, refspec: string): Promise<boolean> {
    const options = { repository, timeoutMs: FETCH_TIMEOUT_MS, environment: remote.environment ?? {} };
    try {
      await this.git(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', remote.url, refspec], options);
      return true;
    } catch (error) {
      if (/couldn't find remote ref|not our ref|no such remote ref/i.test(errorText(error))) return false;
      throw new HubError('unreachable', errorText(error), { cause: error });
    }
  }

  async #defaultBranch(remote: GitRemote): Promise<string | undefined> {
    const [, ref] = /^ref: (\S+)\tHEAD$/m.exec(await this.#askRemote(remote, ['--symref'], 'HEAD')) ?? [];
    return ref === undefined ? undefined : branchOf(ref);
  }

  async #askRemote(remote: GitRemote, options: readonly string[], ...patterns: readonly string[]): Promise<string> {
    try {
      const environment = remote.environment ?? {};
      return (await this.git(['ls-remote', ...options, remote.url, ...patterns], { environment })).stdout;
    } catch (error) {
      throw new HubError('unreachable', errorText(error), { cause: error });
    }
  }
}

/** A power cut or `kill -9` leaves git's lock files behind, and a locked ref can never be written again. */
async function removeLocks(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!entry.endsWith('.git')) continue;
    const repository = join(folder, entry);
    const refs = await readdir(join(repository, 'refs'), { recursive: true });
    const files = [...(await readdir(repository)), ...refs.map((ref) => join('refs', ref))];
    for (const file of files.filter((name) => name.endsWith('.lock'))) await rm(join(repository, file));
  }
}

function checkChange(change: Change): void {
  checkName('project', change.project, isProject);
  checkName('branch', change.branch, isBranch);
  checkName('ref', change.ref, isRef);
  checkName('commit', change.commit, isCommit);
}
