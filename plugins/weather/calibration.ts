import type { Input } from './fields.ts';
import { normalizeDegrees } from './wind.ts';

/** One correction: measured × gain + offset, for readings from a moment on. */
export interface Calibration {
  readonly field: Input;
  readonly offset?: number;
  readonly gain?: number;
  /** A date (`2026-05-01`, local midnight) or an ISO time; absent = always. */
  readonly from?: string;
}

export interface Calibrator {
  correct(field: Input, value: number, time: number): number;
  /** Rain is corrected step by step: a factor on the running total would turn its first change into a cloudburst. */
  rainGain(time: number): number;
}

/** @param midnight epoch ms at which a local date begins */
export function createCalibrator(entries: readonly Calibration[], midnight: (date: string) => number): Calibrator {
  const dated = entries
    .map((entry) => ({ ...entry, start: startOf(entry.from, midnight) }))
    .sort((a, b) => a.start - b.start);
  /** The latest correction that has begun; a new one replaces the old one, it does not add to it. */
  const inForce = (field: Input, time: number) =>
    dated.findLast((entry) => entry.field === field && entry.start <= time);
  return {
    correct(field, value, time) {
      if (field === 'rain_total') return value;
      const entry = inForce(field, time);
      if (!entry) return value;
      const corrected = value * (entry.gain ?? 1) + (entry.offset ?? 0);
      if (field === 'wind_direction') return normalizeDegrees(corrected);
      if (field === 'humidity' || field === 'indoor_humidity') return Math.min(corrected, 100);
      return field === 'wind_speed' ? Math.max(corrected, 0) : corrected;
    },
    rainGain: (time) => inForce('rain_total', time)?.gain ?? 1,
  };
}

function startOf(from: string | undefined, midnight: (date: string) => number): number {
  if (from === undefined) return Number.NEGATIVE_INFINITY;
  return /^\d{4}-\d\d-\d\d$/.test(from) ? midnight(from) : Date.parse(from);
}
