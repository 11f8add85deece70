import { errorText, HubError } from 'cupboard/sdk';

export type WeekRule = 'iso' | 'sunday';

/** Where files without a trustworthy date go. */
export const UNDATED = 'undated';

const DAY_MS = 86_400_000;
const DEFAULT_PATTERNS: Readonly<Record<WeekRule, string>> = { iso: '<YYYY>-W<ww>', sunday: '<YYYY>-<MM>-<DD>' };

/** ISO 8601 week of a calendar day: weeks begin on Monday, week 1 holds 4 January, the year is that of the week. */
export function isoWeek(year: number, month: number, day: number): { readonly year: number; readonly week: number } {
  const thursday = firstDay(year, month, day, 'iso') + 3 * DAY_MS;
  const weekYear = new Date(thursday).getUTCFullYear();
  return { year: weekYear, week: 1 + Math.floor((thursday - Date.UTC(weekYear, 0, 1)) / (7 * DAY_MS)) };
}

/**
 * Names the folder of a wall-clock time such as `2016-02-01T12:00:00`. Only its calendar fields count: no zone, and so no
 * week of 167 or 169 hours.
 */
export type NameFolder = (captured: string) => string;

/**
 * Reads the pattern of folder names. `<ww>` is the ISO week and `<YYYY>` then its year; without it year, `<MM>` and
 * `<DD>` are those of the first day of the week. A Sunday week has no number, so that no one takes it for an ISO week.
 * @throws HubError `folder_pattern`
 */
export function folderNames(rule: WeekRule, pattern = DEFAULT_PATTERNS[rule]): NameFolder {
  const tokens = new Set(pattern.match(/<[^>]*>/g));
  const has = (...wanted: string[]) => wanted.every((token) => tokens.has(token));
  const refuse = (why: string) => new HubError('folder_pattern', `folder "${pattern}": ${why}`);
  const unknown = [...tokens].find((token) => !['<YYYY>', '<ww>', '<MM>', '<DD>'].includes(token));
  if (unknown !== undefined) throw refuse(`${unknown} is none of <YYYY> <ww> <MM> <DD>`);
  if (rule === 'sunday' && has('<ww>'))
    throw refuse('weeks from Sunday are named by their first day, <YYYY>-<MM>-<DD>');
  if (has('<ww>') ? !has('<YYYY>') || tokens.size > 2 : !has('<YYYY>', '<MM>', '<DD>')) {
    throw refuse('expected <YYYY> with <ww>, or <YYYY> with <MM> and <DD>');
  }
  if (pattern.split('/').some((part) => part === '' || part.startsWith('.'))) throw refuse('a part is empty or hidden');

  return (captured) => {
    const [year, month, day] = captured.slice(0, 10).split('-').map(Number) as [number, number, number];
    const first = new Date(firstDay(year, month, day, rule));
    const { year: weekYear, week } = isoWeek(year, month, day);
    const two = (value: number) => String(value).padStart(2, '0');
    return pattern
      .replaceAll('<YYYY>', String(has('<ww>') ? weekYear : first.getUTCFullYear()))
      .replaceAll('<ww>', two(week))
      .replaceAll('<MM>', two(first.getUTCMonth() + 1))
      .replaceAll('<DD>', two(first.getUTCDate()));
  };
}

/** What is wrong with the pattern of folder names in the config. */
export function patternProblem({
  week,
  folder,
}: {
  readonly week: WeekRule;
  readonly folder?: string;
}): string | undefined {
  try {
    folderNames(week, folder);
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

/** First day of the day's week, as the epoch ms of its midnight in UTC. */
function firstDay(year: number, month: number, day: number, rule: WeekRule): number {
  const midnight = Date.UTC(year, month - 1, day);
  const weekday = new Date(midnight).getUTCDay(); // 0 = Sunday
  return midnight - (rule === 'iso' ? (weekday + 6) % 7 : weekday) * DAY_MS;
}
