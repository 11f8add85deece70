/** °C to °F. */
export const fahrenheit = (celsius: number): number => celsius * 1.8 + 32;
/** m/s to mph: 1 mph = 0.44704 m/s. */
export const mph = (metresPerSecond: number): number => metresPerSecond / 0.44704;
/** hPa to inHg at 0 °C. */
export const inchesOfMercury = (hectopascal: number): number => hectopascal / 33.8638866667;
export const inches = (millimetres: number): number => millimetres / 25.4;
