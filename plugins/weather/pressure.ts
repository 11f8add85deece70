import { altimeter, seaLevelManual, seaLevelSimple } from './formulas.ts';
import { HOUR } from './rain.ts';
import type { Series } from './series.ts';

export type SeaLevelMethod = 'altimeter' | 'qff';

/** How far from three hours ago the reading to compare with may lie. */
const TREND_TOLERANCE = 10 * 60_000;
const MEAN_TEMPERATURE_TOLERANCE = 30 * 60_000;

/** hPa gained in three hours; undefined until there is a reading of three hours ago. */
export function pressureTrend(pressures: Series, time: number): number | undefined {
  const now = pressures.at(time);
  const before = pressures.nearest(time - 3 * HOUR, TREND_TOLERANCE);
  return now && before ? now.value - before.value : undefined;
}

/** The temperature that stood 12 hours before `time`, for the mean of the column of air. */
export function temperature12hBefore(temperatures: Series, time: number): number | undefined {
  return temperatures.nearest(time - 12 * HOUR, MEAN_TEMPERATURE_TOLERANCE)?.value;
}

/**
 * Station pressure reduced to sea level; undefined without what the method needs.
 * QFF takes the Manual of Barometry once there is a temperature of 12 hours ago, the simple form until then.
 */
export function seaLevelPressure(
  method: SeaLevelMethod,
  pressure: number,
  elevation: number,
  air: { temperature?: number | undefined; temperature12hAgo?: number | undefined; humidity?: number | undefined },
): number | undefined {
  if (method === 'altimeter') return altimeter(pressure, elevation);
  const { temperature, temperature12hAgo, humidity } = air;
  if (temperature === undefined) return undefined;
  if (temperature12hAgo === undefined || humidity === undefined) {
    return seaLevelSimple(pressure, elevation, temperature);
  }
  return seaLevelManual(pressure, elevation, { temperature, temperature12hAgo, humidity });
}
