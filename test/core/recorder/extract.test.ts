import { describe, expect, test } from 'vitest';
import { Extractor, type Incoming } from '../../../core/recorder/extract.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

const message = (topic: string, payload: unknown, changes: Partial<Incoming> = {}): Incoming => ({
  topic,
  payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  time: NOON,
  retained: false,
  ...changes,
});

/** Series and values a fresh extractor finds, as an object. */
function valuesOf(topic: string, payload: unknown): Record<string, number | string> {
  const { readings } = new Extractor().extract(message(topic, payload));
  return Object.fromEntries(readings.map(({ series, value }) => [series, value]));
}

/** An extractor that has met the plugin `acurite` and its device `outdoor`. */
function withAcurite(): Extractor {
  const extractor = new Extractor();
  extractor.extract(message('hub/plugins/acurite', { state: 'running' }, { retained: true }));
  const sensors = { temperature: { unit: '°C', device_class: 'temperature' }, wind_direction: { unit: '°' } };
  extractor.extract(message('hub/devices/acurite/outdoor', { name: 'Outdoor', sensors }, { retained: true }));
  return extractor;
}

describe('third-party topics', () => {
  test.each([
    ['21.5', { 'a/b': 21.5 }],
    [' -3 \n', { 'a/b': -3 }],
    ['+.5', { 'a/b': 0.5 }],
    ['1e3', { 'a/b': 1000 }],
    ['5.', { 'a/b': 5 }],
    ['', {}],
    ['ON', {}],
    ['0x10', {}],
    ['1e999', {}],
    ['Infinity', {}],
    ['12 °C', {}],
    ['1,5', {}],
    ['"21.5"', {}],
    ['[1,2]', {}],
    ['null', {}],
    ['{"cut": 1', {}],
  ])('plain payload %j gives %j', (payload, expected) => {
    expect(valuesOf('a/b', payload)).toEqual(expected);
  });

  test('an object gives one series for each number, boolean and short string', () => {
    expect(valuesOf('zigbee/plug', { power: 12.5, state: 'ON', locked: true, last: null, list: [1] })).toEqual({
      'zigbee/plug/power': 12.5,
      'zigbee/plug/state': 'ON',
      'zigbee/plug/locked': 1,
    });
  });

  test('objects are followed four levels deep', () => {
    const deep = { a: { b: { c: { d: 1, e: { f: 2 } } } }, x: { y: 3 } };
    expect(valuesOf('t', deep)).toEqual({ 't/a/b/c/d': 1, 't/x/y': 3 });
  });

  test('long strings and names too long for a series are left out', () => {
    expect(valuesOf('t', { note: 'x'.repeat(65), ok: 'x'.repeat(64) })).toEqual({ 't/ok': 'x'.repeat(64) });
    expect(valuesOf('t', { ['n'.repeat(600)]: 1 })).toEqual({});
  });

  test('a retained value replayed at the start is not recorded: when it was measured is unknown', () => {
    expect(new Extractor().extract(message('a/b', '21.5', { retained: true })).readings).toEqual([]);
  });

  test.each([
    'homeassistant/sensor/x/config',

    '$SYS/broker/clients',
    'hub/status',
    'hub/log/ci',
  ])('%s is not recorded', (topic) => {
    expect(valuesOf(topic, { value: 1 })).toEqual({});
  });
});

describe('plugin trees', () => {
  test('a declared device is recorded with the fields it updated, at its time', () => {
    const state = { time: NOON - 500, updated: ['temperature'], temperature: 21.4, wind_direction: 90 };
    expect(withAcurite().extract(message('acurite/outdoor', state)).readings).toEqual([
      {
        series: 'acurite/outdoor/temperature',
        topic: 'acurite/outdoor',
        value: 21.4,
        time: NOON - 500,
        timed: true,
        retained: false,
        sensor: { unit: '°C', device_class: 'temperature' },
      },
    ]);
  });

  test('a value measured but bad leaves a gap', () => {
    const state = { time: NOON, updated: ['temperature'], temperature: null };
    expect(withAcurite().extract(message('acurite/outdoor', state)).readings).toEqual([]);
  });

  test('a state without updated and time counts with all its fields, when it came', () => {
    const { readings } = withAcurite().extract(message('acurite/outdoor', { temperature: 3, simulated: true }));
    expect(readings.map(({ series, time, timed }) => ({ series, time, timed }))).toEqual([
      { series: 'acurite/outdoor/temperature', time: NOON, timed: false },
    ]);
  });

  test('a retained state counts with its own time and is left out without one', () => {
    const retained = { retained: true };
    const own = withAcurite().extract(message('acurite/outdoor', { time: NOON - 9, temperature: 3 }, retained));
    expect(own.readings).toMatchObject([{ time: NOON - 9, retained: true }]);
    expect(withAcurite().extract(message('acurite/outdoor', { temperature: 3 }, retained)).readings).toEqual([]);
  });

  test.each([
    'acurite/outdoor/temperature',
    'acurite/command/decode',
    'acurite/command/decode/result',
    'acurite/progress/job',
    'acurite/status',
    'acurite/link',
    'acurite/mirror/of/another/topic',
  ])('%s is not recorded', (topic) => {
    expect(withAcurite().extract(message(topic, '1')).readings).toEqual([]);
    expect(withAcurite().extract(message(topic, { ok: true, value: 1 })).readings).toEqual([]);
  });

  test('states that overtake their declaration are recorded when it comes', () => {
    const extractor = withAcurite();
    for (const value of [1, 2]) {
      const early = extractor.extract(message('acurite/console', { time: NOON + value, pressure: 1000 + value }));
      expect(early.readings).toEqual([]);
    }
    const sensors = { pressure: { unit: 'hPa' } };
    const { readings } = extractor.extract(message('hub/devices/acurite/console', { name: 'Console', sensors }));
    expect(readings.map(({ value }) => value)).toEqual([1001, 1002]);
  });

  test('what waits for a declaration is bounded', () => {
    const extractor = withAcurite();
    const declare = (device: string) =>
      extractor.extract(message(`hub/devices/acurite/${device}`, { name: device, sensors: {} })).readings.length;
    for (let device = 0; device < 100; device += 1) {
      for (let n = 0; n < 20; n += 1) extractor.extract(message(`acurite/d${device}`, { time: NOON + n, n }));
    }
    expect([declare('d0'), declare('d99')]).toEqual([0, 8]);
  });

  test('a device whose declaration is cleared is recorded no longer', () => {
    const extractor = withAcurite();
    extractor.extract(message('hub/devices/acurite/outdoor', ''));
    expect(extractor.extract(message('acurite/outdoor', { time: NOON, temperature: 1 })).readings).toEqual([]);
  });

  test('events are kept as they came, at their own time', () => {
    const payload = '{"time":1748779200123,"card":"A"}';
    const { events, readings } = withAcurite().extract(message('acurite/event/rain/begins', payload));
    expect(events).toEqual([{ time: 1748779200123, topic: 'acurite/event/rain/begins', payload }]);
    expect(readings).toEqual([]);
  });

  test("the hub's own events are kept; a retained event is not", () => {
    const { events } = new Extractor().extract(message('hub/event/started', '{}'));
    expect(events).toEqual([{ time: NOON, topic: 'hub/event/started', payload: '{}' }]);
    expect(new Extractor().extract(message('hub/event/started', '{}', { retained: true })).events).toEqual([]);
  });

  test("a removed plugin's tree is like any other again", () => {
    const extractor = withAcurite();
    extractor.extract(message('hub/plugins/acurite', ''));
    expect(extractor.extract(message('acurite/rain', '4')).readings).toMatchObject([{ series: 'acurite/rain' }]);
  });
});
