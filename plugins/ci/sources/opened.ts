import type { Change, Source } from '../contract.ts';
import type { GitRemote } from './git/cache.ts';

/** A source as the others and the git cache see it. */
export interface OpenedSource extends Source {
  has(project: string): boolean;
  /** Where the cache fetches a project from; `undefined` = not of this source. */
  locate(project: string): GitRemote | undefined;
  openChanges(): Promise<readonly Change[]>;
  /** Ids of the changes with a Change-Id, on whatever branch. */
  findByChangeId(changeId: string): Promise<readonly string[]>;
  /** The id of the change whose page it is; `undefined` = a page of something else. */
  findByUrl(url: string): string | undefined;
}
