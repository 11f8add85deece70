const FIVE_MINUTES = 300_000;
/** Longer than any local day, also the 25 hours of the autumn one. */
export const LONGEST_DAY = 26 * 3_600_000;

/** Where the days of one time zone begin; always on a whole five minutes, as every zone's offset is since 1972. */
export interface Days {
  /** Epoch ms of the first moment of the local day that `time` is in. */
  start(time: number): number;
  /** Epoch ms of the first moment of the day after. */
  next(time: number): number;
  /** The day as `YYYY-MM-DD`. */
  date(time: number): string;
}

/** @param timezone IANA name. @throws RangeError for an unknown zone */
export function createDays(timezone: string): Days {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  // Readings come mostly in order, so the day asked for is nearly always the one of the last answer.
  let known = { start: 0, end: 0 };

  const dayOf = (time: number) => {
    if (time >= known.start && time < known.end) return known;
    const today = format.format(time);
    known = {
      start: firstStep(time - LONGEST_DAY, time, (at) => format.format(at) >= today),
      end: firstStep(time, time + LONGEST_DAY, (at) => format.format(at) > today),
    };
    return known;
  };

  return {
    start: (time) => dayOf(time).start,
    next: (time) => dayOf(time).end,
    date: (time) => format.format(time),
  };
}

/**
 * The first whole five minutes after `low`, up to `high`, where `reached` holds. A local date never goes backwards,
 * not even where clocks are put back at midnight, so it can be searched for; arithmetic with the offset would be wrong
 * on days that have no midnight.
 */
function firstStep(low: number, high: number, reached: (time: number) => boolean): number {
  let before = Math.floor(low / FIVE_MINUTES);
  let found = Math.floor(high / FIVE_MINUTES);
  while (found - before > 1) {
    const middle = Math.floor((before + found) / 2);
    if (reached(middle * FIVE_MINUTES)) found = middle;
    else before = middle;
  }
  return found * FIVE_MINUTES;
}
