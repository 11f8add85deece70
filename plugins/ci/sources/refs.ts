import type { Change, SourceEvent } from '../contract.ts';
import type { BareRepository } from './git/bare-repository.ts';
import type { GitCache } from './git/cache.ts';
import { branchOf, NO_COMMIT } from './git/names.ts';
import type { Memory } from './memory.ts';

/** A branch or tag that is not where it was. */
export interface MovedRef {
  readonly ref: string;
  /** 40 zeros: created. */
  readonly oldrev: string;
  /** 40 zeros: deleted. */
  readonly newrev: string;
}

/** What a source has told of a project's refs, so that it tells what moved since. */
export function openRefLedger(memory: Memory, project: string) {
  const prefix = `${project} ref `;
  return {
    moved(now: ReadonlyMap<string, string>): readonly MovedRef[] {
      const before = new Map([...memory.entries(prefix)].map(([key, commit]) => [key.slice(prefix.length), commit]));
      return [...new Set([...before.keys(), ...now.keys()])]
        .map((ref) => ({ ref, oldrev: before.get(ref) ?? NO_COMMIT, newrev: now.get(ref) ?? NO_COMMIT }))
        .filter(({ oldrev, newrev }) => oldrev !== newrev);
    },
    told({ ref, newrev }: MovedRef): void {
      if (newrev === NO_COMMIT) memory.delete(prefix + ref);
      else memory.set(prefix + ref, newrev);
    },
    /** Takes refs as known: what a project had before we looked is not news. */
    learn(now: ReadonlyMap<string, string>): void {
      for (const [ref, commit] of now) memory.set(prefix + ref, commit);
    },
  };
}

export type RefLedger = ReturnType<typeof openRefLedger>;

/** Tells what moved at a remote since it was last told of. @throws HubError `unreachable` */
export async function tellMovedRefs(
  source: string,
  project: string,
  cache: GitCache,
  ledger: RefLedger,
  tell: (event: SourceEvent) => void,
): Promise<void> {
  for (const moved of ledger.moved(await cache.remoteRefs(project))) {
    const isDeleted = moved.newrev === NO_COMMIT;
    const repository = isDeleted ? undefined : await cache.fetched(project, moved.ref, moved.newrev);
    tell({ type: 'ref-updated', change: await describeRef(source, project, moved, repository) });
    ledger.told(moved);
  }
}

/** The move as the scheduler wants it. Without a repository, as where the remote is away, it has neither message nor files. */
export async function describeRef(
  source: string,
  project: string,
  { ref, oldrev, newrev }: MovedRef,
  repository?: BareRepository,
): Promise<Change> {
  const isDeleted = newrev === NO_COMMIT;
  // What a forced push left behind may be gone.
  const canCompare = !isDeleted && oldrev !== NO_COMMIT && (await repository?.has(oldrev)) === true;
  return {
    key: `${source}:${project}/${ref}@${newrev}`,
    id: `${source}:${project}/${ref}`,
    source,
    kind: 'ref',
    project,
    branch: branchOf(ref),
    commit: isDeleted ? oldrev : newrev,
    ref,
    oldrev,
    newrev,
    message: isDeleted ? '' : ((await repository?.message(newrev)) ?? ''),
    dependsOn: [],
    ...(canCompare && repository && { files: await repository.files(newrev, oldrev) }),
    isOpen: false,
    isMerged: !isDeleted,
    approvals: {},
  };
}
