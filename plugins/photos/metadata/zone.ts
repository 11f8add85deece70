/** A date and time as a wall clock shows it: `2016-02-03T14:05:09`, without any zone. */
export type WallClock = string;

const WALL_CLOCK = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)$/;
const OFFSET = /^([+-])(\d\d):?(\d\d)$/;

/** The wall clock's fields taken as if they were UTC, in epoch ms; `undefined` where it is none (also 31 February). */
export function wallClockMs(wall: WallClock): number | undefined {
  if (!WALL_CLOCK.test(wall)) return undefined;
  const ms = Date.parse(`${wall.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) || formatWallClock(ms) !== wall.replace(' ', 'T') ? undefined : ms;
}

/** The inverse of `wallClockMs`. */
export const formatWallClock = (ms: number): WallClock => new Date(ms).toISOString().slice(0, 19);

/**
 * The instant, in epoch ms, at which a clock in `zone` shows `wall`. An hour that occurs twice is taken as its first
 * occurrence, one that is skipped with the offset before the change, as in RFC 5545 3.3.5.
 * @param zone IANA name (`Europe/Berlin`), `Z` or an offset (`+01:00`)
 * @throws RangeError for an unknown zone
 */
export function wallClockToUtc(wall: WallClock, zone: string): number | undefined {
  const local = wallClockMs(wall);
  if (local === undefined) return undefined;
  // The offset a day earlier is the one in force before any change on that day.
  const before = local - offsetAt(local - DAY_MS, zone);
  if (before + offsetAt(before, zone) === local) return before;
  const after = local - offsetAt(local + DAY_MS, zone);
  return after + offsetAt(after, zone) === local ? after : before;
}

/** What a clock in `zone` shows at an instant. @throws RangeError for an unknown zone */
export const utcToWallClock = (ms: number, zone: string): WallClock => formatWallClock(ms + offsetAt(ms, zone));

/** True for a name, `Z` or offset that the other functions take. */
export function isZone(zone: string): boolean {
  try {
    offsetAt(0, zone);
    return true;
  } catch {
    return false;
  }
}

const DAY_MS = 86_400_000;

/** ms to add to UTC. @throws RangeError for an unknown zone */
function offsetAt(ms: number, zone: string): number {
  if (zone === 'Z') return 0;
  const fixed = OFFSET.exec(zone);
  if (fixed !== null) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000;
  const parts = Object.fromEntries(
    formatter(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, second } = parts;
  const shown = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return shown - Math.floor(ms / 1000) * 1000;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than a thousand uses of it. */
function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formatters.set(zone, made);
  return made;
}
