import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DecodeOptions, decode, parseHex, type Report } from '../../../plugins/acurite/decode.ts';

/** The worked examples of weewx's driver documentation. */
const CLIMATE = '01 8b fa 78 00 08 48 25 03 ff';
const CALM_RAIN = '01 c0 5c 71 00 05 00 0c 03 ff';
const WINDY_RAIN = '01 cd ff 71 01 39 39 71 03 ff';
const MS5607 = '02 00 00 80 00 00 00 00 00 04 00 10 00 00 00 09 60 01 01 01 01 8f c7 4c d3';
/** Constants and raw values of the example in the HP03S data sheet, which works out at 991.8 hPa and -7.3 °C. */
const HP03S = '02 00 00 74 d4 0e 8c 01 38 01 b9 23 e7 0f 96 09 c4 01 04 04 09 10 0b 75 54';

function decoded(hex: string, options?: DecodeOptions): Report {
  const report = decode(parseHex(hex) ?? new Uint8Array(), options);
  if (!report) throw new Error(`no report: ${hex}`);
  return report;
}

/** `CLIMATE` or another report with some bytes replaced: `{3: 0x38}`. */
function changed(hex: string, bytes: Readonly<Record<number, number>>): string {
  const copy = Buffer.from(parseHex(hex) ?? []);
  for (const [index, byte] of Object.entries(bytes)) copy[Number(index)] = byte;
  return copy.toString('hex');
}

/** What a console with a slipped bit sends: the id may stay. */
function slipped(hex: string, idToo: boolean): string {
  const bytes = parseHex(hex) ?? new Uint8Array();
  return Buffer.from(bytes.map((byte, index) => (index === 0 && !idToo ? byte : (byte << 1) | 1))).toString('hex');
}

describe('outdoor reports', () => {
  it('reads temperature and humidity: 69.6 degF is 20.89 °C', () => {
    expect(decoded(CLIMATE)).toEqual({
      report: 1,
      status: 'ok',
      head: { sensorId: 0xbfa, channel: 'B', signal: 3, batteryLow: false },
      readings: { kind: 'wind_climate', windSpeed: 0, temperature: 20.89, humidity: 37 },
    });
  });

  it('reads wind direction and rain', () => {
    expect(decoded(CALM_RAIN)).toEqual({
      report: 1,
      status: 'ok',
      head: { sensorId: 0x05c, channel: 'A', signal: 3, batteryLow: false },
      readings: { kind: 'wind_rain', windSpeed: 0, windDirection: 225, rainCount: 12 },
    });
  });

  it('reads wind speed, 10.11 km/h, and a rain counter beyond 13 bits of hundredths', () => {
    expect(decoded(WINDY_RAIN)).toMatchObject({
      status: 'ok',
      head: { sensorId: 0xdff, channel: 'A' },
      readings: { windSpeed: 2.81, windDirection: 135, rainCount: 7409 },
    });
    expect(decoded(changed(CALM_RAIN, { 6: 0x4e, 7: 0x0f }))).toMatchObject({ readings: { rainCount: 9999 } });
  });

  it('gives every direction code its point of the compass', () => {
    const directions = Array.from({ length: 16 }, (_, code) => {
      const report = decoded(changed(CALM_RAIN, { 5: code }));
      return report.report === 1 && report.readings?.kind === 'wind_rain' ? report.readings.windDirection : undefined;
    });
    expect(directions).toEqual([
      315, 247.5, 292.5, 270, 337.5, 225, 0, 202.5, 67.5, 135, 90, 112.5, 45, 157.5, 22.5, 180,
    ]);
  });

  it('reads the coldest and the warmest the sensor can say', () => {
    expect(decoded(changed(CLIMATE, { 5: 0x00, 6: 0x00 }))).toMatchObject({ readings: { temperature: -40 } });
    expect(decoded(changed(CLIMATE, { 5: 0x0f, 6: 0x3c }))).toMatchObject({ readings: { temperature: 70 } });
  });

  it.each([
    [0xcb, 'A'],
    [0x8b, 'B'],
    [0x0b, 'C'],
    [0x4b, undefined],
  ])('reads channel and id whatever the repeat number says: %i', (first, channel) => {
    for (const repeat of [0x00, 0x10, 0x20, 0x30]) {
      expect(decoded(changed(CLIMATE, { 1: first | repeat }))).toMatchObject({ head: { sensorId: 0xbfa, channel } });
    }
  });

  it('reads the battery apart from the message type, and ignores parity', () => {
    expect(decoded(changed(CLIMATE, { 3: 0x38 }))).toMatchObject({ status: 'ok', head: { batteryLow: true } });
    expect(decoded(changed(CALM_RAIN, { 3: 0x31 }))).toMatchObject({ status: 'ok', head: { batteryLow: true } });
    expect(decoded(changed(CLIMATE, { 3: 0xf8, 4: 0x80, 6: 0xc8, 7: 0xa5 }))).toMatchObject({
      readings: { temperature: 20.89, humidity: 37 },
    });
  });

  it('says no_sensor when the console hears none', () => {
    expect(decoded('01 ff ff ff ff ff ff ff ff ff')).toMatchObject({ status: 'no_sensor' });
    expect(decoded('01 cf ff ff ff ff ff ff 00 00').status).toBe('no_sensor');
    expect(decoded('01 ff ff ff ff ff ff ff ff ff')).not.toHaveProperty('head');
  });

  it('drops the readings of a lost sensor and keeps what it says about the sensor', () => {
    const report = decoded(changed(CLIMATE, { 8: 0x00, 9: 0x00 }));
    expect(report).toMatchObject({ status: 'stale', head: { sensorId: 0xbfa, signal: 0 } });
    expect(report).not.toHaveProperty('readings');
  });

  it.each([
    ['message type', { 3: 0x75 }],
    ['message type', { 3: 0x41 }],
    ['final byte', { 9: 0x12 }],
    ['signal', { 8: 0x04 }],
    ['report id', { 0: 0x07 }],
  ])('drops garbage and names it: %s', (name, bytes) => {
    const report = decoded(changed(CLIMATE, bytes));
    expect(report).toMatchObject({ status: 'invalid', reason: expect.stringContaining(name) });
    expect(report).not.toHaveProperty('readings');
  });

  it.each([
    ['wind', CLIMATE, { 4: 0x18, 5: 0x08 }],
    ['temperature', CLIMATE, { 5: 0x0f, 6: 0x3d }],
    ['rain', CALM_RAIN, { 6: 0x4e, 7: 0x10 }],
  ])('drops a report with an impossible %s', (name, hex, bytes) => {
    const report = decoded(changed(hex, bytes));
    expect(report).toMatchObject({ status: 'out_of_range', reason: expect.stringContaining(name) });
    expect(report).not.toHaveProperty('readings');
  });

  it('keeps the thermometer of a sensor whose humidity element fails', () => {
    for (const humidity of [0, 100, 127]) {
      expect(decoded(changed(CLIMATE, { 7: humidity }))).toMatchObject({
        status: 'out_of_range',
        reason: expect.stringContaining(`humidity ${humidity}`),
        readings: { temperature: 20.89, humidity: null },
      });
    }
  });

  it('recognises a slipped bit, with and without the id', () => {
    for (const hex of [CLIMATE, CALM_RAIN, WINDY_RAIN]) {
      for (const idToo of [true, false])
        expect(decoded(slipped(hex, idToo))).toMatchObject({ report: 1, status: 'bit_slip' });
    }
  });
});

describe('console reports', () => {
  it('reads an MS5607 console', () => {
    expect(decoded(MS5607)).toMatchObject({
      report: 2,
      status: 'ok',
      readings: { kind: 'indoor', temperature: 22.15, pressure: 1021.19 },
    });
  });

  it('reads an HP03S console as its data sheet does', () => {
    expect(decoded(HP03S, { ignoreBounds: true })).toMatchObject({
      status: 'ok',
      readings: { temperature: -7.28, pressure: 991.83 },
    });
  });

  it('leaves out an inside temperature that cannot be, and keeps the pressure', () => {
    expect(decoded(HP03S)).toMatchObject({
      status: 'out_of_range',
      reason: 'temperature -7.28 is outside 0..50 °C',
      readings: { temperature: null, pressure: 991.83 },
    });
  });

  it('leaves out a pressure that cannot be', () => {
    expect(decoded(changed(MS5607, { 23: 0x00, 24: 0x00 }))).toMatchObject({
      status: 'out_of_range',
      readings: { temperature: 22.15, pressure: null },
    });
  });

  it('drops constants beyond the chip’s limits, unless told to take them', () => {
    const odd = changed(HP03S, { 3: 0x00, 4: 0xff });
    expect(decoded(odd)).toEqual({ report: 2, status: 'invalid', reason: 'constant C1 255 is outside 256..65535' });
    expect(decoded(odd, { ignoreBounds: true }).status).toBe('ok');
  });

  it('recognises a slipped bit, with and without the id', () => {
    for (const hex of [MS5607, HP03S]) {
      for (const idToo of [true, false])
        expect(decoded(slipped(hex, idToo))).toMatchObject({ report: 2, status: 'bit_slip' });
    }
  });
});

describe('any bytes', () => {
  it('are no report when their length is wrong', () => {
    for (const length of [0, 1, 9, 11, 24, 26, 33]) expect(decode(new Uint8Array(length))).toBeUndefined();
  });

  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const anyReport = fc.oneof(
    bytes(10),
    bytes(25),
    // Past the first checks: a valid frame around random content.
    bytes(10).map((content) =>
      Uint8Array.from([1, content[1] ?? 0, content[2] ?? 0, 0x78, ...content.slice(4, 8), 3, 255]),
    ),
    bytes(24).map((content) => Uint8Array.from([2, ...content])),
  );

  it('decode to finite numbers within the ranges, or to a named reason', () => {
    fc.assert(
      fc.property(anyReport, fc.boolean(), (content, ignoreBounds) => {
        const report = decode(content, { ignoreBounds });
        if (!report) throw new Error('a report of the right length was not recognised');
        if (report.status !== 'ok' && !report.reason) throw new Error(`${report.status} without a reason`);
        for (const value of Object.values(report.readings ?? {})) {
          if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value}`);
        }
        if (report.readings && 'temperature' in report.readings && !ignoreBounds) {
          const { temperature } = report.readings;
          if (temperature !== null && (temperature < -40 || temperature > 70)) throw new Error(`${temperature} °C`);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('hex', () => {
  it('reads bytes with or without spaces, and nothing else', () => {
    expect(parseHex('01 8B fa')).toEqual(Uint8Array.of(0x01, 0x8b, 0xfa));
    expect(parseHex('018bfa')).toEqual(Uint8Array.of(0x01, 0x8b, 0xfa));
    for (const text of ['', ' ', '1', '01 8', 'zz', '0x01', '01,02']) expect(parseHex(text)).toBeUndefined();
  });
});
