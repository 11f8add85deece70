import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NOON, openArchive, reading, settings } from './support.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;

const keep = (filter: string, raw_days: number | null, five_minute_days: number | null = null) => ({
  filter,
  raw_days,
  five_minute_days,
  hour_days: null,
  day_days: null,
});

/** One reading a day, ten of them, the last at `NOON`. */
const tenDays = (name: string) => Array.from({ length: 10 }, (_, day) => reading(name, NOON - (9 - day) * DAY, day));
const rawPerSeries = 'SELECT series, count(*) AS count FROM readings GROUP BY series ORDER BY series';

test('the first filter that matches decides; null and no match keep for ever', async () => {
  const retention = [keep('kept/#', null), keep('+/short', 2, 4), keep('b/+', 5)];
  const { archive, record, rows } = await openArchive({ settings: settings({ retention }) });
  for (const name of ['kept/short', 'a/short', 'b/t', 'c/t']) record(...tenDays(name));
  archive.maintain(NOON);
  expect(rows(rawPerSeries)).toEqual([
    { series: 'a/short', count: 3 },
    { series: 'b/t', count: 6 },
    { series: 'c/t', count: 10 },
    { series: 'kept/short', count: 10 },
  ]);
  expect(rows("SELECT count(*) AS count FROM five_minutes JOIN series ON id = series WHERE name = 'a/short'")).toEqual([
    { count: 5 },
  ]);
  expect(rows('SELECT count(*) AS count FROM days')).toEqual([{ count: 40 }]);
});

test('new settings apply at once', async () => {
  const { archive, record, rows } = await openArchive();
  record(...tenDays('t'));
  archive.maintain(NOON);
  expect(rows(rawPerSeries)).toEqual([{ series: 't', count: 10 }]);
  archive.configure(settings({ retention: [keep('#', 1)] }));
  archive.maintain(NOON);
  expect(rows(rawPerSeries)).toEqual([{ series: 't', count: 2 }]);
});

test('a sensor that fell silent keeps its last days', async () => {
  const { archive, record, rows } = await openArchive({ settings: settings({ retention: [keep('#', 3)] }) });
  record(...tenDays('t'));
  archive.maintain(NOON + 400 * DAY);
  expect(rows(rawPerSeries)).toEqual([{ series: 't', count: 4 }]);
});

test('a clock that jumps ahead by years for a while deletes a day at most', async () => {
  const { archive, record, rows } = await openArchive({ settings: settings({ retention: [keep('#', 30)] }) });
  record(...tenDays('t'));
  archive.maintain(NOON);
  record(reading('t', NOON + 5000 * DAY, 1));
  archive.maintain(NOON + 5000 * DAY);
  archive.maintain(NOON);
  expect(rows(rawPerSeries)).toEqual([{ series: 't', count: 11 }]);
});

test('events go after event_days', async () => {
  const { archive } = await openArchive({ settings: settings({ event_days: 7 }) });
  const events = [8, 6, 0].map((age) => ({ time: NOON - age * DAY, topic: 'a/event/x', payload: '{}' }));
  archive.take({ readings: [], events });
  archive.commit();
  archive.maintain(NOON);
  expect(archive.events({}).map(({ time }) => (NOON - time) / DAY)).toEqual([0, 6]);
});

test('a late reading is not counted into a total whose neighbours are gone', async () => {
  const { archive, record, rows } = await openArchive({ settings: settings({ retention: [keep('#', 2)] }) });
  const sensor = { state_class: 'total_increasing' } as const;
  record(...tenDays('rain').map((one) => ({ ...one, sensor })));
  archive.maintain(NOON);
  record(reading('rain', NOON - 5 * DAY + MINUTE, 4.5, { sensor }));
  expect(rows('SELECT sum(change) AS change, sum(count) AS count FROM daily')).toEqual([{ change: 9, count: 11 }]);
});

test('the file stays within its cap, the oldest raw readings go, recording goes on', async () => {
  const max_bytes = 2 * 1024 * 1024;
  const { archive, file, record, rows } = await openArchive({ settings: settings({ max_bytes }) });
  const COUNT = 200_000;
  for (let from = 0; from < COUNT; from += 10_000) {
    record(
      ...Array.from({ length: 10_000 }, (_, index) => reading(`s${index % 7}`, NOON + (from + index) * 100, index / 7)),
    );
    expect(archive.stats().bytes).toBeLessThanOrEqual(max_bytes);
  }
  const [kept] = rows<{ count: number; first: number; last: number }>(
    'SELECT count(*) AS count, min(epoch_ms) AS first, max(epoch_ms) AS last FROM readings',
  );
  expect(kept?.last).toBe(NOON + (COUNT - 1) * 100);
  expect(kept?.count).toBeGreaterThan(20_000);
  expect(kept?.first).toBeGreaterThan(NOON + (COUNT / 2) * 100);
  expect(rows('SELECT sum(count) AS count FROM days')).toEqual([{ count: COUNT }]);
  archive.close();
  expect(statSync(file).size).toBeLessThanOrEqual(max_bytes);
});

test('a flood of events gives way too', async () => {
  const max_bytes = 1024 * 1024;
  const { archive, record } = await openArchive({ settings: settings({ max_bytes }) });
  record(...tenDays('t'));
  const payload = JSON.stringify({ text: 'x'.repeat(1000) });
  archive.take({
    readings: [],
    events: Array.from({ length: 3000 }, (_, index) => ({ time: NOON + index, topic: 'a/event/x', payload })),
  });
  archive.commit();
  expect(archive.stats().bytes).toBeLessThanOrEqual(max_bytes);
  const left = archive.events({ limit: 10_000 });
  expect(left[0]?.time).toBe(NOON + 2999);
  expect(left.length).toBeGreaterThan(100);
});
