import Database from 'better-sqlite3';
import type { Device, DeviceDescription, Logger, Reading as Value } from 'cupboard/sdk';
import { onTestFinished } from 'vitest';
import { Archive } from '../../../plugins/weather/archive.ts';
import { createCalendar } from '../../../plugins/weather/calendar.ts';
import { type Calibration, createCalibrator } from '../../../plugins/weather/calibration.ts';
import { Days } from '../../../plugins/weather/days.ts';
import type { Input } from '../../../plugins/weather/fields.ts';
import { MIGRATIONS } from '../../../plugins/weather/migrations.ts';
import { Observer } from '../../../plugins/weather/observer.ts';
import type { SeaLevelMethod } from '../../../plugins/weather/pressure.ts';
import type { QualityLimits } from '../../../plugins/weather/quality.ts';
import { SampleStore } from '../../../plugins/weather/samples.ts';
import { Station } from '../../../plugins/weather/station.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
/** An ordinary Sunday in Berlin, 12:00 local time. */
export const NOON = Date.parse('2026-11-22T11:00:00Z');

export interface StationSettings {
  readonly timezone?: string;
  readonly elevation?: number;
  readonly seaLevel?: SeaLevelMethod;
  readonly calibration?: readonly Calibration[];
  readonly limits?: QualityLimits;
}

export function makeStation(settings: StationSettings = {}): Station {
  const calendar = createCalendar(settings.timezone ?? 'Europe/Berlin');
  return new Station({
    maxAge: 180 * SECOND,
    seaLevel: settings.seaLevel ?? 'altimeter',
    elevation: settings.elevation,
    calendar,
    calibrator: createCalibrator(settings.calibration ?? [], (date) => calendar.day(date).start),
    limits: settings.limits ?? {},
  });
}

export function openDatabase() {
  const store = new Database(':memory:');
  for (const migration of MIGRATIONS) store.exec(migration);
  onTestFinished(() => void store.close());
  return store;
}

/** The plugin's inside on a database that outlives it, so that a test can start it again. */
export function makeObserver(store = openDatabase(), settings: StationSettings = {}) {
  const calendar = createCalendar(settings.timezone ?? 'Europe/Berlin');
  const archive = new Archive(store, calendar);
  const reports: { time: number | undefined; values: Readonly<Record<string, Value>> }[] = [];
  const descriptions: DeviceDescription[] = [];
  const lines: string[] = [];
  /** How many reports had been made when the device was cleared. */
  const cleared: number[] = [];
  const device: Device = {
    report: async (values, time) => void reports.push({ time, values }),
    describe: async (description) => void descriptions.push(description),
    clear: async () => void cleared.push(reports.length),
  };
  const write = (line: string) => void lines.push(line);
  const log: Logger = { debug: write, info: write, warn: write, error: write };
  const simulatedAtStart: boolean[] = [];
  const station = makeStation(settings);
  const observer = new Observer({
    station,
    samples: new SampleStore(store),
    archive,
    openDevice: (simulated) => {
      simulatedAtStart.push(simulated);
      return device;
    },
    log,
    sources: { outdoor: 'acurite/outdoor', indoor: 'acurite/console' },
  });
  const outdoor = (
    time: number,
    values: Partial<Record<Input, number | null>>,
    { simulated = false, retained = false } = {},
  ) => observer.take('outdoor', { time, values, simulated }, retained);
  const indoor = (time: number, values: Partial<Record<Input, number | null>>) =>
    observer.take('indoor', { time, values, simulated: false }, false);
  const days = new Days(store, archive, calendar);
  const last = () => reports.at(-1)?.values ?? {};
  return {
    store,
    calendar,
    archive,
    days,
    station,
    observer,
    outdoor,
    indoor,
    reports,
    descriptions,
    lines,
    cleared,
    last,
    simulatedAtStart,
  };
}
