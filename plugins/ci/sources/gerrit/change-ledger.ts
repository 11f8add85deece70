import type { SourceEvent, SourceEventType } from '../../contract.ts';
import type { Memory } from '../memory.ts';
import type { ChangeEvent, GerritRow } from './events.ts';

/** What was last told of a change. */
interface Seen {
  readonly project: string;
  readonly patchset: number;
  readonly status: GerritRow['status'];
  readonly votes: GerritRow['votes'];
  /** Epoch seconds of the newest comment that was told, by Gerrit's clock. */
  readonly commented: number;
}

/** Comments that are remembered, to drop those that are told again. */
const REMEMBERED = 5000;

/** What was told of Gerrit's changes, so that only what is new is. Comments of `ownAccount` are not. */
export function openChangeLedger(memory: Memory, ownAccount: string) {
  const seen = (number: number): Seen | undefined => {
    const text = memory.get(`change ${number}`);
    return text === undefined ? undefined : JSON.parse(text);
  };
  const remember = (row: GerritRow, commented: number) => {
    const { project, patchset, status, votes } = row;
    const now: Seen = { project, patchset, status, votes, commented };
    memory.set(`change ${row.number}`, JSON.stringify(now));
  };
  const newestComment = (row: GerritRow) => Math.max(0, ...row.comments.map(({ time }) => time));
  const commentKey = ({ number, patchset, createdOn, account, comment }: ChangeEvent) =>
    `comment ${number},${patchset} ${createdOn} ${account} ${comment.slice(0, 200)}`;

  return {
    projectOf: (number: number): string | undefined => seen(number)?.project,

    /** What happened to it since it was last told of; comments apart. */
    news(row: GerritRow): readonly Exclude<SourceEventType, 'comment-added' | 'ref-updated'>[] {
      const before = seen(row.number);
      const isOpen = row.status === 'open';
      if (before === undefined) return isOpen ? ['patchset-created'] : [];
      const news: Exclude<SourceEventType, 'comment-added' | 'ref-updated'>[] = [];
      if (isOpen && before.status === 'abandoned') news.push('change-restored');
      if (isOpen && row.patchset > before.patchset) news.push('patchset-created');
      if (!isOpen && before.status === 'open')
        news.push(row.status === 'merged' ? 'change-merged' : 'change-abandoned');
      return news;
    },

    /** @param since epoch seconds from which on comments are news, of a change that was never told of */
    told(row: GerritRow, since = row.lastUpdated): void {
      remember(row, seen(row.number)?.commented ?? since);
    },

    /** A server that does not say when may tell us twice; that people say the same twice is likelier. */
    isNewComment(row: GerritRow, event: ChangeEvent): boolean {
      if (event.account === ownAccount) return false;
      if (event.createdOn === undefined) return true;
      const isKnown = memory.get(commentKey(event)) !== undefined;
      return !isKnown && event.createdOn >= (seen(row.number)?.commented ?? 0);
    },

    toldComment(row: GerritRow, event: ChangeEvent): void {
      memory.set(commentKey(event), '');
      memory.prune('comment ', REMEMBERED);
      remember(row, Math.max(event.createdOn ?? row.lastUpdated, seen(row.number)?.commented ?? 0));
    },

    /** Comments and votes of others that no event told of; ask before `told`. */
    missedComments(row: GerritRow): readonly Pick<SourceEvent, 'comment' | 'votes' | 'account'>[] {
      const before = seen(row.number);
      const since = before?.commented ?? row.lastUpdated;
      const comments = row.comments.filter(({ time, account }) => time > since && account !== ownAccount);
      // A query tells who commented and which votes there are, but not which came with which.
      const votes = before?.patchset === row.patchset || before === undefined ? newVotes(row, before) : row.votes;
      const highest = Object.fromEntries(Object.entries(votes).map(([label, values]) => [label, Math.max(...values)]));
      const told = comments.map(({ account, text }, at) => ({
        account,
        comment: text,
        votes: at === comments.length - 1 ? highest : {},
      }));
      const isVoteAlone = told.length === 0 && Object.keys(highest).length > 0;
      return isVoteAlone ? [{ comment: '', votes: highest }] : told;
    },

    toldMissed(row: GerritRow): void {
      remember(row, Math.max(newestComment(row), seen(row.number)?.commented ?? 0));
    },
  };
}

/** Votes that were not there before, by label. */
function newVotes(row: GerritRow, before: Seen | undefined): GerritRow['votes'] {
  const entries = Object.entries(row.votes).map(([label, values]) => {
    const old = [...(before?.votes[label] ?? [])];
    // Each old one accounts for one of those there are now.
    const added = values.filter((value) => {
      const at = old.indexOf(value);
      if (at >= 0) old.splice(at, 1);
      return at < 0;
    });
    return [label, added] as const;
  });
  return Object.fromEntries(entries.filter(([, values]) => values.length > 0));
}
