/** Conversions between the hub's units (°C, m/s, hPa, mm, m) and those of formulas, imports and readers. */

export const fahrenheit = (celsius: number): number => celsius * 1.8 + 32;
export const celsius = (degreesF: number): number => (degreesF - 32) / 1.8;

/** One mile is 1609.344 m by definition. */
const METRES_PER_MILE = 1609.344;
export const mph = (metresPerSecond: number): number => (metresPerSecond * 3600) / METRES_PER_MILE;
export const fromMph = (milesPerHour: number): number => (milesPerHour * METRES_PER_MILE) / 3600;
export const kmh = (metresPerSecond: number): number => metresPerSecond * 3.6;
export const fromKmh = (kilometresPerHour: number): number => kilometresPerHour / 3.6;
/** One knot is 1852 m an hour by definition. */
export const knots = (metresPerSecond: number): number => (metresPerSecond * 3600) / 1852;

/** Inch of mercury at 0 °C. */
export const HPA_PER_INHG = 33.8638866667;
export const inHg = (hPa: number): number => hPa / HPA_PER_INHG;
export const fromInHg = (inches: number): number => inches * HPA_PER_INHG;

export const inches = (mm: number): number => mm / 25.4;
export const fromInches = (inch: number): number => inch * 25.4;
export const feet = (metres: number): number => metres / 0.3048;
