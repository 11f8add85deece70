import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { importWeewx } from '../../../plugins/weather/import-weewx.ts';
import { convertWeewxRow } from '../../../plugins/weather/weewx.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { MINUTE, makeObserver, NOON } from './setup.ts';

/** Columns of weewx's own schema, as far as a station like this one fills them. */
const COLUMNS = [
  'dateTime INTEGER NOT NULL UNIQUE PRIMARY KEY',
  'usUnits INTEGER NOT NULL',
  'interval INTEGER NOT NULL',
  ...['altimeter', 'barometer', 'dewpoint', 'inHumidity', 'inTemp', 'outHumidity', 'outTemp', 'pressure', 'radiation'],
  ...['rain', 'rainRate', 'windDir', 'windGust', 'windGustDir', 'windSpeed', 'windchill'],
].map((column) => (column.includes(' ') ? column : `${column} REAL`));

const US = {
  usUnits: 1,
  interval: 5,
  outTemp: 68,
  outHumidity: 50,
  windSpeed: 10,
  windDir: 225,
  windGust: 20,
  pressure: 29.5,
  altimeter: 29.92,
  barometer: 29.9,
  rain: 0.1,
  rainRate: 1.2,
  inTemp: 70,
  radiation: 345,
  windchill: 68,
};

async function weewxFile(rows: readonly Record<string, number>[]): Promise<string> {
  const file = join(await temporaryFolder(), 'weewx.sdb');
  const database = new Database(file);
  database.exec(`CREATE TABLE archive (${COLUMNS.join(', ')})`);
  database.transaction(() => {
    for (const row of rows) {
      const names = Object.keys(row);
      database.prepare(`INSERT INTO archive (${names}) VALUES (${names.map((name) => `:${name}`)})`).run(row);
    }
  })();
  database.close();
  return file;
}

const from = Date.parse('2020-02-28T00:00:00Z') / 1000;
const at = (index: number) => ({ ...US, dateTime: from + index * 300 });
const many = (count: number) => Array.from({ length: count }, (_, index) => at(index));
const quiet = { seaLevel: 'altimeter', signal: new AbortController().signal, progress: () => undefined } as const;

describe('a weewx record', () => {
  it('in US units becomes metric', () => {
    expect(convertWeewxRow({ ...US, dateTime: 1_600_000_000 }, 'altimeter')).toMatchObject({
      time: 1_600_000_000_000,
      interval: 5,
      source: 'weewx',
      temperature: expect.closeTo(20, 9),
      humidity: 50,
      dew_point: expect.closeTo(9.254, 3),
      wind_speed: expect.closeTo(4.4704, 9),
      wind_direction: 225,
      wind_gust: expect.closeTo(8.9408, 9),
      pressure_station: expect.closeTo(998.985, 3),
      pressure_sea_level: expect.closeTo(1013.207, 3),
      rain: expect.closeTo(2.54, 9),
      rain_rate: expect.closeTo(30.48, 9),
      indoor_temperature: expect.closeTo(21.111, 3),
      indoor_humidity: null,
    });
  });

  it('in METRIC has rain in cm and wind in km/h, in METRICWX mm and m/s', () => {
    const row = { dateTime: 1, interval: 5, outTemp: 20, rain: 0.254, windSpeed: 36, pressure: 1000 };
    expect(convertWeewxRow({ ...row, usUnits: 16 }, 'qff')).toMatchObject({
      temperature: 20,
      rain: 2.54,
      wind_speed: 10,
    });
    expect(convertWeewxRow({ ...row, usUnits: 17 }, 'qff')).toMatchObject({ rain: 0.254, wind_speed: 36 });
  });

  it('takes the reduction to sea level that is configured', () => {
    const row = { dateTime: 1, interval: 5, usUnits: 17, altimeter: 1013, barometer: 1012 };
    expect(convertWeewxRow(row, 'altimeter')).toMatchObject({ pressure_sea_level: 1013 });
    expect(convertWeewxRow(row, 'qff')).toMatchObject({ pressure_sea_level: 1012 });
    expect(convertWeewxRow({ ...row, barometer: null }, 'qff')).toMatchObject({ pressure_sea_level: 1013 });
  });

  it('keeps what there is no column for', () => {
    const row = convertWeewxRow({ ...US, dateTime: 1 }, 'altimeter');
    expect(JSON.parse((row as { extra: string }).extra)).toEqual({
      usUnits: 1,
      altimeter: 29.92,
      barometer: 29.9,
      radiation: 345,
    });
  });

  it('that cannot be read says why', () => {
    expect(convertWeewxRow({ ...US, dateTime: 1, usUnits: 5 }, 'qff')).toBe('unknown usUnits');
    expect(convertWeewxRow({ ...US, dateTime: 1, interval: null }, 'qff')).toBe('no interval');
    expect(convertWeewxRow({ ...US }, 'qff')).toBe('no time');
  });
});

describe('the import', () => {
  it('brings every record in batches, with progress, and a second one changes nothing', async () => {
    const { archive, days, store } = makeObserver();
    const file = await weewxFile([...many(4500), { ...at(5000), usUnits: 9 }]);
    const done: number[] = [];
    const options = { ...quiet, archive, days, progress: (count: number) => void done.push(count) };
    expect(await importWeewx(file, options)).toEqual({
      rows: 4501,
      imported: 4500,
      known: 0,
      unreadable: { 'unknown usUnits': 1 },
      first: from * 1000,
      last: at(5000).dateTime * 1000,
    });
    expect(done).toEqual([2000, 4000, 4501]);
    const before = store.prepare('SELECT * FROM day_stat').all();
    expect(await importWeewx(file, options)).toMatchObject({ imported: 0, known: 4500 });
    expect(store.prepare('SELECT * FROM day_stat').all()).toEqual(before);
    // 29 February 2020 is a whole day of 288 records.
    expect(days.between('2020-02-29', '2020-02-29').find(({ field }) => field === 'rain')?.total).toBeCloseTo(
      288 * 2.54,
      6,
    );
  });

  it('leaves alone the minutes that the station itself recorded', async () => {
    const { archive, days, outdoor, observer } = makeObserver();
    await outdoor(NOON - 30_000, { temperature: 1 });
    observer.flush();
    const file = await weewxFile([
      { ...US, dateTime: NOON / 1000 - 300 },
      { ...US, dateTime: NOON / 1000 },
      { ...US, dateTime: NOON / 1000 + 300 },
    ]);
    expect(await importWeewx(file, { ...quiet, archive, days })).toMatchObject({ imported: 2, known: 1 });
    expect(archive.rows(NOON - 6 * MINUTE, NOON + 6 * MINUTE).map(({ source }) => source)).toEqual([
      'weewx',
      'station',
      'weewx',
    ]);
  });

  it('refuses a file that is no weewx archive', async () => {
    const { archive, days } = makeObserver();
    const folder = await temporaryFolder();
    const other = join(folder, 'other.db');
    new Database(other).exec('CREATE TABLE archive (a)').close();
    await expect(importWeewx(other, { ...quiet, archive, days })).rejects.toThrow('not a weewx archive');
    await expect(importWeewx(join(folder, 'absent.sdb'), { ...quiet, archive, days })).rejects.toThrow();
  });
});
