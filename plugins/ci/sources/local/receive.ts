import { HubError } from 'cupboard/sdk';
import { deriveChangeId, parseFooters } from '../change-id.ts';
import type { Git } from '../git/git.ts';
import { checkName, isBranch, isCommit } from '../git/names.ts';
import { type ChangeRecord, ChangeRefs, newestPatchSet, type PatchSet, type Stored } from './change-refs.ts';

/** A push to `refs/for/<branch>`. */
export interface Push {
  readonly project: string;
  readonly branch: string;
  readonly commit: string;
  /** Who pushes. */
  readonly account: string;
  /** Epoch ms. */
  readonly time: number;
}

/** A commit of a push, as git tells it. */
export interface PushedCommit extends PatchSet {
  /** When this version of it was made, epoch seconds. */
  readonly commitTime: number;
  readonly message: string;
}

/** A change that the push made or gave a new patch set. */
export interface Received {
  readonly record: ChangeRecord;
  readonly before?: Stored;
}

/** A longer series is more likely a wrong branch than a review. */
const MOST_COMMITS = 50;

/**
 * Takes a push: each commit that the branch lacks is a change or the next patch set of one, all of them or none.
 * @returns what is new, the oldest commit first
 * @throws HubError `push_refused` with what the pusher can do
 */
export async function receivePush(git: Git, repository: string, push: Push): Promise<readonly Received[]> {
  checkName('branch', push.branch, isBranch);
  checkName('commit', push.commit, isCommit);
  const commits = await newCommits(git, repository, push);
  const refs = new ChangeRefs(git, repository);
  for (let attempt = 0; attempt < 10; attempt++) {
    const received = matchCommits(commits, await refs.list(), push);
    if (await refs.write(received)) return received;
  }
  throw new HubError('push_refused', 'others push all the time: try again');
}

async function newCommits(git: Git, repository: string, push: Push): Promise<readonly PushedCommit[]> {
  const branch = `refs/heads/${push.branch}`;
  const { code } = await git(['rev-parse', '--verify', '--quiet', branch], { repository, accept: [1] });
  if (code !== 0) {
    throw new HubError('push_refused', `there is no branch ${push.branch} yet: push to it first, without refs/for/`);
  }
  const format = '--format=%H%x00%an <%ae>%x00%at%x00%ct%x00%B';
  const range = [push.commit, `^${branch}`];
  const args = ['log', '-z', '--reverse', '--first-parent', `--max-count=${MOST_COMMITS + 1}`, format, ...range, '--'];
  const fields = (await git(args, { repository })).stdout.split('\0');
  const commits: PushedCommit[] = [];
  for (let at = 0; at + 4 < fields.length; at += 5) {
    const [commit = '', author = '', authorTime, commitTime, message = ''] = fields.slice(at, at + 5);
    const [subject = ''] = message.split('\n', 1);
    const times = { authorTime: Number(authorTime), commitTime: Number(commitTime), time: push.time };
    commits.push({ commit, author, ...times, message, subject, account: push.account });
  }
  if (commits.length === 0) throw new HubError('push_refused', `no new changes: ${push.branch} has this commit`);
  if (commits.length > MOST_COMMITS) {
    throw new HubError(
      'push_refused',
      `more than ${MOST_COMMITS} commits that ${push.branch} lacks: is it the right branch?`,
    );
  }
  return commits;
}

/**
 * Says which change each commit belongs to; pure.
 * @throws HubError `push_refused`
 */
export function matchCommits(
  commits: readonly PushedCommit[],
  stored: readonly Stored[],
  push: Pick<Push, 'project' | 'branch'>,
): readonly Received[] {
  const onBranch = stored.filter(({ record }) => record.branch === push.branch);
  const known = new Map(onBranch.map((change) => [change.record.changeId, change]));
  const pushed = new Set(commits.map(({ commit }) => commit));
  const unchanged = (change: Stored) => pushed.has(newestPatchSet(change.record).commit);
  const taken = new Set<string>();
  const received: Received[] = [];
  let number = Math.max(0, ...stored.map(({ record }) => record.number));
  for (const commit of commits) {
    const isKnown = onBranch.some(({ record }) => newestPatchSet(record).commit === commit.commit);
    if (isKnown) continue;
    const named = parseFooters(commit.message).changeId;
    const amended = onBranch.find(
      (change) => !unchanged(change) && !taken.has(change.record.changeId) && isAmended(change.record, commit),
    );
    const before = named === undefined ? amended : known.get(named);
    const changeId = before?.record.changeId ?? named ?? deriveChangeId(push.project, push.branch, commit.commit);
    if (taken.has(changeId))
      throw new HubError('push_refused', `two commits with the Change-Id ${changeId}: squash them`);
    taken.add(changeId);
    const { message: _, commitTime: __, ...patchset } = commit;
    received.push(
      before === undefined
        ? { record: newRecord(++number, push.branch, changeId, named === undefined, patchset) }
        : { record: withPatchSet(before.record, patchset), before },
    );
  }
  if (received.length === 0) throw new HubError('push_refused', 'no new changes: these commits were pushed before');
  return received;
}

/**
 * Whether a commit without Change-Id is a new version of a change's: git keeps author and author time when a commit is
 * amended or rebased. Two fresh commits of the same second have their commit time at the author time, so another
 * subject tells them apart.
 */
function isAmended(record: ChangeRecord, commit: PushedCommit): boolean {
  const newest = newestPatchSet(record);
  return (
    record.status === 'open' &&
    record.isDerived &&
    newest.author === commit.author &&
    newest.authorTime === commit.authorTime &&
    (newest.subject === commit.subject || commit.commitTime > commit.authorTime)
  );
}

const newRecord = (
  number: number,
  branch: string,
  changeId: string,
  isDerived: boolean,
  patchset: PatchSet,
): ChangeRecord => ({
  number,
  branch,
  changeId,
  isDerived,
  status: 'open',
  patchsets: [patchset],
  votes: {},
  comments: [],
  commentCount: 0,
});

/** Votes were given for what is replaced. */
function withPatchSet(record: ChangeRecord, patchset: PatchSet): ChangeRecord {
  if (record.status !== 'open') {
    const advice = 'remove its Change-Id line to make a new change';
    throw new HubError('push_refused', `change ${record.number} is ${record.status}: ${advice}`);
  }
  return { ...record, patchsets: [...record.patchsets, patchset], votes: {} };
}
