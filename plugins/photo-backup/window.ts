const DAY_MINUTES = 24 * 60;

/** Minutes since midnight of `22:00`. */
function minutes(clock: string): number {
  const [hours = 0, rest = 0] = clock.split(':').map(Number);
  return hours * 60 + rest;
}

/** The wall clock of a zone in minutes since midnight, with the seconds as a fraction. */
function wallClock(now: number, timezone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, timeStyle: 'medium' });
  const [hours = 0, mins = 0, seconds = 0] = format.format(now).split(':').map(Number);
  return hours * 60 + mins + seconds / 60;
}

/**
 * Whether a window such as `22:00-06:00` is open, and the ms until that changes. Equal ends are a window of the whole
 * day. On the night of a clock change the answer is off by that hour and put right when it is asked again.
 */
export function windowAt(window: string, now: number, timezone: string): { open: boolean; changesIn: number } {
  const [from = 0, to = 0] = window.split('-').map(minutes);
  const length = (to - from + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  const since = (wallClock(now, timezone) - from + DAY_MINUTES) % DAY_MINUTES;
  const open = since < length;
  const left = (open ? length : DAY_MINUTES) - since;
  return { open, changesIn: Math.max(1, Math.round(left * 60_000)) };
}
