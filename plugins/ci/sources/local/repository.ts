import type { Change } from '../../contract.ts';
import type { Git } from '../git/git.ts';
import { isAncestor } from '../git/merge.ts';
import { branchOf, NO_COMMIT } from '../git/names.ts';
import { type ChangeRecord, ChangeRefs, newestPatchSet, patchSetRef } from './change-refs.ts';

/** Questions to a bare repository. */
export class LocalRepository {
  readonly changes: ChangeRefs;

  constructor(
    readonly git: Git,
    readonly project: string,
    readonly path: string,
  ) {
    this.changes = new ChangeRefs(git, path);
  }

  /** Branches and tags, full name to commit; an annotated tag to what it marks. */
  async refs(): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await this.#run([
      'for-each-ref',
      '--format=%(refname)%09%(objectname)%09%(*objectname)',
      'refs/heads',
      'refs/tags',
    ]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return new Map(
      lines.map((line) => {
        const [name = '', id = '', peeled = ''] = line.split('\t');
        return [name, peeled === '' ? id : peeled];
      }),
    );
  }

  async tip(branch: string): Promise<string | undefined> {
    const ref = `refs/heads/${branch}`;
    const { stdout } = await this.#run(['for-each-ref', '--format=%(objectname)', ref]);
    return stdout.split('\n')[0] || undefined;
  }

  isAncestor(older: string, newer: string): Promise<boolean> {
    return isAncestor(this.git, this.path, older, newer);
  }

  /** Commits of patch sets that a branch has. */
  async mergedInto(branch: string): Promise<ReadonlySet<string>> {
    const args = ['for-each-ref', '--format=%(objectname)', `--merged=refs/heads/${branch}`, 'refs/changes/'];
    return new Set((await this.#run(args)).stdout.split('\n'));
  }

  async message(commit: string): Promise<string> {
    return (await this.#run(['show', '--no-patch', '--format=%B', commit])).stdout.trimEnd();
  }

  /** Paths that differ from the commit's first parent, or from `since`. */
  async files(commit: string, since?: string): Promise<readonly string[]> {
    const parents = since === undefined ? await this.parents(commit) : [since];
    const args = ['diff-tree', '-r', '--name-only', '--no-commit-id', '-z', '--root', ...parents.slice(0, 1), commit];
    return (await this.#run(args)).stdout.split('\0').filter((path) => path !== '');
  }

  async parents(commit: string): Promise<readonly string[]> {
    const { stdout } = await this.#run(['show', '--no-patch', '--format=%P', commit]);
    return stdout
      .trim()
      .split(' ')
      .filter((parent) => parent !== '');
  }

  #run(args: readonly string[]) {
    return this.git(args, { repository: this.path });
  }
}

export interface Naming {
  readonly source: string;
  /** Address of a change's page, with `{change}` in it; empty = none. */
  readonly page: string;
  /** Answers the ids of what a change's `Depends-On` lines name. */
  readonly dependencies: (change: Pick<Change, 'source' | 'project' | 'message'>) => Promise<readonly string[]>;
}

/** The newest patch set of a change as the scheduler wants it. */
export async function describeChange(
  repository: LocalRepository,
  record: ChangeRecord,
  naming: Naming,
): Promise<Change> {
  const { project } = repository;
  const { source, page } = naming;
  const newest = newestPatchSet(record);
  const patchset = record.patchsets.length;
  const id = `${source}:${project}/${record.number}`;
  const message = await repository.message(newest.commit);
  const [files, parents, named] = await Promise.all([
    repository.files(newest.commit),
    openParents(repository, record),
    naming.dependencies({ source, project, message }),
  ]);
  const votes = Object.entries(record.votes).map(([label, byAccount]) => {
    const values = Object.values(byAccount);
    return [label, [Math.max(...values), Math.min(...values)]] as const;
  });
  return {
    key: `${id},${patchset}`,
    id,
    source,
    kind: 'change',
    project,
    branch: record.branch,
    commit: newest.commit,
    ref: patchSetRef(record.number, patchset),
    number: String(record.number),
    patchset: String(patchset),
    changeId: record.changeId,
    message,
    author: newest.author,
    ...(page !== '' && { url: page.replaceAll('{change}', `${project}/${record.number}`) }),
    dependsOn: [...new Set([...parents.map((number) => `${source}:${project}/${number}`), ...named])],
    files,
    isOpen: record.status === 'open',
    isMerged: record.status === 'merged',
    approvals: Object.fromEntries(votes),
  };
}

/** Numbers of the open changes that the commit stands on. */
async function openParents(repository: LocalRepository, record: ChangeRecord): Promise<readonly number[]> {
  const parents = await repository.parents(newestPatchSet(record).commit);
  const others = (await repository.changes.list()).filter(
    ({ record: other }) => other.status === 'open' && other.number !== record.number && other.branch === record.branch,
  );
  return others
    .filter(({ record: other }) => other.patchsets.some(({ commit }) => parents.includes(commit)))
    .map(({ record: other }) => other.number);
}

/** A branch or tag that moved. */
export async function describeRef(
  repository: LocalRepository,
  source: string,
  ref: string,
  oldrev: string,
  newrev: string,
): Promise<Change> {
  const { project } = repository;
  const isDeleted = newrev === NO_COMMIT;
  const commit = isDeleted ? oldrev : newrev;
  const isMoved = oldrev !== NO_COMMIT && !isDeleted;
  return {
    key: `${source}:${project}/${ref}@${newrev}`,
    id: `${source}:${project}/${ref}`,
    source,
    kind: 'ref',
    project,
    branch: branchOf(ref),
    commit,
    ref,
    oldrev,
    newrev,
    // What a forced push left behind may be gone.
    message: isDeleted ? '' : await repository.message(commit),
    dependsOn: [],
    ...(isMoved && { files: await repository.files(newrev, oldrev) }),
    isOpen: false,
    isMerged: !isDeleted,
    approvals: {},
  };
}
