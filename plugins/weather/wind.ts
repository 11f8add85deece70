import type { Sample, Series } from './series.ts';

export interface WindAverage {
  readonly speed: number;
  /** Degrees; absent when all was calm or no direction was measured. */
  readonly direction?: number;
}

export interface Gust {
  readonly speed: number;
  readonly direction?: number;
  readonly time: number;
}

/** A station may send direction with every second speed only: the gust takes the nearest direction this close to it. */
const GUST_DIRECTION_MS = 60_000;

/** The arithmetic mean of the speeds and the vector mean of the directions of (to - length, to]. */
export function windAverage(
  speeds: Series,
  directions: Series,
  window: { to: number; length: number },
): WindAverage | undefined {
  const samples = speeds.between(window.to - window.length, window.to);
  if (samples.length === 0) return undefined;
  const speed = samples.reduce((sum, sample) => sum + sample.value, 0) / samples.length;
  const direction = vectorMean(pairs(samples, directions));
  return { speed, ...(direction === undefined ? {} : { direction }) };
}

/** The strongest sample of (to - length, to]. Of equals the latest, so that a lasting blow does not age. */
export function windGust(speeds: Series, directions: Series, window: { to: number; length: number }): Gust | undefined {
  const samples = speeds.between(window.to - window.length, window.to);
  const [first] = samples;
  if (!first) return undefined;
  const strongest = samples.reduce((best, sample) => (sample.value >= best.value ? sample : best), first);
  const direction = strongest.value > 0 ? directions.nearest(strongest.time, GUST_DIRECTION_MS)?.value : undefined;
  return { speed: strongest.value, time: strongest.time, ...(direction === undefined ? {} : { direction }) };
}

/** A direction belongs to the speed of the same report only: paired across reports it would weigh a calm like a storm. */
function pairs(speeds: readonly Sample[], directions: Series): { speed: number; direction: number }[] {
  return speeds.flatMap((sample) => {
    const direction = directions.nearest(sample.time, 0);
    return direction ? [{ speed: sample.value, direction: direction.value }] : [];
  });
}

const RADIANS = Math.PI / 180;

/** Mean direction weighted by speed, in [0, 360); undefined where nothing blew or all cancels out. */
export function vectorMean(winds: readonly { speed: number; direction: number }[]): number | undefined {
  let x = 0;
  let y = 0;
  for (const { speed, direction } of winds) {
    x += speed * Math.sin(direction * RADIANS);
    y += speed * Math.cos(direction * RADIANS);
  }
  // Opposite winds leave a remainder of rounding, not zero; its direction would be noise.
  if (Math.hypot(x, y) < 1e-9) return undefined;
  return normalizeDegrees(Math.atan2(x, y) / RADIANS);
}

export function normalizeDegrees(degrees: number): number {
  const turned = ((degrees % 360) + 360) % 360;
  return turned === 360 ? 0 : turned;
}
