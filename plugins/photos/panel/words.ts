import type { CardStatus } from '../cards/status.ts';
import type { Week } from '../gallery/contract.ts';

/** How the page colours a state; empty = not at all. */
export type Mood = 'good' | 'info' | 'warn' | 'bad' | '';

export interface Mark {
  readonly mood: Mood;
  readonly text: string;
  /** The same at length. */
  readonly detail: string;
}

const number = new Intl.NumberFormat('en');
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${number.format(count)} ${count === 1 ? one : many}`;

export function sizeOf(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** Wall clock, as the camera wrote it: no zone of the viewer may move a picture into another day. */
const format = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });
const DAY = format({ weekday: 'long', day: 'numeric', month: 'long' });
const LONG_DATE = format({ day: 'numeric', month: 'long', year: 'numeric' });
const SHORT_DATE = format({ day: 'numeric', month: 'short', year: 'numeric' });

const wallClock = (captured: string): Date => new Date(`${captured}Z`);

/** `Tuesday 2 February` */
export const dayOf = (captured: string | null): string =>
  captured === null ? 'Without a date' : DAY.format(wallClock(captured));
/** `2 February 2016, 14:03` */
export const momentOf = (captured: string): string =>
  `${LONG_DATE.format(wallClock(captured))}, ${captured.slice(11, 16)}`;
/** `1 – 7 Feb 2016` */
export const rangeOf = (first: string, last: string): string =>
  SHORT_DATE.formatRange(wallClock(first), wallClock(last));
/** The date on the calendar of an epoch time: `2 Feb 2016` */
export const dateOf = (time: number, timezone: string): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: timezone, day: 'numeric', month: 'short', year: 'numeric' }).format(
    time,
  );

/** What a folder is called where it has no title: `Week 5`, `Week of 31 January`, `Without a date`. */
export function folderName(folder: string): string {
  if (folder === 'undated') return 'Without a date';
  const iso = /(?:^|\/)\d{4}-W(\d\d)$/.exec(folder);
  if (iso) return `Week ${Number(iso[1])}`;
  const first = /(?:^|\/)(\d{4}-\d\d-\d\d)$/.exec(folder)?.[1];
  return first ? `Week of ${format({ day: 'numeric', month: 'long' }).format(wallClock(`${first}T00:00:00`))}` : folder;
}

/** The shelf a week stands on: its year by its name, else by its pictures. */
export function yearOf({ folder, last }: Pick<Week, 'folder' | 'last'>): string {
  return /(?:^|\/)(\d{4})-(?:W\d\d|\d\d-\d\d)$/.exec(folder)?.[1] ?? last?.slice(0, 4) ?? 'Without a date';
}

/** What the plugin photo-backup says, where it runs. */
export interface Backup {
  /** `photo-backup/weeks`: per week and target, how many files are safe there and how many are to follow. */
  readonly weeks: Readonly<
    Record<string, Readonly<Record<string, { readonly safe: number; readonly pending: number }>>>
  >;
  /** Targets known to be elsewhere. A folder is none: a disk beside the archive burns with it. */
  readonly remote: ReadonlySet<string>;
}

/** Is the week safe: here, and elsewhere. Without any backup nothing is said about it. */
export function marksOf({ folder, files, states }: Week, backup: Backup | undefined): Mark[] {
  const { rot = 0, missing = 0, copied = 0 } = states;
  const marks: Mark[] = [];
  if (rot > 0)
    marks.push({
      mood: 'bad',
      text: `${rot} damaged`,
      detail: `${countOf(rot, 'file')} changed on the disk by itself`,
    });
  if (missing > 0)
    marks.push({
      mood: 'warn',
      text: `${missing} missing`,
      detail: `${countOf(missing, 'file')} gone from the archive`,
    });
  if (copied > 0)
    marks.push({
      mood: 'info',
      text: 'checking',
      detail: `${countOf(copied, 'file')} copied and still to be read again`,
    });
  if (marks.length === 0)
    marks.push({
      mood: 'good',
      text: 'verified',
      detail: `All ${number.format(files)} files were read again and are right`,
    });
  return backup ? [...marks, backupMark(folder, files, backup)] : marks;
}

function backupMark(folder: string, files: number, { weeks, remote }: Backup): Mark {
  const targets = Object.entries(weeks[folder] ?? {});
  const complete = targets.filter(([, { safe, pending }]) => safe > 0 && pending === 0).map(([name]) => name);
  const most = Math.max(0, ...targets.map(([, { safe }]) => safe));
  if (complete.some((name) => remote.has(name)))
    return { mood: 'good', text: 'off site', detail: `Backed up to ${complete.join(', ')}` };
  if (complete.length > 0)
    return { mood: 'good', text: 'second copy', detail: `Copied to ${complete.join(', ')}, nothing off site yet` };
  if (most === 0) return { mood: '', text: 'only here', detail: 'Not backed up yet' };
  const detail = `${countOf(most, 'file')} of ${number.format(files)} backed up`;
  return { mood: 'info', text: `${Math.floor((100 * most) / files)} % backed up`, detail };
}

/** What the page tells of a card. */
export type ToldCard = Omit<CardStatus, 'bytes' | 'path' | 'safe_to_remove'>;

/** A card as one would tell it across the room. */
export function cardWords(card: ToldCard): { mood: Mood; text: string } {
  const { new: fresh, verified, known, failed, done = 0, total = 0 } = card;
  switch (card.state) {
    case 'inserted':
      return { mood: 'info', text: 'A card is in.' };
    case 'scanning':
      return { mood: 'info', text: 'Looking for what is new …' };
    case 'importing':
      return { mood: 'info', text: `Copying ${number.format(done)} of ${number.format(total)}. Leave the card in.` };
    case 'verified':
      if (fresh + known + failed === 0) return { mood: 'good', text: 'Nothing on it. You may pull the card.' };
      return {
        mood: 'good',
        text:
          fresh === 0
            ? `Nothing new: ${countOf(known, 'file')} safe here. You may pull the card.`
            : `${number.format(fresh)} new, ${number.format(verified)} verified: you may pull the card.`,
      };
    case 'failed':
      return {
        mood: 'bad',
        text: failed > 0 ? `${countOf(failed, 'file')} could not be copied.` : 'The card was not imported.',
      };
    case 'removed':
      return {
        mood: card.reason === 'pulled_while_importing' ? 'warn' : '',
        text: card.reason ? 'Pulled too early.' : 'Out of the reader.',
      };
  }
}

/** What commands answer that write into files, or remove them. */
export interface EditAnswer {
  readonly changed?: number;
  readonly skipped?: number;
}

/** `12 files written, 3 left as they were.` */
export function editWords({ changed, skipped = 0 }: EditAnswer): string {
  if (changed === undefined) return 'Done.';
  return `${countOf(changed, 'file')} written${skipped > 0 ? `, ${skipped} left as they were` : ''}.`;
}
