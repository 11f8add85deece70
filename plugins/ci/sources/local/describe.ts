import type { Change } from '../../contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { BareRepository } from '../git/bare-repository.ts';
import type { Git } from '../git/git.ts';
import { type ChangeRecord, ChangeRefs, newestPatchSet, patchSetRef } from './change-refs.ts';

/** A bare repository with the changes pushed to it. */
export class LocalRepository extends BareRepository {
  readonly changes: ChangeRefs;

  constructor(
    git: Git,
    readonly project: string,
    path: string,
  ) {
    super(git, path);
    this.changes = new ChangeRefs(git, path);
  }
}

export interface Naming {
  readonly source: string;
  /** Address of a change's page, with `{change}` in it; empty = none. */
  readonly page: string;
  readonly dependencies: Dependencies;
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
