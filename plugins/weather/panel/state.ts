import { CURRENT, type CurrentField } from '../fields.ts';
import type { HistoryPoint } from '../history.ts';

export type Value = number | null | undefined;

/** `weather/current` as the page uses it. */
export interface WeatherState {
  readonly time: number;
  readonly simulated: boolean;
  readonly values: Readonly<Partial<Record<CurrentField, number | null>>>;
}

export function parseState(payload: string): WeatherState | undefined {
  if (payload === '') return undefined;
  const { time, simulated, ...fields } = JSON.parse(payload) as Record<string, unknown>;
  if (typeof time !== 'number') return undefined;
  const values = Object.entries(fields).filter(
    ([name, value]) => name in CURRENT && (typeof value === 'number' || value === null),
  );
  return { time, simulated: simulated === true, values: Object.fromEntries(values) as WeatherState['values'] };
}

/** `<id>/status`: undefined until it is known. */
export function parseTopicState(payload: string): boolean | undefined {
  return payload === '' ? undefined : payload !== 'offline';
}

/** The angle nearest to `from` that points to `direction`: a needle turns 20° from 350° to 10°, not 340°. */
export function turnTo(from: number | undefined, direction: number): number {
  if (from === undefined) return direction;
  return from + ((((direction - from) % 360) + 540) % 360) - 180;
}

const POINTS = ['N', 'NNE', 'NE', 'ENE', 'E', 'ESE', 'SE', 'SSE', 'S', 'SSW', 'SW', 'WSW', 'W', 'WNW', 'NW', 'NNW'];
export const compassPoint = (degrees: number): string => POINTS[Math.round(degrees / 22.5) % 16] as string;

const BEAUFORT = [
  ...['Calm', 'Light air', 'Light breeze', 'Gentle breeze', 'Moderate breeze', 'Fresh breeze', 'Strong breeze'],
  ...['Near gale', 'Gale', 'Strong gale', 'Storm', 'Violent storm', 'Hurricane force'],
];
export const beaufortName = (force: number): string => BEAUFORT[force] as string;

/** What a change of pressure in three hours is called by the Met Office; hPa. */
export function trendWord(change: number): string {
  const size = Math.abs(change);
  if (size < 0.1) return 'Steady';
  const direction = change > 0 ? 'Rising' : 'Falling';
  if (size > 6) return `${direction} very rapidly`;
  if (size > 3.5) return `${direction} quickly`;
  return size > 1.5 ? direction : `${direction} slowly`;
}

/** Rain by rate, mm/h, as observers name it. */
export function rainWord(rate: number): string {
  if (rate === 0) return 'Dry';
  if (rate < 2.5) return 'Light rain';
  return rate < 10 ? 'Moderate rain' : rate < 50 ? 'Heavy rain' : 'Violent rain';
}

const DAY = 86_400_000;
export const RANGES = {
  '24h': { label: '24 hours', length: DAY },
  '7d': { label: '7 days', length: 7 * DAY },
  '30d': { label: '30 days', length: 30 * DAY },
  '1y': { label: '1 year', length: 365 * DAY },
  all: { label: 'All', length: Number.POSITIVE_INFINITY },
} as const;
export type RangeName = keyof typeof RANGES;

/** From and to of a range, on whole minutes, so that a page that is drawn again does not ask again. */
export function rangeOf(name: RangeName, now: number, first: string | undefined): { from: number; to: number } {
  const to = Math.ceil(now / 300_000) * 300_000;
  const { length } = RANGES[name];
  if (Number.isFinite(length)) return { from: to - length, to };
  const start = first === undefined ? to - RANGES['30d'].length : Date.parse(`${first}T00:00:00Z`);
  return { from: Math.min(start, to - DAY), to };
}

/** Sums per slot of (from, to], so that dry hours and gaps keep their place. */
export function slotSums(points: readonly HistoryPoint[], from: number, to: number, slots: number): number[] {
  const sums = Array.from({ length: slots }, () => 0);
  for (const [time, , value] of points) {
    const slot = Math.ceil(((time - from) / (to - from)) * slots) - 1;
    if (slot >= 0 && slot < slots) sums[slot] = (sums[slot] ?? 0) + value;
  }
  return sums;
}

export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}
