import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Archive } from '../../core/recorder/archive.ts';
import type { Recorder } from '../../core/recorder/contract.ts';
import type { Settings } from '../../core/recorder/protocol.ts';
import { createLogger } from '../../core/support/log.ts';
import { busRecorder } from '../core/recorder/bus.ts';
import type { BenchRow } from './row.ts';

const DEVICES = 40;
const FIELDS = ['temperature', 'humidity', 'wind_speed', 'wind_direction', 'rain_total'] as const;
/** Reports of every device; with 5 fields and 18 s apart, about a day and a half. */
const REPORTS = 7500;
const PERIOD_MS = 18_000;
const START = Date.UTC(2026, 0, 1);
const PLAIN_BATCH = 20_000;

const YEAR_ROWS = 10_000_000;
const YEAR_MS = 365 * 86_400_000;
const GRAPHS = 15;

const log = createLogger('bench', ({ level, message }) => console.error(`  ${level}: ${message}`));
const settings: Settings = {
  recorder: {
    commit_seconds: 1,
    exclude: [],
    retention: [],
    event_days: 365,
    max_bytes: 8 * 1024 ** 3,
    max_series: 1000,
  },
  timezone: 'Europe/Berlin',
};

export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'cupboard-bench-'));
  try {
    return [...(await writing(folder)), ...(await reading(folder))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Device states through the recorder and its thread, against the same rows in a bare insert loop. */
async function writing(folder: string): Promise<BenchRow[]> {
  const rates = { recorder: 0, plain: 0 };
  let bytes = 0;
  for (const round of [1, 2]) {
    rates.plain = Math.max(rates.plain, plainRate(join(folder, `plain${round}.db`)));
    const recorded = await recorderRate(join(folder, `recorder${round}.db`));
    rates.recorder = Math.max(rates.recorder, recorded.rate);
    bytes = recorded.bytesPerReading;
  }
  return [
    {
      name: 'device states recorded, roll-ups included',
      value: rates.recorder,
      unit: 'readings/s',
      target: '>= 100,000',
      ratioTo: { name: 'a bare insert loop without roll-ups', value: rates.plain },
    },
    { name: 'size on disk, roll-ups included', value: bytes, unit: 'bytes/reading', target: '<= 25' },
  ];
}

const valueAt = (device: number, report: number, field: number) =>
  Math.round((20 + 15 * Math.sin(report / 300 + device + field) + ((report * 7919) % 13) / 10) * 10) / 10;

function plainRate(file: string): number {
  const database = new Sqlite(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(
    'CREATE TABLE raw (series INTEGER, time INTEGER, value REAL, PRIMARY KEY (series, time)) WITHOUT ROWID',
  );
  const insert = database.prepare('INSERT INTO raw VALUES (?, ?, ?)');
  const perBatch = PLAIN_BATCH / (DEVICES * FIELDS.length);
  const insertReports = database.transaction((from: number) => {
    for (let report = from; report < Math.min(from + perBatch, REPORTS); report += 1) {
      for (let device = 0; device < DEVICES; device += 1) {
        for (let field = 0; field < FIELDS.length; field += 1) {
          insert.run(
            device * FIELDS.length + field,
            START + report * PERIOD_MS + device,
            valueAt(device, report, field),
          );
        }
      }
    }
  });
  const began = performance.now();
  for (let report = 0; report < REPORTS; report += perBatch) insertReports(report);
  const seconds = (performance.now() - began) / 1000;
  database.close();
  return (REPORTS * DEVICES * FIELDS.length) / seconds;
}

async function recorderRate(file: string): Promise<{ rate: number; bytesPerReading: number }> {
  const { recorder, bus } = await startRecorder(file);
  bus.publish('hub/plugins/station', { state: 'running' });
  for (let device = 0; device < DEVICES; device += 1) {
    const sensors = { wind_direction: { unit: '°' }, rain_total: { unit: 'mm', state_class: 'total_increasing' } };
    bus.publish(`hub/devices/station/d${device}`, { name: 'Station', sensors });
  }
  // Payloads are made before the clock starts: a broker would hand them over ready.
  const states: { topic: string; payload: Buffer }[] = [];
  for (let report = 0; report < REPORTS; report += 1) {
    for (let device = 0; device < DEVICES; device += 1) {
      const fields = FIELDS.map((field, index) => [field, valueAt(device, report, index)]);
      const state = { time: START + report * PERIOD_MS + device, updated: FIELDS, ...Object.fromEntries(fields) };
      states.push({ topic: `station/d${device}`, payload: Buffer.from(JSON.stringify(state)) });
    }
  }
  await recorder.flush();
  const began = performance.now();
  for (const [index, { topic, payload }] of states.entries()) {
    bus.publish(topic, payload);
    if (index % 1000 === 0) await room(recorder);
  }
  await recorder.flush();
  const seconds = (performance.now() - began) / 1000;
  await recorder.stop();
  const { written, bytes, dropped = 0 } = recorder.stats();
  if (dropped > 0) throw new Error(`${dropped} messages were dropped`);
  return { rate: written / seconds, bytesPerReading: bytes / written };
}

/** Waits while the recorder is far behind, as a broker's clients would feel it. */
async function room(recorder: Recorder): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (recorder.stats().waiting > 100_000);
}

/** The graph of a year of one series, asked of the recorder's thread, against reading all its raw rows. */
async function reading(folder: string): Promise<BenchRow[]> {
  const file = join(folder, 'year.db');
  fillYear(file);
  const { recorder } = await startRecorder(file);
  const query = { series: 'meter/power', from: START, to: START + YEAR_MS, points: 1000 };
  const times: number[] = [];
  for (let graph = 0; graph < GRAPHS; graph += 1) {
    const began = performance.now();
    await recorder.history(query);
    times.push(performance.now() - began);
  }
  const hourly = performance.now();
  const { points } = await recorder.history({ ...query, points: 10_000 });
  const hourlyMs = performance.now() - hourly;
  await recorder.stop();
  const scan = scanYear(file);
  const median = times.sort((a, b) => a - b)[Math.floor(GRAPHS / 2)] ?? Number.NaN;
  const ratioTo = { name: 'reading the raw rows', value: scan };
  return [
    { name: 'graph of a year, 10 million readings, daily', value: median, unit: 'ms', target: '<= 20', ratioTo },
    { name: `the same by the hour (${points.length} points)`, value: hourlyMs, unit: 'ms', ratioTo },
  ];
}

function fillYear(file: string): void {
  const archive = new Archive(file, settings, log);
  const step = YEAR_MS / YEAR_ROWS;
  for (let from = 0; from < YEAR_ROWS; from += PLAIN_BATCH) {
    const readings = Array.from({ length: PLAIN_BATCH }, (_, index) => ({
      series: 'meter/power',
      topic: 'meter/power',
      time: Math.floor(START + (from + index) * step),
      timed: true,
      retained: false,
      value: valueAt(1, from + index, 1),
    }));
    archive.take({ readings, events: [] });
    archive.commit();
  }
  archive.close();
}

function scanYear(file: string): number {
  const database = new Sqlite(file, { readonly: true });
  const began = performance.now();
  let count = 0;
  for (const _row of database.prepare('SELECT time, value FROM raw ORDER BY series, time').raw().iterate()) count += 1;
  const ms = performance.now() - began;
  database.close();
  if (count !== YEAR_ROWS) throw new Error(`${count} of ${YEAR_ROWS} readings are there`);
  return ms;
}

async function startRecorder(file: string) {
  const { bus, recorder } = busRecorder(file, log, settings);
  await recorder.start();
  return { bus, recorder };
}
