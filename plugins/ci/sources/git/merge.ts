import { errorText } from 'cupboard/sdk';
import type { Change } from '../../contract.ts';
import type { Git } from './git.ts';

export interface Merge {
  readonly commit?: string;
  readonly conflict?: string;
}

/**
 * Merges a change onto a commit, without a working tree. What needs no merge commit gets none: then the change's own
 * commit lands.
 *
 * The same base and change always give the same commit: who, when and message follow from the two. So a change that is
 * tested on top of another one is on top of the very commit that lands before it, whichever run merged it.
 */
export async function mergeCommits(git: Git, repository: string, base: string, change: Change): Promise<Merge> {
  const { commit } = change;
  if (await isAncestor(git, repository, commit, base)) return { commit: base };
  if (await isAncestor(git, repository, base, commit)) return { commit };
  const tree = await mergeTrees(git, repository, base, commit);
  if ('conflict' in tree) return tree;
  const seconds = await Promise.all([base, commit].map((of) => commitTime(git, repository, of)));
  const date = `@${Math.max(...seconds)} +0000`;
  const merged = await git(['commit-tree', tree.id, '-p', base, '-p', commit, '-F', '-'], {
    repository,
    input: mergeMessage(change),
    environment: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
  return { commit: merged.stdout.trim() };
}

/** Whether `older` is `newer` or one of those it was made from. */
export async function isAncestor(git: Git, repository: string, older: string, newer: string): Promise<boolean> {
  return (await git(['merge-base', '--is-ancestor', older, newer], { repository, accept: [1] })).code === 0;
}

async function mergeTrees(
  git: Git,
  repository: string,
  base: string,
  commit: string,
): Promise<{ id: string } | { conflict: string }> {
  try {
    const args = ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', base, commit];
    const { code, stdout } = await git(args, { repository, accept: [1] });
    const [id = '', ...paths] = stdout.split('\0').filter((part) => part !== '');
    // Names of files are anyone's words.
    const named = [...new Set(paths)].map((path) => path.replace(/\p{Cc}/gu, '?'));
    return code === 0 ? { id } : { conflict: `conflict in ${named.join(', ')}` };
  } catch (error) {
    if (/unrelated histories/.test(errorText(error)))
      return { conflict: 'its history has no commit in common with the branch' };
    throw error;
  }
}

async function commitTime(git: Git, repository: string, commit: string): Promise<number> {
  return Number((await git(['show', '--no-patch', '--format=%ct', commit], { repository })).stdout);
}

function mergeMessage({ project, branch, number, patchset, message }: Change): string {
  const [subject = ''] = message.split('\n', 1);
  return `Merge change ${number},${patchset} of ${project} into ${branch}\n\n${subject}\n`;
}
