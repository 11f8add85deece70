import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { git } from '../bundle.ts';
import type { Checkout } from '../contract.ts';
import { bundleFile, type WireRequest } from './messages.ts';
import type { Transfer } from './transfer.ts';

/** Commits told to the scheduler, so that it sends what they do not hold. */
const KNOWN = 16;

/** A worker's repositories, one a project: what came with one build need not come with the next. */
export class WorkerGit {
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(
    private readonly folder: string,
    private readonly transfer: Transfer,
  ) {}

  /** Brings a build's repositories up to what its request says. */
  async checkouts(fence: number, request: WireRequest, signal: AbortSignal): Promise<readonly Checkout[]> {
    return Promise.all(
      request.checkouts.map(async ({ refs, ...checkout }, index) => {
        const name = createHash('sha256').update(checkout.project).digest('hex').slice(0, 32);
        const repository = join(this.folder, `${name}.git`);
        const update = () => this.#update(repository, fence, index, checkout.commit, refs, signal);
        // Builds of one project take turns: they set the same refs.
        const turn = (this.#busy.get(name) ?? Promise.resolve()).then(update, update);
        this.#busy.set(
          name,
          turn.catch(() => undefined),
        );
        await turn;
        return { ...checkout, repository };
      }),
    );
  }

  async #update(
    repository: string,
    fence: number,
    index: number,
    commit: string,
    refs: string,
    signal: AbortSignal,
  ): Promise<void> {
    const own = (args: readonly string[], input?: string) => git([`--git-dir=${repository}`, ...args], signal, input);
    await git(['init', '--quiet', '--bare', '--template=', repository], signal);
    const wanted = [commit, ...lines(refs).map((line) => line.slice(0, 40))];
    const isComplete = async () => !/ missing$/m.test(await own(['cat-file', '--batch-check'], wanted.join('\n')));
    if (!(await isComplete())) {
      const newest = [
        'for-each-ref',
        `--count=${KNOWN}`,
        '--sort=-creatordate',
        '--format=%(objectname)',
        'refs/heads',
      ];
      const known = lines(await own(newest));
      await this.#fetch(repository, fence, index, known, signal);
      // Tags of commits that are here already are left out of a bundle that builds on them.
      if (known.length > 0 && !(await isComplete())) await this.#fetch(repository, fence, index, [], signal);
    }
    const updates = new Map(lines(refs).map((line) => [line.slice(41), line.slice(0, 40)]));
    const held = lines(await own(['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags']));
    const stale = held.filter((name) => !updates.has(name)).map((name) => `delete ${name}\n`);
    // First and on their own: `a` may have become `a/b`.
    if (stale.length > 0) await own(['update-ref', '--stdin'], stale.join(''));
    updates.set(`refs/builds/${fence}`, commit);
    await own(['update-ref', '--stdin'], [...updates].map(([name, object]) => `update ${name} ${object}\n`).join(''));
  }

  async #fetch(
    repository: string,
    fence: number,
    index: number,
    known: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const file = `${repository}.${fence}.bundle`;
    await mkdir(this.folder, { recursive: true });
    try {
      await pipeline(this.transfer.pull(fence, bundleFile(index, known), signal), createWriteStream(file), { signal });
      await git([`--git-dir=${repository}`, 'bundle', 'unbundle', file], signal);
    } finally {
      await rm(file, { force: true });
    }
  }

  /** Lets a build's commit go; git's own housekeeping removes it some day. */
  async forget(fence: number, checkouts: readonly Checkout[]): Promise<void> {
    for (const { repository } of checkouts) {
      const args = [`--git-dir=${repository}`, 'update-ref', '-d', `refs/builds/${fence}`];
      await git(args, new AbortController().signal);
    }
  }
}

const lines = (text: string) => text.split('\n').filter(Boolean);
