import { describeSeconds } from '../hub/readings.ts';

const DAY_MS = 86_400_000;

/** `14:05` today, `Tue 14:05` this week, else the date too; in the time of the house. */
export function formatTime(ms: number, timezone: string, now = Date.now()): string {
  const options: Intl.DateTimeFormatOptions = {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  };
  const age = Math.abs(now - ms);
  if (age > DAY_MS / 2) options.weekday = 'short';
  if (age > 6 * DAY_MS) Object.assign(options, { weekday: undefined, day: 'numeric', month: 'short', year: 'numeric' });
  return new Intl.DateTimeFormat(undefined, options).format(ms);
}

/** To the second, for lists of events and log lines. */
export function formatInstant(ms: number, timezone: string): string {
  return new Intl.DateTimeFormat(undefined, {
    timeZone: timezone,
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(ms);
}

export function formatAge(ms: number, now: number): string {
  const seconds = Math.max(0, (now - ms) / 1000);
  return seconds < 5 ? 'just now' : `${describeSeconds(seconds)} ago`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let index = 0;
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000;
    index += 1;
  }
  return `${value.toFixed(value < 10 && index > 0 ? 1 : 0)}\u00a0${units[index]}`;
}

/** `1 reading`, `1,204 readings`. */
export function formatCount(count: number, noun: string): string {
  return `${count.toLocaleString()} ${noun}${count === 1 ? '' : 's'}`;
}
