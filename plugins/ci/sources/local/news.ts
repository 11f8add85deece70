import type { SourceEvent } from '../../contract.ts';
import type { Memory } from '../memory.ts';
import { type ChangeRecord, newestPatchSet, type Stored } from './change-refs.ts';

/** Votes and comments of the hub itself; no event tells of them. */
export const OWN_ACCOUNT = 'cupboard';

/** What was last told of a change. */
interface SeenChange {
  readonly patchset: number;
  readonly comments: number;
  readonly status: ChangeRecord['status'];
}

/** What was told of a repository's changes, so that only what is new is. */
export function openNews(memory: Memory, project: string) {
  const keyOf = ({ record }: Stored) => `${project} change ${record.number}`;
  return {
    of(stored: Stored): readonly Omit<SourceEvent, 'change'>[] {
      const text = memory.get(keyOf(stored)) ?? '';
      const space = text.indexOf(' ');
      if (text.slice(0, Math.max(0, space)) === stored.blob) return [];
      return newsOf(stored.record, text === '' ? undefined : JSON.parse(text.slice(space)));
    },
    told(stored: Stored): void {
      const { patchsets, commentCount, status } = stored.record;
      const seen: SeenChange = { patchset: patchsets.length, comments: commentCount, status };
      const text = `${stored.blob} ${JSON.stringify(seen)}`;
      if (memory.get(keyOf(stored)) !== text) memory.set(keyOf(stored), text);
    },
  };
}

/** What happened to a change since it was last told of, in the order people did it. */
function newsOf(record: ChangeRecord, seen: SeenChange | undefined): Omit<SourceEvent, 'change'>[] {
  const news: Omit<SourceEvent, 'change'>[] = [];
  if (record.patchsets.length > (seen?.patchset ?? 0)) {
    news.push({ type: 'patchset-created', account: newestPatchSet(record).account });
  }
  const count = record.commentCount - (seen?.comments ?? 0);
  for (const { account, text, votes } of count > 0 ? record.comments.slice(-count) : []) {
    if (account !== OWN_ACCOUNT) news.push({ type: 'comment-added', account, comment: text, votes });
  }
  const before = seen?.status ?? 'open';
  if (record.status !== before) {
    const type = { merged: 'change-merged', abandoned: 'change-abandoned', open: 'change-restored' } as const;
    news.push({ type: type[record.status] });
  }
  return news;
}
