import { errorText, type Logger } from 'cupboard/sdk';
import type { Change, Checkout } from '../../contract.ts';
import { newestPatchSet, parseNumber } from './change-refs.ts';
import type { LocalRepository } from './describe.ts';

/**
 * Makes the tested commit the tip of the change's branch. A push that came first wins, a change that is merged already
 * stays so.
 * @returns whether it is merged; why not is in the log
 */
export async function landChange(
  repository: LocalRepository,
  change: Change,
  merged: Checkout,
  log: Logger,
): Promise<boolean> {
  const { git } = repository;
  const stored = await repository.changes.read(parseNumber(change.number ?? ''));
  if (stored === undefined) return false;
  const { branch, status } = stored.record;
  if (status === 'merged') return true;
  const refuse = (reason: string) => {
    log.warn(`${change.id} was not merged: ${reason}`);
    return false;
  };
  if (status !== 'open') return refuse(`it is ${status}`);
  if (newestPatchSet(stored.record).commit !== change.commit) return refuse('it has a newer patch set');
  const tip = await repository.tip(branch);
  if (tip === undefined) return refuse(`there is no branch ${branch}`);
  const inCache = { repository: merged.repository };
  const contains = async (older: string) =>
    (await git(['merge-base', '--is-ancestor', older, merged.commit], { ...inCache, accept: [1, 128] })).code === 0;
  if (!(await contains(change.commit))) return refuse(`the tested commit ${merged.commit} does not have it`);
  // 128: the cache never saw the tip, so it was pushed after the test began.
  if (!(await contains(tip)))
    return refuse(`${branch} was pushed to ${tip.slice(0, 12)}, which was not tested with it`);
  const lease = `--force-with-lease=refs/heads/${branch}:${tip}`;
  try {
    // By a push and not by fetch and update-ref: the user's own hooks are to see it.
    const args = ['push', '--quiet', lease, repository.path, `${merged.commit}:refs/heads/${branch}`];
    await git(args, inCache);
  } catch (error) {
    return refuse(errorText(error));
  }
  return true;
}
