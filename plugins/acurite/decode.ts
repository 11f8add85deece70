/** Reports of the AcuRite USB consoles (24c0:0003): bytes in, readings out. Pure, and total over any bytes. */

export type ReportId = 1 | 2;

/** Bytes of each report, its id included. */
export const REPORT_LENGTH: Readonly<Record<ReportId, number>> = { 1: 10, 2: 25 };

/** `out_of_range` may still carry the readings that are right; every other status than `ok` carries none. */
export type Status = 'ok' | 'no_sensor' | 'stale' | 'bit_slip' | 'out_of_range' | 'invalid';
export type Channel = 'A' | 'B' | 'C';

/** Who sent an outdoor report and how well it is heard. */
export interface Head {
  readonly sensorId: number;
  /** `undefined` for the bit pattern that no switch position has. */
  readonly channel: Channel | undefined;
  /** 0..3, the share of the sensor's transmissions that arrived. */
  readonly signal: number;
  readonly batteryLow: boolean;
}

export interface WindRain {
  readonly kind: 'wind_rain';
  /** m/s */
  readonly windSpeed: number;
  /** Degrees the wind comes from. */
  readonly windDirection: number;
  /** Tips of 0.254 mm since the sensor's battery was put in. */
  readonly rainCount: number;
}
export interface WindClimate {
  readonly kind: 'wind_climate';
  readonly windSpeed: number;
  /** °C */
  readonly temperature: number;
  /** %; `null` = measured but bad. */
  readonly humidity: number | null;
}
export interface Indoor {
  readonly kind: 'indoor';
  /** At the console's height, hPa; `null` = measured but bad. */
  readonly pressure: number | null;
  /** °C */
  readonly temperature: number | null;
}

interface Verdict {
  readonly status: Status;
  /** What is wrong, for people; given whenever the status is not `ok`. */
  readonly reason?: string;
}
export interface OutdoorReport extends Verdict {
  readonly report: 1;
  readonly head?: Head;
  readonly readings?: WindRain | WindClimate;
}
export interface ConsoleReport extends Verdict {
  readonly report: 2;
  readonly readings?: Indoor;
  /** The calibration constants in hex: they never change while one console stays plugged in. */
  readonly constants?: string;
}
export type Report = OutdoorReport | ConsoleReport;

export interface DecodeOptions {
  /** Takes calibration constants, pressures and inside temperatures beyond their usual bounds. */
  readonly ignoreBounds?: boolean;
}

/** `undefined` where the bytes have the length of no report. */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Report | undefined {
  if (bytes.length === REPORT_LENGTH[1]) return decodeOutdoor(bytes);
  if (bytes.length === REPORT_LENGTH[2]) return decodeConsole(bytes, options.ignoreBounds ?? false);
  return undefined;
}

const WIND_RAIN = 0x31;
const WIND_CLIMATE = 0x38;
/** Both message types with a good battery, each shifted left by one with a 1 following. */
const SLIPPED_TYPES = [0xe3, 0xf1];
/** Bits 7 and 6 of byte 1; the fourth pattern is not a switch position. */
const CHANNELS = ['C', undefined, 'B', 'A'] as const;
const DIRECTIONS = [315, 247.5, 292.5, 270, 337.5, 225, 0, 202.5, 67.5, 135, 90, 112.5, 45, 157.5, 22.5, 180] as const;
/** The instrument's range of 159 km/h. */
const MAX_WIND = 191;
/** 158 degF. */
const MAX_TEMPERATURE = 1980;
/** The display counts to 99.99 in. */
const MAX_RAIN = 9999;

function decodeOutdoor(bytes: Uint8Array): OutdoorReport {
  const reject = (status: Status, reason: string, head?: Head): OutdoorReport =>
    head ? { report: 1, status, reason, head } : { report: 1, status, reason };
  const byte = (index: number) => bytes[index] ?? 0;

  if (SLIPPED_TYPES.includes(byte(3)) && isAllOdd(bytes)) return reject('bit_slip', 'every byte is shifted by one bit');
  if (byte(0) !== 1) return reject('invalid', `report id ${hex(byte(0))}`);
  if ((byte(1) & 0x0f) === 0x0f && byte(3) === 0xff) return reject('no_sensor', 'the console hears no outdoor sensor');
  const type = byte(3) & 0x3f;
  if (type !== WIND_RAIN && type !== WIND_CLIMATE) return reject('invalid', `message type ${hex(type)}`);
  if (byte(9) !== 0xff && byte(9) !== 0x00) return reject('invalid', `final byte ${hex(byte(9))}`);
  const signal = byte(8) & 0x0f;
  if (signal > 3) return reject('invalid', `signal ${signal} is outside 0..3`);

  const head: Head = {
    sensorId: ((byte(1) & 0x0f) << 8) | byte(2),
    channel: CHANNELS[byte(1) >> 6],
    signal,
    batteryLow: (byte(3) & 0x40) === 0,
  };
  if (signal === 0) return reject('stale', 'the sensor is no longer heard; the rest is its last report', head);

  const wind = ((byte(4) & 0x1f) << 3) | ((byte(5) & 0x70) >> 4);
  // Without a checksum, one impossible number makes its neighbours doubtful: the report goes as a whole.
  if (wind > MAX_WIND) return reject('out_of_range', `wind ${wind} is above ${MAX_WIND}`, head);
  const windSpeed = round(windMetresPerSecond(wind));

  if (type === WIND_RAIN) {
    const rainCount = ((byte(6) & 0x7f) << 7) | (byte(7) & 0x7f);
    if (rainCount > MAX_RAIN) return reject('out_of_range', `rain count ${rainCount} is above ${MAX_RAIN}`, head);
    const windDirection = DIRECTIONS[byte(5) & 0x0f] ?? 0;
    return { report: 1, status: 'ok', head, readings: { kind: 'wind_rain', windSpeed, windDirection, rainCount } };
  }

  const raw = ((byte(5) & 0x0f) << 7) | (byte(6) & 0x7f);
  if (raw > MAX_TEMPERATURE) return reject('out_of_range', `temperature ${raw} is above ${MAX_TEMPERATURE}`, head);
  const climate = { kind: 'wind_climate', windSpeed, temperature: round(raw / 18 - 40) } as const;
  const humidity = byte(7) & 0x7f;
  if (humidity >= 1 && humidity <= 99) {
    return { report: 1, status: 'ok', head, readings: { ...climate, humidity } };
  }
  // The usual end of a humidity element; the thermometer beside it goes on being right.
  const reason = `humidity ${humidity} is outside 1..99 %: its element fails`;
  return { report: 1, status: 'out_of_range', reason, head, readings: { ...climate, humidity: null } };
}

/** n cup turns in about 4 s; the cups need some wind to start at all. */
const windMetresPerSecond = (n: number) => (n === 0 ? 0 : (0.8278 * n + 1) / 3.6);

/** Which sensor chip a console has shows only in its constants: these are the ones every MS5607 console sends. */
const MS5607 = '800000000000040010000000096001010101';
/** Inclusive limits of the HP03S calibration constants C1..C7 and A..D, from the chip's data sheet. */
const HP03S_LIMITS = [
  ['C1', 0x100, 0xffff],
  ['C2', 0, 0x1fff],
  ['C3', 0, 0x400],
  ['C4', 0, 0x1000],
  ['C5', 0x1000, 0xffff],
  ['C6', 0, 0x4000],
  ['C7', 0x960, 0xa28],
  ['A', 1, 0x3f],
  ['B', 1, 0x3f],
  ['C', 1, 0xf],
  ['D', 1, 0xf],
] as const;

function decodeConsole(bytes: Uint8Array, ignoreBounds: boolean): ConsoleReport {
  if (isAllOdd(bytes)) return { report: 2, status: 'bit_slip', reason: 'every byte is shifted by one bit' };
  if (bytes[0] !== 2) return { report: 2, status: 'invalid', reason: `report id ${hex(bytes[0] ?? 0)}` };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const calibration = [3, 5, 7, 9, 11, 13, 15].map((at) => view.getUint16(at)).concat([...bytes.subarray(17, 21)]);
  const constants = Array.from(bytes.subarray(3, 21), hex).join('');
  const temperatureRaw = view.getUint16(21);
  const pressureRaw = view.getUint16(23);

  let measured: Conversion;
  if (constants === MS5607) {
    measured = convertMs5607(temperatureRaw, pressureRaw);
  } else {
    const bad = HP03S_LIMITS.findIndex(([, low, high], index) => !isWithin(calibration[index], low, high));
    const limit = HP03S_LIMITS[bad];
    if (limit && !ignoreBounds) {
      const reason = `constant ${limit[0]} ${calibration[bad]} is outside ${limit[1]}..${limit[2]}`;
      return { report: 2, status: 'invalid', reason };
    }
    measured = convertHp03s(calibration, temperatureRaw, pressureRaw);
  }
  return judgeIndoor(measured, constants, ignoreBounds);
}

interface Conversion {
  readonly pressure: number;
  readonly temperature: number;
}

/** The chip's own calibration is not sent: a straight line fitted to what the display shows. */
function convertMs5607(temperatureRaw: number, pressureRaw: number): Conversion {
  const signed = ((temperatureRaw & 0xfff) << 20) >> 20;
  return { temperature: 25 + 0.05 * signed, pressure: pressureRaw / 16 - 208 };
}

/** The data sheet's arithmetic, with its names. */
function convertHp03s(calibration: readonly number[], d2: number, d1: number): Conversion {
  const [c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0, a = 0, b = 0, c = 0, d = 0] = calibration;
  const x = d2 - c5;
  const dUT = x - ((x / 128) ** 2 * (d2 >= c5 ? a : b)) / 2 ** c;
  const off = 4 * (c2 + ((c4 - 1024) * dUT) / 16384);
  const sens = c1 + (c3 * dUT) / 1024;
  const pressure = ((sens * (d1 - 7168)) / 16384 - off) / 32 + c7 / 10;
  return { pressure, temperature: (250 + (dUT * c6) / 65536 - dUT / 2 ** d) / 10 };
}

function judgeIndoor(measured: Conversion, constants: string, ignoreBounds: boolean): ConsoleReport {
  const problems: string[] = [];
  const judge = (name: string, value: number, [low, high]: readonly [number, number], unit: string) => {
    if (ignoreBounds || isWithin(value, low, high)) return round(value);
    problems.push(`${name} ${round(value)} is outside ${low}..${high} ${unit}`);
    return null;
  };
  const readings: Indoor = {
    kind: 'indoor',
    pressure: judge('pressure', measured.pressure, [800, 1100], 'hPa'),
    temperature: judge('temperature', measured.temperature, [0, 50], '°C'),
  };
  if (problems.length === 0) return { report: 2, status: 'ok', readings, constants };
  return { report: 2, status: 'out_of_range', reason: problems.join('; '), readings, constants };
}

const isWithin = (value: number | undefined, low: number, high: number) =>
  value !== undefined && value >= low && value <= high;
/** Leaves the id out: whether it slips with the rest depends on the driver. */
const isAllOdd = (bytes: Uint8Array) => bytes.subarray(1).every((byte) => (byte & 1) === 1);
const hex = (byte: number) => byte.toString(16).padStart(2, '0');
/** Finer than any of the sensors resolves. */
const round = (value: number) => Math.round(value * 100) / 100;

/** Bytes of hex text with or without spaces; `undefined` where it is anything else. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s+/g, '');
  if (digits.length === 0 || digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) return undefined;
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

export const formatHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
