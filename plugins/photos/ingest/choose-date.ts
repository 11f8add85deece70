import { utcToWallClock, wallClockMs } from '../metadata/zone.ts';
import type { FoundTime } from './head.ts';

/** The capture time that was taken. */
export interface ChosenDate {
  /** Wall clock: `2016-02-01T12:00:00`. */
  readonly captured: string;
  readonly from: string;
  readonly offset?: string;
}

/** How far a clock may be ahead: zones reach 14 h, a camera on a trip some more. */
const FUTURE_MS = 48 * 3_600_000;
const FIRST_YEAR = 1990;

const FORM = /^\s*(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?\s*$/;

/**
 * Takes the first trustworthy time of a file. Wall-clock times stay as they are; a time in UTC is turned into what the
 * clock showed in `timezone`, the zone of the house and not of the process.
 * @returns the date, or why each time found was refused
 */
export function chooseDate(
  times: readonly FoundTime[],
  { now, timezone }: { readonly now: number; readonly timezone: string },
): ChosenDate | { readonly refused: readonly string[] } {
  const refused: string[] = [];
  for (const { from, text, offset, utc } of times) {
    const found = FORM.exec(text);
    const wall = found && (utc ? fromUtc(isoText(found), timezone) : isoText(found));
    const problem = wall ? problemOf(wall, now) : 'is no date';
    if (wall && problem === undefined) {
      const zone = utc ? undefined : zoneOf(offset ?? found?.[7]);
      return { captured: wall, from, ...(zone !== undefined && { offset: zone }) };
    }
    refused.push(`${from} "${text.trim()}" ${problem}`);
  }
  return { refused };
}

/** Times that cameras and phones write into names: `IMG_20160201_120000.jpg`, `Screenshot_2016-02-01-12-00-00.png`. */
export function timeInName(name: string): FoundTime | undefined {
  // Pixel phones (PXL_) write UTC there; their files have EXIF.
  const found = /(?<!\d)(\d{4})([-_]?)(\d\d)\2(\d\d)[-_T ](\d\d)([-_.:]?)(\d\d)\6(\d\d)(?!\d{4})/.exec(name);
  if (!found || name.startsWith('PXL_')) return undefined;
  const [, year, , month, day, hour, , minute, second] = found;
  return { from: 'name', text: `${year}:${month}:${day} ${hour}:${minute}:${second}` };
}

/** The wall clock in the zone; `undefined` where there is no such time in UTC. */
function fromUtc(text: string, timezone: string): string | undefined {
  const time = wallClockMs(text);
  return time === undefined ? undefined : utcToWallClock(time, timezone);
}

const isoText = ([, year, month, day, hour, minute, second]: RegExpExecArray) =>
  `${year}-${month}-${day}T${hour}:${minute}:${second}`;

function problemOf(wall: string, now: number): string | undefined {
  const time = Date.parse(`${wall}Z`);
  // Date.parse takes 30 February for 1 March: what comes out must be what went in.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== wall) return 'is no date';
  if (Number(wall.slice(0, 4)) < FIRST_YEAR) return `lies before ${FIRST_YEAR}`;
  if (time > now + FUTURE_MS) return 'lies in the future';
  if (wall.slice(5) === '01-01T00:00:00') return 'is what a camera shows whose clock was never set';
  return undefined;
}

function zoneOf(offset: string | undefined): string | undefined {
  if (offset === 'Z') return '+00:00';
  const found = /^\s*([+-]\d\d):?(\d\d)\s*$/.exec(offset ?? '');
  return found ? `${found[1]}:${found[2]}` : undefined;
}
