import picomatch from 'picomatch';
import type { Change, JobUse } from '../contract.ts';

/** Gerrit lists the commit message among a change's files; no filter means it. */
const COMMIT_MESSAGE = '/COMMIT_MSG';

/** Whether a job is to run for a change, by the branch and the paths that the change touches. */
export function isWanted(use: JobUse, change: Pick<Change, 'branch' | 'files'>): boolean {
  if (use.branches.length > 0 && !use.branches.some((pattern) => new RegExp(pattern).test(change.branch))) return false;
  const paths = (change.files ?? []).filter((path) => path !== COMMIT_MESSAGE);
  // A merge commit, a branch as it is, or a source that cannot tell: nothing speaks against the job.
  if (paths.length === 0) return true;
  // Array methods hand on an index, which picomatch would take for an option.
  const matching = (globs: readonly string[]) => {
    const matches = picomatch([...globs], { dot: true });
    return (path: string) => matches(path);
  };
  if (use.files.length > 0 && !paths.some(matching(use.files))) return false;
  return use.skipFiles.length === 0 || !paths.every(matching(use.skipFiles));
}
