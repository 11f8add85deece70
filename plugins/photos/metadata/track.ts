import type { Fix } from './gpx.ts';

/** Where a track says one was. */
export interface TrackPosition {
  readonly latitude: number;
  readonly longitude: number;
  readonly altitude?: number;
}

/** Why a track does not tell. */
export type OffTrack = 'too far before track' | 'too far beyond track' | 'too far from nearest fix';

export interface TrackLimits {
  /** Two fixes of one segment further apart than this many ms are not interpolated between. */
  readonly interpolationMs: number;
  /** A fix further away than this many ms from the photo says nothing; also the limit across a gap between segments. */
  readonly extrapolationMs: number;
}

/** Half an hour for both, as ExifTool's GeoMaxIntSecs and GeoMaxExtSecs. */
export const TRACK_LIMITS: TrackLimits = { interpolationMs: 1_800_000, extrapolationMs: 1_800_000 };

/**
 * The position at an instant by ExifTool's rules: linear between the two fixes around it, in longitude the short way
 * round; where these lie too far apart, and before and after the track, the nearest fix within the limit.
 * @param fixes in order of time, at least one
 * @param time epoch ms, UTC
 */
export function positionAt(fixes: readonly Fix[], time: number, limits = TRACK_LIMITS): TrackPosition | OffTrack {
  const [start, end] = [fixes[0] as Fix, fixes.at(-1) as Fix];
  if (time < start.time)
    return time < start.time - limits.extrapolationMs ? 'too far before track' : at(fixes, 0, limits);
  if (time > end.time) {
    return time > end.time + limits.extrapolationMs ? 'too far beyond track' : at(fixes, fixes.length - 1, limits);
  }
  const index = Math.min(lastNotAfter(fixes, time), fixes.length - 2);
  const [before, after] = [fixes[index], fixes[index + 1] as Fix];
  if (before === undefined) return at(fixes, 0, limits); // a track of one fix
  const limit = after.first ? limits.extrapolationMs : limits.interpolationMs;
  if (after.time - before.time <= limit) return between(fixes, index, time, limit);
  const isBeforeNearer = time - before.time < after.time - time;
  const nearest = isBeforeNearer ? before : after;
  if (Math.abs(time - nearest.time) > limits.extrapolationMs) return 'too far from nearest fix';
  return at(fixes, isBeforeNearer ? index : index + 1, limits);
}

/** The position of one fix, with the altitude of the nearest that has one. */
function at(fixes: readonly Fix[], index: number, limits: TrackLimits): TrackPosition {
  const { time, latitude, longitude } = fixes[index] as Fix;
  const back = withAltitude(fixes, index, -1, limits.extrapolationMs);
  const forth = withAltitude(fixes, index, 1, limits.extrapolationMs);
  const nearest =
    back !== undefined && (forth === undefined || time - back.time < forth.time - time) ? back : (forth ?? back);
  return { latitude, longitude, ...(nearest !== undefined && { altitude: nearest.altitude }) };
}

function between(fixes: readonly Fix[], index: number, time: number, limit: number): TrackPosition {
  const [before, after] = [fixes[index] as Fix, fixes[index + 1] as Fix];
  const mix = (from: number, to: number, share: number) => from * (1 - share) + to * share;
  const share = (time - before.time) / (after.time - before.time);
  let [west, east] = [before.longitude, after.longitude];
  if (Math.abs(east - west) > 180) [west, east] = west < east ? [west + 360, east] : [west, east + 360];
  const turned = mix(west, east, share);
  const [low, high] = [withAltitude(fixes, index, -1, limit), withAltitude(fixes, index + 1, 1, limit)];
  const altitude =
    low === undefined || high === undefined
      ? undefined
      : mix(low.altitude, high.altitude, (time - low.time) / (high.time - low.time));
  return {
    latitude: mix(before.latitude, after.latitude, share),
    longitude: turned >= 180 ? turned - 360 : turned,
    ...(altitude !== undefined && { altitude }),
  };
}

type FixWithAltitude = Fix & { readonly altitude: number };

/** From `index` in one direction the next fix with an altitude, at most `limit` ms away. */
function withAltitude(fixes: readonly Fix[], index: number, step: 1 | -1, limit: number): FixWithAltitude | undefined {
  const origin = (fixes[index] as Fix).time;
  for (let i = index; i >= 0 && i < fixes.length; i += step) {
    const fix = fixes[i] as Fix;
    if (Math.abs(fix.time - origin) > limit) return undefined;
    if (fix.altitude !== undefined) return fix as FixWithAltitude;
  }
  return undefined;
}

/** The index of the last fix at or before `time`, by bisection; the first fix is. */
function lastNotAfter(fixes: readonly Fix[], time: number): number {
  let [low, high] = [0, fixes.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((fixes[middle] as Fix).time <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}
