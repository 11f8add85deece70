/**
 * Dew point in °C by the Magnus formula with Sonntag's constants of 1990.
 * @param {number} celsius air temperature, -45 to 60
 * @param {number} humidity relative, percent
 */
export function dewPoint(celsius, humidity) {
  const gamma = Math.log(humidity / 100) + (17.62 * celsius) / (243.12 + celsius);
  return (243.12 * gamma) / (17.62 - gamma);
}
