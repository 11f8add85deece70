import { errorText, HubError } from 'cupboard/sdk';
import type { Git } from '../git/git.ts';
import { NO_COMMIT } from '../git/names.ts';

/** What is known of a change of a local repository; a blob in the repository itself, so that a push needs no hub. */
export interface ChangeRecord {
  readonly number: number;
  readonly branch: string;
  readonly changeId: string;
  /** Its commits name no Change-Id: the next patch set is recognised by author and time. */
  readonly isDerived: boolean;
  readonly status: 'open' | 'merged' | 'abandoned';
  /** First to newest. */
  readonly patchsets: readonly PatchSet[];
  /** Label, then who gave it; of the newest patch set. */
  readonly votes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Oldest first. */
  readonly comments: readonly Comment[];
  /** How many there were in all, those dropped included. */
  readonly commentCount: number;
}

export interface PatchSet {
  readonly commit: string;
  /** `Name <address>`. */
  readonly author: string;
  /** When it was first written, epoch seconds; stays when a commit is amended or rebased. */
  readonly authorTime: number;
  readonly subject: string;
  /** Who pushed it and when, epoch ms. */
  readonly account: string;
  readonly time: number;
}

export interface Comment {
  readonly time: number;
  readonly account: string;
  readonly text: string;
  readonly votes: Readonly<Record<string, number>>;
}

/** A record with the name of its blob, by which a write notices another one that came first. */
export interface Stored {
  readonly record: ChangeRecord;
  readonly blob: string;
}

/** More comments than this are dropped, the oldest first. */
const MOST_COMMENTS = 100;

/** The number of a change as commands and events write it; 0 = none has it. */
export const parseNumber = (text: string): number => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0);

/** `refs/changes/12/512/3`, as Gerrit names it. */
export const patchSetRef = (number: number, patchset: number): string => `${changeRef(number)}/${patchset}`;
const changeRef = (number: number) => `refs/changes/${String(number % 100).padStart(2, '0')}/${number}`;
const recordRef = (number: number) => `${changeRef(number)}/meta`;

export const newestPatchSet = ({ patchsets }: ChangeRecord): PatchSet => {
  const newest = patchsets.at(-1);
  if (newest === undefined) throw new HubError('change_damaged', 'a change without a patch set');
  return newest;
};

/** The record with a comment and the votes it gives. */
export function withComment(record: ChangeRecord, comment: Comment): ChangeRecord {
  const votes = Object.entries(comment.votes).map(([label, value]) => [
    label,
    { ...record.votes[label], [comment.account]: value },
  ]);
  return {
    ...record,
    votes: { ...record.votes, ...Object.fromEntries(votes) },
    comments: [...record.comments, comment].slice(-MOST_COMMENTS),
    commentCount: record.commentCount + 1,
  };
}

/** The changes of one bare repository, as refs: `refs/changes/NN/N/PS` for the commits, `.../meta` for the record. */
export class ChangeRefs {
  readonly #git: Git;
  readonly #repository: string;

  constructor(git: Git, repository: string) {
    this.#git = git;
    this.#repository = repository;
  }

  async list(): Promise<readonly Stored[]> {
    const format = '--format=%(objectname) %(raw)';
    const { stdout } = await this.#run(['for-each-ref', format, 'refs/changes/*/*/meta']);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ blob: line.slice(0, line.indexOf(' ')), record: JSON.parse(line.slice(line.indexOf(' '))) }));
  }

  async read(number: number): Promise<Stored | undefined> {
    const { stdout: found } = await this.#run(['for-each-ref', '--format=%(objectname) %(raw)', recordRef(number)]);
    const space = found.indexOf(' ');
    return space < 0 ? undefined : { blob: found.slice(0, space), record: JSON.parse(found.slice(space)) };
  }

  /**
   * Writes records, and the refs of patch sets they did not have before, all or none.
   * @returns `false` = somebody else wrote one of them in the meantime: read again
   */
  async write(changed: readonly { readonly record: ChangeRecord; readonly before?: Stored }[]): Promise<boolean> {
    const lines: string[] = [];
    for (const { record, before } of changed) {
      const blob = await this.#run(['hash-object', '-w', '--stdin'], `${JSON.stringify(record)}\n`);
      lines.push(`update ${recordRef(record.number)} ${blob.stdout.trim()} ${before?.blob ?? NO_COMMIT}`);
      for (let at = before?.record.patchsets.length ?? 0; at < record.patchsets.length; at++) {
        lines.push(`create ${patchSetRef(record.number, at + 1)} ${record.patchsets[at]?.commit}`);
      }
    }
    try {
      await this.#run(['update-ref', '--stdin'], `${lines.join('\n')}\n`);
      return true;
    } catch (error) {
      if (/cannot lock ref|reference already exists|but expected/.test(errorText(error))) return false;
      throw error;
    }
  }

  /**
   * Changes one record, again where somebody else came first; `change` answers `undefined` to leave it.
   * @throws HubError `change_unknown`, `change_busy`
   */
  async update(number: number, change: (record: ChangeRecord) => ChangeRecord | undefined): Promise<ChangeRecord> {
    for (let attempt = 0; attempt < 10; attempt++) {
      const before = await this.read(number);
      if (before === undefined) throw new HubError('change_unknown', `there is no change ${number}`);
      const record = change(before.record);
      if (record === undefined) return before.record;
      if (await this.write([{ record, before }])) return record;
    }
    throw new HubError('change_busy', `change ${number} is written by others all the time`);
  }

  #run(args: readonly string[], input?: string) {
    return this.#git(args, { repository: this.#repository, ...(input !== undefined && { input }) });
  }
}
