import type { Channel, ReportId } from './decode.ts';
import type { Console } from './device.ts';

/**
 * A console that speaks the real reports, with weather that could be true. The same seed and time always give the same
 * bytes, so a test can say what must come out.
 */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SENSOR_ID = 0xbfa;
/** The rain counter restarts after so many days, as it does when the sensor gets a new battery. */
const BATTERY_DAYS = 64;
const SHOWER_HOURS_OF_A_DAY = 2;

export interface Weather {
  /** °C */
  readonly temperature: number;
  /** % */
  readonly humidity: number;
  /** m/s */
  readonly windSpeed: number;
  readonly windDirection: number;
  /** Tips. */
  readonly rainCount: number;
  /** Station pressure, hPa. */
  readonly pressure: number;
  /** °C */
  readonly indoorTemperature: number;
}

/** @param time epoch ms */
export function simulateWeather(seed: number, time: number): Weather {
  const day = time / DAY;
  const noise = (channel: number, period: number) => smoothNoise(seed * 16 + channel, time / period);
  // Coldest before sunrise, warmest in the early afternoon of a place near Greenwich; warmest in July.
  const diurnal = -Math.cos((day - 3 / 24) * 2 * Math.PI);
  const annual = -Math.cos((day / 365.25 - 0.04) * 2 * Math.PI);
  const temperature = 10 + 9 * annual + 4.5 * diurnal + 5 * noise(1, 30 * HOUR) + 0.4 * noise(2, HOUR / 6);
  const breeze = 2.5 + 1.5 * diurnal + 2.5 * noise(3, 9 * HOUR);
  const gusts = 1 + 0.6 * noise(4, 30_000);
  return {
    temperature,
    humidity: clamp(72 - 3.2 * (4.5 * diurnal) + 14 * noise(5, 8 * HOUR), 15, 99),
    windSpeed: Math.max(0, breeze) * gusts,
    windDirection: (((240 + 90 * noise(6, 14 * HOUR) + 30 * noise(7, 60_000)) % 360) + 360) % 360,
    rainCount: simulateRain(seed, time),
    pressure: 1004 + 14 * noise(8, 40 * HOUR) + noise(9, 3 * HOUR),
    indoorTemperature: 20.5 + 0.8 * diurnal + 0.4 * noise(10, 2 * HOUR),
  };
}

/** Tips since the last new battery: a shower or two on most days, each falling evenly through its hour. */
function simulateRain(seed: number, time: number): number {
  const today = Math.floor(time / DAY);
  let tips = 0;
  for (let day = today - (today % BATTERY_DAYS); day <= today; day += 1) {
    for (let shower = 0; shower < SHOWER_HOURS_OF_A_DAY; shower += 1) {
      const starts = day * DAY + random(seed, day * 8 + shower) * 23 * HOUR;
      const whole = Math.max(0, random(seed + 1, day * 8 + shower) * 40 - 15);
      tips += whole * clamp((time - starts) / HOUR, 0, 1);
    }
  }
  return Math.floor(tips);
}

/** @param slotSeconds how often a new radio message arrives; the two types take turns */
export function simulatedConsole(seed: number, slotSeconds: number, time: () => number): Console {
  return {
    read: async (report: ReportId) => {
      const now = time();
      const weather = simulateWeather(seed, now);
      if (report === 2) return encodeConsole(weather);
      const head = { channel: 'A', sensorId: SENSOR_ID, signal: 3, batteryLow: false } as const;
      const isRainTurn = Math.floor(now / (slotSeconds * 1000)) % 2 === 1;
      return isRainTurn ? encodeWindRain(head, weather) : encodeWindClimate(head, weather);
    },
    close: async () => undefined,
  };
}

/** The reports such a console would have given from `from` to `to` (epoch ms), in its rhythm. */
export function* simulatedPast(seed: number, slotSeconds: number, from: number, to: number) {
  const slot = slotSeconds * 1000;
  let nextConsole = from;
  for (let time = Math.ceil(from / slot) * slot; time < to; time += slot) {
    const console = simulatedConsole(seed, slotSeconds, () => time);
    yield { time, read: () => console.read(1) };
    if (time < nextConsole) continue;
    yield { time, read: () => console.read(2) };
    nextConsole = time + 60_000;
  }
}

export interface EncodedHead {
  readonly channel: Channel;
  readonly sensorId: number;
  readonly signal: number;
  readonly batteryLow: boolean;
}

const CHANNEL_BITS: Readonly<Record<Channel, number>> = { A: 0xc0, B: 0x80, C: 0x00 };
/** Codes in the order of the compass, from north in steps of 22.5 degrees. */
const DIRECTION_CODES = [6, 14, 12, 8, 10, 11, 9, 13, 15, 7, 5, 1, 3, 2, 0, 4] as const;

export function encodeWindRain(head: EncodedHead, weather: Pick<Weather, 'windSpeed' | 'windDirection' | 'rainCount'>) {
  const code = DIRECTION_CODES[Math.round(weather.windDirection / 22.5) % 16] ?? 0;
  const rain = weather.rainCount;
  return encodeOutdoor(head, 0x31, weather.windSpeed, code, rain >> 7, rain & 0x7f);
}

export function encodeWindClimate(head: EncodedHead, weather: Pick<Weather, 'windSpeed' | 'temperature' | 'humidity'>) {
  const raw = clamp(Math.round((weather.temperature + 40) * 18), 0, 1980);
  return encodeOutdoor(head, 0x38, weather.windSpeed, raw >> 7, raw & 0x7f, Math.round(weather.humidity));
}

function encodeOutdoor(head: EncodedHead, type: number, windSpeed: number, low5: number, byte6: number, byte7: number) {
  const wind = windSpeed <= 0 ? 0 : clamp(Math.round((windSpeed * 3.6 - 1) / 0.8278), 0, 191);
  return Uint8Array.of(
    1,
    CHANNEL_BITS[head.channel] | (head.sensorId >> 8),
    head.sensorId & 0xff,
    type | (head.batteryLow ? 0 : 0x40),
    wind >> 3,
    ((wind & 7) << 4) | low5,
    byte6,
    byte7,
    head.signal,
    0xff,
  );
}

/** What every MS5607 console sends in front of its two values. */
const MS5607_HEAD = Buffer.from('020000800000000000040010000000096001010101', 'hex');

export function encodeConsole(weather: Pick<Weather, 'pressure' | 'indoorTemperature'>): Uint8Array {
  const bytes = Buffer.alloc(25);
  MS5607_HEAD.copy(bytes);
  bytes.writeUInt16BE(0x8000 | (Math.round((weather.indoorTemperature - 25) * 20) & 0xfff), 21);
  bytes.writeUInt16BE(Math.round((weather.pressure + 208) * 16), 23);
  return Uint8Array.from(bytes);
}

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

/** -1..1, changing smoothly: cosine interpolation between random values at whole `x`. */
function smoothNoise(seed: number, x: number): number {
  const whole = Math.floor(x);
  const weight = (1 - Math.cos((x - whole) * Math.PI)) / 2;
  return (random(seed, whole) * (1 - weight) + random(seed, whole + 1) * weight) * 2 - 1;
}

/** 0..1, the same for the same arguments: an integer hash (the finalizer of MurmurHash3). */
function random(seed: number, n: number): number {
  let h = Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(n | 0, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 0x1_0000_0000;
}
