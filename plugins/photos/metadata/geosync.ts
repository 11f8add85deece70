import { type WallClock, wallClockToUtc } from './zone.ts';

/** How much a camera's clock was off: what to add to its time, in ms, at an instant of its own clock. */
export type Geosync = (cameraTime: number) => number;

/** A Geosync that cannot be read. */
export class GeosyncError extends Error {}

/**
 * Reads ExifTool's Geosync: a difference (`-1:20`, `+0:01:20`, `1 00:00:00`: what to add to the camera's clock) or pairs
 * `GPS time@camera time`, of which two or more give the drift of the clock between and beyond them.
 * @param values `2016-02-03T11:58:30Z@2016-02-03 12:00:00`; a time may end in `Z` or an offset
 * @param zone of times without an offset
 * @throws GeosyncError
 */
export function parseGeosync(values: readonly string[], zone: string): Geosync {
  const points = values.filter((value) => value.includes('@')).map((value) => parsePair(value, zone));
  if (points.length < values.length) {
    if (values.length > 1) throw new GeosyncError('give one difference, or pairs "GPS time@camera time"');
    const constant = parseDifference(values[0] as string);
    return () => constant;
  }
  points.sort((a, b) => a.camera - b.camera);
  return (time) => drift(points, time);
}

/**
 * Reads a signed span of time `[days ][[hours:]minutes:]seconds`, fractions allowed, as ms.
 * @throws GeosyncError
 */
export function parseDifference(text: string): number {
  const found = /^\s*([+-]?)\s*(?:(\d+)\s+)?(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)\s*$/.exec(text);
  if (found === null) {
    throw new GeosyncError(`expected [+-][days ][hours:][minutes:]seconds, like -1:20, got "${text}"`);
  }
  const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0'] = found;
  const total = Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return Math.round(total * 1000) * (sign === '-' ? -1 : 1);
}

interface Point {
  readonly camera: number;
  readonly offset: number;
}

function parsePair(value: string, zone: string): Point {
  const [gps, camera] = value.split('@').map((text) => parseInstant(text, zone));
  if (gps === undefined || camera === undefined) {
    throw new GeosyncError(`expected "2016-02-03 11:58:30Z@2016-02-03 12:00:00", got "${value}"`);
  }
  return { camera, offset: gps - camera };
}

/** `2016-02-03 11:58:30`, also with colons in the date, a fraction, `Z` or an offset; epoch ms. */
function parseInstant(text: string, zone: string): number | undefined {
  const found = /^\s*(\d{4})[-:](\d\d)[-:](\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?\s*$/.exec(text);
  if (found === null) return undefined;
  const wall: WallClock = `${found[1]}-${found[2]}-${found[3]}T${found[4]}`;
  const whole = wallClockToUtc(wall, found[6] ?? zone);
  return whole === undefined ? undefined : whole + Math.round(Number(`0${found[5] ?? ''}`) * 1000);
}

/** The line through the two points nearest to the time, as ExifTool's ApplySyncCorr. */
function drift(points: readonly Point[], time: number): number {
  let [low, high] = [0, points.length - 1];
  while (high > low + 1) {
    const middle = Math.floor((low + high) / 2);
    if (time < (points[middle] as Point).camera) high = middle;
    else low = middle;
  }
  const [from, to] = [points[low] as Point, points[high] as Point];
  const share = to.camera === from.camera ? 0 : (time - from.camera) / (to.camera - from.camera);
  return to.offset * share + from.offset * (1 - share);
}
