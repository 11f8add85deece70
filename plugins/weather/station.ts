import type { Calendar } from './calendar.ts';
import type { Calibrator } from './calibration.ts';
import { CURRENT_FIELDS, type CurrentField, INPUTS, type Input, type View } from './fields.ts';
import { pressureTrend, type SeaLevelMethod, seaLevelPressure, temperature12hBefore } from './pressure.ts';
import { type Flag, QualityCheck, type QualityLimits } from './quality.ts';
import { HOUR, rainRate, rainSince, rainWithin } from './rain.ts';
import { Series } from './series.ts';
import { windAverage, windGust } from './wind.ts';

/** What one message of a source said. */
export interface Reading {
  /** Epoch ms: when it was measured. */
  readonly time: number;
  readonly values: Partial<Record<Input, number | null>>;
}

/** A reading of one field as it is kept: calibrated, judged, never thrown away. */
export interface JudgedSample {
  readonly field: Input;
  readonly time: number;
  readonly value: number | null;
  readonly flag: Flag | undefined;
}

export interface StationOptions {
  /** ms after which a field is no longer shown. */
  readonly maxAge: number;
  readonly seaLevel: SeaLevelMethod;
  /** m; undefined = no sea-level pressure. */
  readonly elevation: number | undefined;
  readonly calendar: Calendar;
  readonly calibrator: Calibrator;
  readonly limits: QualityLimits;
}

/** A day of 25 hours and some late readings. */
export const HORIZON = 26 * HOUR;

/**
 * The recent past of the station, in event time: what it answers depends on the readings and their times alone, so a
 * replay of a day gives what the day gave, and a restart loses nothing that `restore` brings back.
 */
export class Station {
  readonly options: StationOptions;
  readonly #good = byInput(() => new Series());
  readonly #bad = byInput(() => new Series());
  readonly #checks: Record<Input, QualityCheck>;

  constructor(options: StationOptions) {
    this.options = options;
    this.#checks = byInput((input) => new QualityCheck(options.limits[input] ?? {}, options.maxAge));
  }

  /** Takes what was kept before a restart; it is calibrated and judged already. */
  restore(samples: Iterable<JudgedSample>): void {
    for (const sample of samples) this.#keep(sample);
  }

  /** Calibrates, judges and takes in one message. Answers what is to be kept. */
  accept(reading: Reading): JudgedSample[] {
    const { time } = reading;
    const judged = INPUTS.flatMap((field) => {
      const raw = reading.values[field];
      if (raw === undefined) return [];
      const value = raw === null ? null : this.options.calibrator.correct(field, raw, time);
      const flag = this.#checks[field].judge({ time, value }, this.#good[field].at(time - 1));
      return [{ field, time, value, flag }];
    });
    for (const sample of judged) this.#keep(sample);
    return judged;
  }

  /** Forgets what is older than any window that ends at `time` or later needs. */
  prune(inputs: readonly Input[], time: number): void {
    for (const input of inputs) {
      this.#good[input].prune(time - HORIZON);
      this.#bad[input].prune(time - HORIZON);
    }
  }

  /** Starts anew: the source became another one. */
  forget(inputs: readonly Input[]): void {
    for (const input of inputs) {
      this.#good[input].clear();
      this.#bad[input].clear();
    }
  }

  samples(input: Input): Series {
    return this.#good[input];
  }

  /** Flagged readings of (from, to]. */
  hasFlagged(input: Input, from: number, to: number): boolean {
    return this.#bad[input].between(from, to).length > 0;
  }

  /** The value that stands at `time`: undefined where none is fresh, null where the last one was bad. */
  measured(input: Input, time: number): number | null | undefined {
    const good = this.#good[input].at(time);
    const bad = this.#bad[input].at(time);
    const newest = Math.max(good?.time ?? Number.NEGATIVE_INFINITY, bad?.time ?? Number.NEGATIVE_INFINITY);
    if (time - newest > this.options.maxAge) return undefined;
    return newest === good?.time ? good.value : null;
  }

  /** The fields of `weather/current` that depend on the `updated` inputs, as of `time`. */
  current(time: number, updated: readonly Input[]): Partial<Record<CurrentField, number | null>> {
    const view = this.view(time);
    const report: Partial<Record<CurrentField, number | null>> = {};
    for (const [name, field] of CURRENT_FIELDS) {
      if (![...field.needs, ...(field.mayUse ?? [])].some((input) => updated.includes(input))) continue;
      const needed = field.needs.map((input) => this.measured(input, time));
      if (needed.includes(undefined)) continue;
      const value = needed.includes(null) ? null : field.compute(view, ...(needed as number[]));
      if (value !== undefined) report[name] = value === null ? null : tidy(value, field.sensor.unit);
    }
    return report;
  }

  view(time: number): View {
    const { maxAge: _, seaLevel, elevation, calendar, calibrator } = this.options;
    const { wind_speed: speeds, wind_direction: directions, rain_total: totals } = this.#good;
    const { pressure_station: pressures, temperature: temperatures } = this.#good;
    const measured = (input: Input) => this.measured(input, time) ?? undefined;
    return {
      measured,
      windAverage: (minutes) => windAverage(speeds, directions, { to: time, length: minutes * 60_000 }),
      gust: () => windGust(speeds, directions, { to: time, length: 600_000 }),
      seaLevel() {
        const pressure = measured('pressure_station');
        if (pressure === undefined || elevation === undefined) return undefined;
        return seaLevelPressure(seaLevel, pressure, elevation, {
          temperature: measured('temperature'),
          temperature12hAgo: temperature12hBefore(temperatures, time),
          humidity: measured('humidity'),
        });
      },
      pressureTrend: () => pressureTrend(pressures, time),
      rainRate: () => rainRate(totals, time, calibrator.rainGain),
      rainWithin: (hours) => rainWithin(totals, hours * HOUR, time, calibrator.rainGain),
      rainToday: () => rainSince(totals, calendar.dayEndingAt(time).start, time, calibrator.rainGain),
    };
  }

  #keep({ field, time, value, flag }: JudgedSample): void {
    if (flag === undefined && value !== null) this.#good[field].add({ time, value });
    else this.#bad[field].add({ time, value: value ?? Number.NaN });
  }
}

function byInput<T>(make: (input: Input) => T): Record<Input, T> {
  return Object.fromEntries(INPUTS.map((input) => [input, make(input)])) as Record<Input, T>;
}

/** A thousandth is finer than any sensor here; more digits are noise of the arithmetic. */
export function tidy(value: number, unit?: string): number {
  const rounded = Math.round(value * 1000) / 1000;
  return unit === '°' && rounded === 360 ? 0 : rounded;
}
