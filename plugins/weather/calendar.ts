/** One day as the people at the station live it: 23, 24 or 25 hours. */
export interface LocalDay {
  /** `2026-03-29`. */
  readonly date: string;
  /** Epoch ms of local midnight. */
  readonly start: number;
  /** Epoch ms of the next local midnight. */
  readonly end: number;
}

export interface Calendar {
  readonly timezone: string;
  /**
   * The day that is charged with what was read at `time`. Records are stamped with the end of their interval, so a day
   * is (start, end]: midnight itself still belongs to the day that ends.
   */
  dayEndingAt(time: number): LocalDay;
  /** The day of a date as people write it. */
  day(date: string): LocalDay;
  /** `14:05` */
  clock(time: number): string;
  /** `2026-03-29 14:05` */
  dateAndClock(time: number): string;
}

const HALF_DAY = 12 * 3_600_000;

export function createCalendar(timezone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const read = (time: number) => {
    const part: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(time)) part[type] = value;
    return part as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', string>;
  };
  const dateOf = (time: number) => {
    const { year, month, day } = read(time);
    return `${year}-${month}-${day}`;
  };
  const offsetAt = (time: number) => {
    const { year, month, day, hour, minute, second } = read(time);
    const local = Date.UTC(+year, +month - 1, +day, +hour, +minute, +second);
    return local - Math.floor(time / 1000) * 1000;
  };
  /**
   * The first instant that carries the date. The offset may change on the day itself, even at midnight, so both the
   * offset before and the one after are tried.
   */
  const startOf = (date: string): number => {
    const utc = Date.parse(`${date}T00:00:00Z`);
    const candidates = [utc - HALF_DAY * 2, utc + HALF_DAY * 2].map((near) => utc - offsetAt(near));
    const isStart = (time: number) => dateOf(time) === date && dateOf(time - 1) !== date;
    return candidates.sort((a, b) => a - b).find(isStart) ?? (candidates[0] as number);
  };
  const nextDate = (date: string) =>
    new Date(Date.parse(`${date}T12:00:00Z`) + 2 * HALF_DAY).toISOString().slice(0, 10);
  const day = (date: string): LocalDay => ({ date, start: startOf(date), end: startOf(nextDate(date)) });

  // Readings come in the order of time, so the last day answered is nearly always the next one asked for.
  let last: LocalDay | undefined;
  return {
    timezone,
    day,
    dayEndingAt(time) {
      if (!last || time <= last.start || time > last.end) last = day(dateOf(time - 1));
      return last;
    },
    clock(time) {
      const { hour, minute } = read(time);
      return `${hour}:${minute}`;
    },
    dateAndClock(time) {
      const { hour, minute } = read(time);
      return `${dateOf(time)} ${hour}:${minute}`;
    },
  };
}
