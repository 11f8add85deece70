/**
 * Writes reports of an AcuRite 02032 console from readings: the inverse of the layout in the AcuRite driver
 * documentation of weewx (section R1 and R2), kept apart from the plugin's decoder so that one checks the other.
 */

/** Degrees to the head's direction code. */
const DIRECTION_CODES: Readonly<Record<number, number>> = {
  315: 0x0,
  247.5: 0x1,
  292.5: 0x2,
  270: 0x3,
  337.5: 0x4,
  225: 0x5,
  0: 0x6,
  202.5: 0x7,
  67.5: 0x8,
  135: 0x9,
  90: 0xa,
  112.5: 0xb,
  45: 0xc,
  157.5: 0xd,
  22.5: 0xe,
  180: 0xf,
};

const SENSOR_ID = 0xbfa;

/** R1 with wind, direction and rain. `turns` = cup turns as sent (0 = calm), `tips` of 0.254 mm. */
export function windRainReport(turns: number, degrees: number, tips: number): number[] {
  const code = DIRECTION_CODES[degrees];
  if (code === undefined) throw new Error(`the head knows no direction of ${degrees} degrees`);
  return [...head(0x71), turns >> 3, ((turns & 7) << 4) | code, (tips >> 7) & 0x7f, tips & 0x7f, 3, 0xff];
}

/** R1 with wind, temperature (tenths of °F) and humidity (%). */
export function temperatureReport(turns: number, tenthsFahrenheit: number, humidity: number): number[] {
  const raw = tenthsFahrenheit + 400;
  return [...head(0x78), turns >> 3, ((turns & 7) << 4) | ((raw >> 7) & 0x0f), raw & 0x7f, humidity, 3, 0xff];
}

/** R2 of an MS5607 console: station pressure in hPa (steps of 1/16), temperature in °C (steps of 0.05). */
export function pressureReport(hectopascal: number, celsius: number): number[] {
  const d1 = Math.round((hectopascal + 208) * 16);
  const d2 = 0x8000 | (Math.round((celsius - 25) / 0.05) & 0x0fff);
  const constants = [0x80, 0x00, 0, 0, 0, 0, 0x04, 0x00, 0x10, 0x00, 0, 0, 0x09, 0x60, 1, 1, 1, 1];
  return [2, 0, 0, ...constants, d2 >> 8, d2 & 0xff, d1 >> 8, d1 & 0xff];
}

function head(type: number): number[] {
  return [1, 0x80 | (SENSOR_ID >> 8), SENSOR_ID & 0xff, type];
}

/** A line of a replay file. */
export function captureLine(time: number, report: readonly number[]): string {
  return `${time} ${report.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}

/**
 * A replay file: readings every 18 s, pressure every minute, from `start` for `hours`. Temperature and pressure follow
 * a day's course, the wind turns, one tip of rain falls every quarter of an hour.
 */
export function captureOf(start: number, hours: number): string {
  const lines: string[] = [];
  const directions = Object.keys(DIRECTION_CODES)
    .map(Number)
    .sort((a, b) => a - b);
  for (let second = 0; second < hours * 3600; second += 18) {
    const time = start + second * 1000;
    const phase = (2 * Math.PI * second) / 86_400;
    const turns = Math.round(8 + 6 * Math.sin(phase * 5));
    const report =
      (second / 18) % 2 === 0
        ? temperatureReport(turns, Math.round(600 + 150 * Math.sin(phase)), Math.round(60 - 20 * Math.sin(phase)))
        : windRainReport(
            turns,
            directions[Math.floor(second / 600) % directions.length] as number,
            100 + Math.floor(second / 900),
          );
    lines.push(captureLine(time, report));
    if (second % 60 < 18) lines.push(captureLine(time, pressureReport(960 + 8 * Math.cos(phase), 21)));
  }
  return `${lines.join('\n')}\n`;
}
