import { closeSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDays } from '../../../core/recorder/days.ts';
import { Registry } from '../../../core/recorder/series.ts';
import { Writer } from '../../../core/recorder/writer.ts';
import { NOON, openArchive, reading, settings } from './support.ts';

const readings = 'SELECT series, time, value, unit FROM readings ORDER BY series, time';
const valuesOf = 'SELECT value FROM readings ORDER BY time';

describe('what is kept', () => {
  test('a reading can be read by name, ISO time and value', async () => {
    const { record, rows } = await openArchive();
    record(
      reading('a/outdoor/temperature', NOON + 7, -3.4, { sensor: { unit: '°C' } }),
      reading('a/mode', NOON, 'eco'),
    );
    expect(rows(readings)).toEqual([
      { series: 'a/mode', time: '2026-06-01T10:00:00.000Z', value: 'eco', unit: null },
      { series: 'a/outdoor/temperature', time: '2026-06-01T10:00:00.007Z', value: -3.4, unit: '°C' },
    ]);
  });

  test.each([
    0,
    -0.001,
    21.4,
    1013.25,
    1 / 3,
    1e-9,
    9_007_199_254_740.99,
    9.1e15,
    1e17,
    -1e300,
    1.7976931348623157e308,
  ])('the number %d comes back exactly', async (value) => {
    const { record, rows } = await openArchive();
    record(reading('n', NOON, value));
    expect(rows(valuesOf)).toEqual([{ value }]);
  });

  test('a reading sent again changes nothing', async () => {
    const { record, rows } = await openArchive();
    record(reading('t', NOON, 1), reading('t', NOON, 1));
    record(reading('t', NOON, 2));
    expect(rows('SELECT count, mean FROM hourly')).toEqual([{ count: 1, mean: 1 }]);
  });

  test('a string is kept where it changes, also across a restart', async () => {
    const first = await openArchive();
    first.record(...['a', 'a', 'b', 'b', 'a'].map((value, index) => reading('mode', NOON + index, value)));
    first.archive.close();
    const { record, rows } = await openArchive({ file: first.file });
    record(reading('mode', NOON + 9, 'a'), reading('mode', NOON + 10, 'c'));
    expect(rows(valuesOf)).toEqual([{ value: 'a' }, { value: 'b' }, { value: 'a' }, { value: 'c' }]);
  });

  test('a retained state counts only where it is news', async () => {
    const { record, rows } = await openArchive();
    record(reading('t', NOON, 1));
    record(reading('t', NOON, 1, { retained: true }), reading('t', NOON - 1, 0, { retained: true }));
    record(reading('t', NOON + 1, 2, { retained: true }));
    expect(rows(valuesOf)).toEqual([{ value: 1 }, { value: 2 }]);
  });

  test('readings without a time that come within a millisecond follow one another', async () => {
    const { record, rows } = await openArchive();
    record(...[1, 2, 3].map((value) => reading('t', NOON, value, { timed: false })));
    record(reading('t', NOON + 1, 4, { timed: false }));
    expect(rows('SELECT epoch_ms - 1780308000000 AS ms, value FROM readings')).toEqual([
      { ms: 0, value: 1 },
      { ms: 1, value: 2 },
      { ms: 2, value: 3 },
      { ms: 3, value: 4 },
    ]);
  });

  test('a clock that was put back is believed', async () => {
    const { record, rows } = await openArchive();
    record(reading('t', NOON, 1, { timed: false }), reading('t', NOON - 3_600_000, 2, { timed: false }));
    expect(rows('SELECT time, value FROM readings ORDER BY time')).toEqual([
      { time: '2026-06-01T09:00:00.000Z', value: 2 },
      { time: '2026-06-01T10:00:00.000Z', value: 1 },
    ]);
  });

  test('excluded topics and series are not', async () => {
    const { archive, record, rows } = await openArchive({
      settings: settings({ exclude: ['noisy/#', 'a/+/debug', 'b'] }),
    });
    archive.take({ readings: [], events: [{ time: NOON, topic: 'noisy/event/x', payload: '{}' }] });
    record(
      reading('noisy/t', NOON, 1),
      reading('a/x/debug', NOON, 1),
      reading('b/field', NOON, 1, { topic: 'b' }),
      reading('a/x/t', NOON, 1),
    );
    expect(rows('SELECT name FROM series')).toEqual([{ name: 'a/x/t' }]);
    expect(archive.events({})).toEqual([]);
    archive.configure(settings());
    record(reading('noisy/t', NOON, 1));
    expect(rows('SELECT name FROM series')).toHaveLength(2);
  });

  test('no series beyond the cap; the first refused one is named', async () => {
    const { archive, record, rows, lines } = await openArchive({ settings: settings({ max_series: 2 }) });
    record(...['a', 'b', 'c', 'd', 'c'].map((name, index) => reading(name, NOON + index, 1)));
    expect(rows('SELECT name FROM series')).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(archive.stats()).toMatchObject({ series: 2, refused: 2 });
    expect(lines()).toEqual([
      'warn recorder: series_cap: "c" is not recorded, 2 series are (recorder.max_series); refused: 1',
    ]);
    record(reading('a', NOON + 9, 2));
    expect(archive.stats().written).toBe(3);
  });
});

describe('when it cannot write', () => {
  test('a full database loses nothing of a batch, and takes it when there is room', async () => {
    const { file, archive } = await openArchive();
    archive.close();
    const database = new Sqlite(file);
    onTestFinished(() => void database.close());
    const registry = new Registry(settings().recorder, () => undefined);
    const writer = new Writer(database, createDays('UTC'));
    const batch = Array.from({ length: 3000 }, (_, index) =>
      registry.admit(reading(`s${index % 40}`, NOON + index, index / 7)),
    );
    const pending = batch.filter((one) => one !== undefined);
    database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true })}`);
    expect(() => writer.commit(pending, [])).toThrow(/full/);
    expect(database.prepare('SELECT count(*) FROM series').pluck().get()).toBe(0);
    database.pragma('max_page_count = 100000');
    writer.commit(pending, []);
    expect(database.prepare('SELECT count(*), sum(count) FROM days, (SELECT count(*) FROM raw)').raw().get()).toEqual([
      40, 3000,
    ]);
  });

  test('readings wait, the oldest give way, and all that is left is written afterwards', async () => {
    const { file, archive, lines, rows } = await openArchive({ maxWaiting: 10 });
    const lock = new Sqlite(file);
    onTestFinished(() => void lock.close());
    lock.exec('BEGIN IMMEDIATE');
    archive.take({ readings: [reading('t', NOON, 0)], events: [] });
    expect(() => archive.commit()).toThrow('database is locked');
    archive.take({
      readings: Array.from({ length: 10 }, (_, index) => reading('t', NOON + 1 + index, index + 1)),
      events: [],
    });
    expect(archive.stats()).toMatchObject({ problem: 'database is locked', waiting: 9 });
    lock.exec('ROLLBACK');
    archive.commit();
    expect(archive.stats()).toMatchObject({ waiting: 0, written: 9 });
    expect(archive.stats()).not.toHaveProperty('problem');
    expect(rows('SELECT min(value) AS min, max(value) AS max FROM readings')).toEqual([{ min: 2, max: 10 }]);
    expect(lines()).toEqual([
      `error recorder: cannot write ${file}: database is locked; 1 readings and events wait`,
      'info recorder: writes again, 9 that waited are kept, 2 were lost',
    ]);
  });
});

test('events that wait are bounded by their size', async () => {
  const { file, archive } = await openArchive();
  const lock = new Sqlite(file);
  onTestFinished(() => void lock.close());
  lock.exec('BEGIN IMMEDIATE');
  const payload = 'x'.repeat(60_000);
  for (let index = 0; index < 1000; index += 1) {
    archive.take({ readings: [], events: [{ time: NOON + index, topic: 'a/event/x', payload }] });
  }
  expect(archive.isFull).toBe(true);
  expect(() => archive.commit()).toThrow();
  lock.exec('ROLLBACK');
  archive.commit();
  const kept = archive.events({});
  expect(kept[0]?.time).toBe(NOON + 999);
  expect(kept.length).toBeGreaterThan(200);
  expect(kept.length).toBeLessThan(300);
});

describe('a damaged file', () => {
  const asideOf = (file: string) =>
    readdirSync(dirname(file)).filter(
      (name) => name.startsWith(`${basename(file)}.corrupt-`) && !/-(wal|shm)$/.test(name),
    );

  test('is moved aside at the start', async () => {
    const first = await openArchive();
    first.record(reading('t', NOON, 1));
    first.archive.close();
    writeFileSync(first.file, 'this is not a database, however long it is '.repeat(100));
    const { record, rows, lines } = await openArchive({ file: first.file });
    record(reading('t', NOON, 2));
    expect(rows(valuesOf)).toEqual([{ value: 2 }]);
    expect(asideOf(first.file)).toHaveLength(1);
    expect(lines()).toEqual([expect.stringMatching(/^error recorder: .* cannot be used .* a new one is begun$/)]);
  });

  test('is moved aside where damage shows later, and what waited goes into the new one', async () => {
    const { file, archive, record, rows } = await openArchive();
    record(...Array.from({ length: 5000 }, (_, index) => reading('t', NOON + index, index)));
    archive.close();
    const descriptor = openSync(file, 'r+');
    const noise = Buffer.alloc(4096, 0xa5);
    for (let page = 20; page < statSync(file).size / 4096; page += 1)
      writeSync(descriptor, noise, 0, 4096, page * 4096);
    closeSync(descriptor);
    const again = await openArchive({ file });
    again.record(reading('t', NOON + 5000, 1), reading('u', NOON, 2));
    again.record(reading('t', NOON + 5001, 3));
    expect(rows('SELECT series, value FROM readings ORDER BY epoch_ms')).toEqual([
      { series: 'u', value: 2 },
      { series: 't', value: 1 },
      { series: 't', value: 3 },
    ]);
    expect(asideOf(file)).toHaveLength(1);
  });
});
