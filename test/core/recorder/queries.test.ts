import { describe, expect, test } from 'vitest';
import { NOON, openArchive, reading, settings } from './support.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** Ten days of one reading a minute, the value the minute's number, from NOON on. */
async function tenDays(raw_days: number | null = null) {
  const retention = [{ filter: '#', raw_days, five_minute_days: null, hour_days: null, day_days: null }];
  const opened = await openArchive({ settings: settings({ retention }) });
  opened.record(
    ...Array.from({ length: 14_400 }, (_, minute) =>
      reading('t', NOON + minute * MINUTE, minute, { sensor: { unit: '°C' } }),
    ),
  );
  opened.archive.maintain(NOON + 20 * DAY);
  return opened.archive;
}

describe('history', () => {
  test.each([
    ['an hour', HOUR, 1000, 'raw', 61],
    ['a day', DAY, 1000, '5m', 289],
    ['a day, for a small screen', DAY, 100, '1h', 25],
    ['ten days', 10 * DAY, 1000, '1h', 240],
    ['ten days, for a tiny screen', 10 * DAY, 20, '1d', 11],
    ['everything, every reading', 10 * DAY, 20_000, 'raw', 14_400],
    ['more days than points', 10 * DAY, 3, '1d', 11],
  ])('%s has the finest resolution that fits', async (_, span, points, resolution, count) => {
    const archive = await tenDays();
    const history = archive.history({ series: 't', from: NOON, to: NOON + span, points });
    expect([history.resolution, history.points.length / 4]).toEqual([resolution, count]);
  });

  test('a point is time, min, mean and max; a bucket carries its start', async () => {
    const archive = await tenDays();
    const raw = archive.history({ series: 't', from: NOON + MINUTE, to: NOON + 2 * MINUTE });
    expect([...raw.points]).toEqual([NOON + MINUTE, 1, 1, 1, NOON + 2 * MINUTE, 2, 2, 2]);
    const hours = archive.history({ series: 't', from: NOON + HOUR + 1, to: NOON + 2 * HOUR - 1, points: 3 });
    expect([...hours.points]).toEqual([NOON + HOUR, 60, 89.5, 119]);
    expect([hours.series, hours.unit]).toEqual(['t', '°C']);
  });

  test('where raw readings are gone the roll-ups answer', async () => {
    const archive = await tenDays(3);
    const old = { series: 't', from: NOON + DAY, to: NOON + DAY + HOUR };
    expect(archive.history({ ...old, points: 5000 }).resolution).toBe('5m');
    const recent = { series: 't', from: NOON + 9 * DAY, to: NOON + 9 * DAY + HOUR };
    expect(archive.history(recent).resolution).toBe('raw');
    const across = { series: 't', from: NOON + DAY, to: NOON + 10 * DAY, points: 50_000 };
    expect(archive.history(across)).toMatchObject({ resolution: '5m' });
  });

  test('a time without readings has no points, a series never seen is an error', async () => {
    const archive = await tenDays();
    expect(archive.history({ series: 't', from: 0, to: NOON - 1 }).points).toHaveLength(0);
    expect(() => archive.history({ series: 'u', from: 0, to: 1 })).toThrow(
      expect.objectContaining({ code: 'series_unknown' }),
    );
  });

  test('directions have no lowest and highest in a bucket', async () => {
    const { archive, record } = await openArchive();
    record(...[350, 20].map((value, index) => reading('d', NOON + index, value, { sensor: { unit: '°' } })));
    const { points } = archive.history({ series: 'd', from: NOON, to: NOON + 1, points: 1 });
    expect([...points]).toEqual([NOON, Number.NaN, expect.closeTo(5, 9), Number.NaN]);
  });

  test('strings are answered beside the numbers', async () => {
    const { archive, record } = await openArchive();
    record(reading('mode', NOON, 'eco'), reading('mode', NOON + 1, 'boost'), reading('mode', NOON + 2, 3));
    const history = archive.history({ series: 'mode', from: NOON + 1, to: NOON + 2 });
    expect(history.texts).toEqual([[NOON + 1, 'boost']]);
    expect([...history.points]).toEqual([NOON + 2, 3, 3, 3]);
  });
});

describe('series', () => {
  test('tell their unit, first and last reading, count and size', async () => {
    const archive = await tenDays();
    const [series] = archive.series();
    expect(series).toMatchObject({
      series: 't',
      unit: '°C',
      first: NOON,
      last: NOON + 14_399 * MINUTE,
      count: 14_400,
    });
    const file = archive.stats().bytes;
    expect(series?.bytes).toBeGreaterThan(file / 2);
    expect(series?.bytes).toBeLessThan(file * 1.5);
  });

  test('count the readings kept and tell since when there is anything', async () => {
    const archive = await tenDays(3);
    const [series] = archive.series();
    expect(series?.count).toBe(3 * 1440 + 1);
    expect(series?.first).toBe(NOON);
  });

  test('of strings alone are told too', async () => {
    const { archive, record } = await openArchive();
    record(reading('mode', NOON, 'eco'), reading('mode', NOON + 5, 'boost'));
    expect(archive.series()).toMatchObject([{ series: 'mode', first: NOON, last: NOON + 5, count: 2 }]);
  });
});

describe('events', () => {
  test('are found by time and filter, newest first', async () => {
    const { archive } = await openArchive();
    const topics = ['a/event/x', 'b/event/x', 'a/event/y', 'a/event/x'];
    archive.take({
      readings: [],
      events: topics.map((topic, index) => ({ time: NOON + index, topic, payload: `{"n":${index}}` })),
    });
    archive.commit();
    const found = (query: Parameters<typeof archive.events>[0]) =>
      archive.events(query).map(({ payload }) => JSON.parse(payload).n);
    expect(found({})).toEqual([3, 2, 1, 0]);
    expect(found({ filter: 'a/event/+', limit: 2 })).toEqual([3, 2]);
    expect(found({ filter: 'a/#', from: NOON, to: NOON + 2 })).toEqual([2, 0]);
    expect(archive.events({ filter: 'b/event/x' })).toEqual([
      { time: NOON + 1, topic: 'b/event/x', payload: '{"n":1}' },
    ]);
  });
});
