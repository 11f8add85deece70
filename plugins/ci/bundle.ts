import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Checkout } from './contract.ts';

const run = promisify(execFile);

/** Where a bundle has the commit to check out; beside it the cache's branches and tags under their own names. */
export const BUILD_REF = 'refs/build/head';

const environment = { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', LC_ALL: 'C' };

/** Runs git as nobody in particular: no settings of whoever runs the hub have a say. */
export async function git(args: readonly string[], signal: AbortSignal, input = ''): Promise<string> {
  const running = run('git', args, { signal, env: environment, maxBuffer: 64 << 20 });
  running.child.stdin?.on('error', () => undefined).end(input); // one that does not read has ended: told by its exit
  return (await running).stdout;
}

/** A repository's branches and tags, a line `OBJECT NAME` each, sorted by name. */
export const listRefs = (repository: string, signal: AbortSignal): Promise<string> =>
  git(
    [`--git-dir=${repository}`, 'for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads', 'refs/tags'],
    signal,
  );

/**
 * Writes a checkout with its history as a git bundle: what a machine without access to the cache needs. The cache
 * itself is left alone: an empty repository that borrows its objects gets the refs.
 * @param known commits the other side has, with all they are made of; those unknown here are passed over
 */
export async function writeBundle(
  checkout: Checkout,
  file: string,
  signal: AbortSignal,
  known: readonly string[] = [],
): Promise<void> {
  const borrower = `${file}.git`;
  const own = (...args: readonly string[]) => git(['-C', borrower, ...args], signal);
  try {
    await git(['init', '--quiet', '--bare', '--template=', borrower], signal);
    await mkdir(join(borrower, 'objects/info'), { recursive: true });
    await writeFile(join(borrower, 'objects/info/alternates'), `${join(checkout.repository, 'objects')}\n`);
    // As packed refs: a file a ref would cost more than the bundle.
    await writeFile(join(borrower, 'packed-refs'), await listRefs(checkout.repository, signal));
    await own('update-ref', BUILD_REF, checkout.commit);
    const held = await Promise.all(
      known.map((commit) =>
        own('cat-file', '-e', `${commit}^{commit}`).then(
          () => [`^${commit}`],
          () => [],
        ),
      ),
    );
    await own('bundle', 'create', '--quiet', file, BUILD_REF, '--branches', '--tags', ...held.flat());
  } finally {
    await rm(borrower, { recursive: true, force: true });
  }
}
