import type { SourceEventType } from '../../contract.ts';
import { isCommit, NO_COMMIT } from '../git/names.ts';

/** A line of `gerrit stream-events` that concerns us. */
export type GerritEvent = ChangeEvent | RefEvent | { readonly type: 'dropped-output' };

export interface ChangeEvent {
  readonly type: Exclude<SourceEventType, 'ref-updated'>;
  readonly project: string;
  readonly number: number;
  /** 0 = not told. */
  readonly patchset: number;
  /** Of a comment, with the votes it gives. */
  readonly comment: string;
  readonly votes: Readonly<Record<string, number>>;
  /** Who caused it, as far as that was told. */
  readonly account?: string;
  /** Epoch seconds; newer servers tell it. */
  readonly createdOn?: number;
}

export interface RefEvent {
  readonly type: 'ref-updated';
  readonly project: string;
  /** Full name. */
  readonly ref: string;
  readonly oldrev: string;
  readonly newrev: string;
}

/** A change as `gerrit query` tells it. */
export interface GerritRow {
  readonly project: string;
  readonly branch: string;
  readonly number: number;
  readonly changeId: string;
  readonly url: string;
  readonly message: string;
  readonly author: string;
  readonly status: 'open' | 'merged' | 'abandoned';
  readonly patchset: number;
  readonly commit: string;
  readonly ref: string;
  /** Epoch seconds, by Gerrit's clock. */
  readonly lastUpdated: number;
  /** Label, then each vote. */
  readonly votes: Readonly<Record<string, readonly number[]>>;
  readonly files: readonly string[] | undefined;
  /** Numbers of the changes it stands on. */
  readonly parents: readonly number[];
  /** Oldest first; only where it was asked for. */
  readonly comments: readonly { readonly time: number; readonly account: string; readonly text: string }[];
}

const ACCOUNT_FIELDS = {
  'patchset-created': 'uploader',
  'comment-added': 'author',
  'change-merged': 'submitter',
  'change-abandoned': 'abandoner',
  'change-restored': 'restorer',
} as const;

/**
 * Reads a line of the event stream; any field may be missing and numbers may be strings, by the server's age.
 * @returns `undefined` for what does not concern us or lacks what we cannot do without
 */
export function parseEvent(line: string): GerritEvent | undefined {
  const event = parseJson(line);
  const { type } = event;
  if (type === 'dropped-output') return { type };
  if (type === 'ref-updated') return parseRefEvent(event);
  if (typeof type !== 'string' || !Object.hasOwn(ACCOUNT_FIELDS, type)) return undefined;
  const known = type as keyof typeof ACCOUNT_FIELDS;
  const change = fields(event['change']);
  const number = positive(change['number']);
  const project = text(change['project']);
  if (number === 0 || project === '') return undefined;
  const account = accountOf(event[ACCOUNT_FIELDS[known]]);
  const createdOn = positive(event['eventCreatedOn']);
  return {
    type: known,
    project,
    number,
    patchset: positive(fields(event['patchSet'])['number']),
    comment: text(event['comment']),
    votes: Object.fromEntries(
      list(event['approvals'])
        // A vote that stays as it was is told again with every comment; newer servers say what it was before.
        .filter(
          (approval) =>
            approval['oldValue'] === undefined || integer(approval['oldValue']) !== integer(approval['value']),
        )
        .map((approval) => [text(approval['type']), integer(approval['value'])]),
    ),
    ...(account !== '' && { account }),
    ...(createdOn > 0 && { createdOn }),
  };
}

function parseRefEvent(event: Fields): RefEvent | undefined {
  const update = fields(event['refUpdate']);
  const name = text(update['refName']);
  const [oldrev, newrev] = [text(update['oldRev']) || NO_COMMIT, text(update['newRev']) || NO_COMMIT];
  if (name === '' || text(update['project']) === '' || !isCommit(oldrev) || !isCommit(newrev)) return undefined;
  return {
    type: 'ref-updated',
    project: text(update['project']),
    // Older servers give branches their short name.
    ref: name.startsWith('refs/') ? name : `refs/heads/${name}`,
    oldrev,
    newrev,
  };
}

/** The rows of `gerrit query --format=JSON`, and whether there are more. */
export function parseQuery(output: string): { readonly rows: readonly GerritRow[]; readonly hasMore: boolean } {
  const lines = output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseJson);
  const stats = lines.find(({ type }) => type === 'stats');
  return { rows: lines.flatMap((line) => parseRow(line) ?? []), hasMore: stats?.['moreChanges'] === true };
}

function parseRow(row: Fields): GerritRow | undefined {
  const current = fields(row['currentPatchSet']);
  const number = positive(row['number']);
  const commit = text(current['revision']);
  const patchset = positive(current['number']);
  if (number === 0 || patchset === 0 || !isCommit(commit)) return undefined;
  const votes: Record<string, number[]> = {};
  for (const approval of list(current['approvals'])) {
    const label = text(approval['type']);
    votes[label] = [...(votes[label] ?? []), integer(approval['value'])];
  }
  const status = text(row['status']);
  const owner = fields(row['owner']);
  return {
    project: text(row['project']),
    branch: text(row['branch']),
    number,
    changeId: text(row['id']),
    url: text(row['url']),
    message: text(row['commitMessage']) || text(row['subject']),
    author: text(owner['email']) === '' ? accountOf(owner) : `${text(owner['name'])} <${text(owner['email'])}>`,
    status: status === 'MERGED' ? 'merged' : status === 'ABANDONED' ? 'abandoned' : 'open',
    patchset,
    commit,
    ref: text(current['ref']) || refOf(number, patchset),
    lastUpdated: positive(row['lastUpdated']),
    votes,
    // The commit message is listed among the files by this name.
    files: Array.isArray(current['files'])
      ? list(current['files'])
          .map(({ file }) => text(file))
          .filter((file) => !/^(?:\/COMMIT_MSG|\/MERGE_LIST|)$/.test(file))
      : undefined,
    parents: list(row['dependsOn'])
      .map((parent) => positive(parent['number']))
      .filter((parent) => parent > 0),
    comments: list(row['comments']).map((comment) => ({
      time: positive(comment['timestamp']),
      account: accountOf(comment['reviewer']),
      text: text(comment['message']),
    })),
  };
}

const refOf = (number: number, patchset: number) =>
  `refs/changes/${String(number % 100).padStart(2, '0')}/${number}/${patchset}`;

/** Whether Gerrit answered with what was before the event. */
export function isStale(row: GerritRow | undefined, event: ChangeEvent): boolean {
  if (row === undefined) return true;
  if (row.patchset < event.patchset) return true;
  if (event.type === 'change-merged') return row.status !== 'merged';
  if (event.type === 'change-abandoned') return row.status === 'open';
  if (row.patchset > event.patchset) return false;
  return Object.entries(event.votes).some(([label, value]) => value !== 0 && !row.votes[label]?.includes(value));
}

type Fields = Readonly<Record<string, unknown>>;

function parseJson(line: string): Fields {
  try {
    return fields(JSON.parse(line));
  } catch {
    return {};
  }
}

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const integer = (value: unknown): number => (Number.isSafeInteger(Number(value)) ? Number(value) : 0);
const positive = (value: unknown): number => Math.max(0, integer(value));

/** Accounts without a user name have an address or a name. */
function accountOf(value: unknown): string {
  const { username, email, name } = fields(value);
  return text(username) || text(email) || text(name);
}
