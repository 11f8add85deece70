/** A point on the earth, WGS-84. */
export interface Position {
  /** Degrees, north positive. */
  readonly latitude: number;
  /** Degrees, east positive. */
  readonly longitude: number;
  /** Metres above sea level. */
  readonly altitude?: number;
}

/** True where latitude and longitude lie on the globe. */
export const isOnGlobe = ({ latitude, longitude }: Position): boolean =>
  Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;

/** Steps of a second of arc in EXIF's rationals: 1/10,000 s is 3 mm on the ground. */
const SECOND_STEPS = 10_000;

/**
 * Degrees as EXIF and exiv2 write them: `37/1 46/1 300000/10000`, always positive; the sign goes into the Ref tag.
 * Rounded once over the whole, so that 59.99999 s never becomes 60.
 */
export function toRationals(degrees: number): string {
  const steps = Math.round(Math.abs(degrees) * 3600 * SECOND_STEPS);
  const seconds = steps % (60 * SECOND_STEPS);
  const minutes = Math.floor(steps / (60 * SECOND_STEPS));
  return `${Math.floor(minutes / 60)}/1 ${minutes % 60}/1 ${seconds}/${SECOND_STEPS}`;
}

/** The degrees of up to three rationals `deg/1 min/1 sec/1`; `undefined` when they are none or divide by zero. */
export function parseRationals(text: string): number | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length > 3) return undefined;
  let degrees = 0;
  for (const [index, part] of parts.entries()) {
    const found = /^(\d+)\/(\d+)$/.exec(part);
    if (found === null || Number(found[2]) === 0) return undefined;
    degrees += Number(found[1]) / Number(found[2]) / 60 ** index;
  }
  return degrees;
}
