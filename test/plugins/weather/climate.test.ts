import { describe, expect, it } from 'vitest';
import type { ArchiveRow } from '../../../plugins/weather/archive.ts';
import { monthReport, type StationInfo, yearReport } from '../../../plugins/weather/climate.ts';
import { monthText, thresholdsOf, yearText } from '../../../plugins/weather/climate-text.ts';
import { readHistory } from '../../../plugins/weather/history.ts';
import { findRecords, periodDates } from '../../../plugins/weather/records.ts';
import { HOUR, makeObserver, NOON } from './setup.ts';

const EMPTY: Omit<ArchiveRow, 'time'> = {
  interval: 60,
  source: 'weewx',
  simulated: 0,
  temperature: null,
  humidity: null,
  dew_point: null,
  wind_speed: null,
  wind_direction: null,
  wind_gust: null,
  wind_gust_direction: null,
  pressure_station: null,
  pressure_sea_level: null,
  rain: null,
  rain_rate: null,
  indoor_temperature: null,
  indoor_humidity: null,
  flagged: null,
  extra: null,
};

/** Hours of a day from its local midnight in Berlin. */
function hours(midnight: string, rows: readonly (Partial<ArchiveRow> & { hour: number })[]): ArchiveRow[] {
  const start = Date.parse(midnight);
  return rows.map(({ hour, ...row }) => ({ ...EMPTY, ...row, time: start + hour * HOUR }));
}

/** Two days of November and one of October: cold and windy, warm and wet, and an autumn day. */
function archived() {
  const made = makeObserver();
  made.archive.merge([
    ...hours('2026-10-14T22:00:00Z', [{ hour: 12, temperature: 12.3, humidity: 70, rain: 0.1 }]),
    ...hours('2026-11-19T23:00:00Z', [
      { hour: 6, temperature: -4, humidity: 80, wind_speed: 5, wind_direction: 90, wind_gust: 9, rain: 0 },
      { hour: 12, temperature: 0, humidity: 60, wind_speed: 5, wind_direction: 90, wind_gust: 20, rain: 0 },
    ]),
    ...hours('2026-11-20T23:00:00Z', [
      {
        hour: 6,
        temperature: 18,
        humidity: 90,
        wind_speed: 5,
        wind_direction: 0,
        wind_gust: 7,
        rain: 5,
        rain_rate: 10,
      },
      {
        hour: 24,
        temperature: 28.6,
        humidity: 50,
        wind_speed: 1,
        wind_direction: 0,
        wind_gust: 2,
        rain: 20,
        rain_rate: 4,
      },
    ]),
  ]);
  return made;
}

const base = { heating: 18.3, cooling: 18.3 };
const info = (calendar: StationInfo['calendar']): StationInfo => ({
  name: 'Hilltop',
  latitude: 52.5,
  longitude: -13.25,
  elevation: 40,
  base,
  calendar,
});

describe('the monthly report', () => {
  function november() {
    const { days, calendar } = archived();
    const report = monthReport('2026-11', days.between('2026-11', '2026-11~'), base, thresholdsOf('metric'));
    return { report: report!, station: info(calendar) };
  }

  it('sums degree days from the mean of each day', () => {
    const { report } = november();
    expect(report.days).toMatchObject([
      {
        label: '20',
        mean: -2,
        high: 0,
        low: -4,
        heating_degree_days: 20.3,
        cooling_degree_days: 0,
        rain: 0,
        wind_direction: 90,
      },
      {
        label: '21',
        mean: 23.3,
        high: 28.6,
        low: 18,
        heating_degree_days: 0,
        cooling_degree_days: 5,
        rain: 25,
        gust: 7,
      },
    ]);
    expect(report.summary).toMatchObject({
      mean: 10.65,
      high: 28.6,
      low: -4,
      heating_degree_days: 20.3,
      cooling_degree_days: 5,
      rain: 25,
      gust: 20,
      wettest_day: { value: 25, date: '2026-11-21' },
      days: {
        high_hot: 0,
        high_freezing: 1,
        low_freezing: 1,
        low_bitter: 0,
        rain_trace: 1,
        rain_moderate: 1,
        rain_heavy: 1,
      },
    });
  });

  it('is printed in the NOAA layout', () => {
    const { report, station } = november();
    expect(monthText(report, station, 'metric')).toMatchSnapshot();
  });

  it('is printed in the units of its reader', () => {
    const { report, station } = november();
    const text = monthText(report, station, 'imperial');
    expect(text).toContain('TEMPERATURE (F), RAIN (in), WIND SPEED (mph)');
    expect(text).toContain('ELEV: 131 ft    LAT: 52-30 N    LONG: 13-15 W');
    expect(text).toContain('Heat Base: 64.9');
    // -2 °C is 28.4 °F, and 20.3 K of heating are 36.5 °F days.
    expect(text).toMatch(/^ 20 +28\.4 +32\.0 +12:00 +24\.8 +06:00 +36\.5 +0\.0 +0\.00/m);
  });
});

describe('the yearly report', () => {
  it('lists the months and is printed in the NOAA layout', () => {
    const { days, calendar } = archived();
    const report = yearReport('2026', days.between('2026', '2026~'), base, thresholdsOf('metric'));
    expect(report?.months.map(({ label, rain }) => [label, rain])).toEqual([
      ['10', 0.1],
      ['11', 25],
    ]);
    expect(yearText(report!, info(calendar), 'metric')).toMatchSnapshot();
  });

  it('of a year without observations is none', () => {
    const { days } = archived();
    expect(yearReport('2020', days.between('2020', '2020~'), base, thresholdsOf('metric'))).toBeUndefined();
  });
});

describe('records', () => {
  it('hold the extremes of their period with the time of each', () => {
    const { days, calendar } = archived();
    const { first, last } = periodDates('month', '2026-11-22');
    const records = findRecords(days.between(first, last));
    expect(records).toMatchObject({
      first: '2026-11-20',
      last: '2026-11-21',
      simulated: false,
      temperature_mean: 10.65,
      rain_total: 25,
      wettest_day: { value: 25, date: '2026-11-21' },
      extremes: { temperature: { max: { value: 28.6 }, min: { value: -4 } }, wind_gust: { max: { value: 20 } } },
    });
    // Midnight still belongs to the day that it ends.
    expect(calendar.dateAndClock(records?.extremes.temperature?.max?.time as number)).toBe('2026-11-22 00:00');
    expect(records?.extremes.wind_gust).not.toHaveProperty('min');
  });

  it('of an empty period are none', () => {
    expect(findRecords(archived().days.between('2019', '2019~'))).toBeUndefined();
  });

  it('take no simulated reading where there are real ones', async () => {
    const made = makeObserver();
    await made.outdoor(NOON, { temperature: 45 }, { simulated: true });
    made.observer.flush();
    expect(findRecords(made.days.between('', '~'))).toMatchObject({ simulated: true });
    await made.outdoor(NOON + 24 * HOUR, { temperature: 5 });
    made.observer.flush();
    expect(findRecords(made.days.between('', '~'))).toMatchObject({
      simulated: false,
      extremes: { temperature: { max: { value: 5 } } },
    });
  });

  it('are made anew when the time zone changes', () => {
    const { store, days } = archived();
    expect(days.between('2026-11-21', '2026-11-21').length).toBeGreaterThan(0);
    const elsewhere = makeObserver(store, { timezone: 'Asia/Tokyo' });
    expect(elsewhere.days.between('2026-11-21', '2026-11-21').find(({ field }) => field === 'rain')?.total).toBe(5);
  });
});

describe('the archive as a graph', () => {
  it('is thinned with its extremes kept, and rain is summed', () => {
    const { store, days, calendar } = archived();
    const from = Date.parse('2026-11-20T23:00:00Z');
    const query = { from, to: from + 24 * HOUR, points: 2 };
    const read = (field: 'temperature' | 'rain', points = 2) =>
      readHistory(store, days, calendar, { ...query, points, field }).points.map(([, ...values]) => values);
    expect(read('temperature')).toEqual([
      [18, 18, 18],
      [28.6, 28.6, 28.6],
    ]);
    expect(read('rain', 1)).toEqual([[25, 25, 25]]);
  });

  it('of years is made of days', () => {
    const { store, days, calendar } = archived();
    const query = {
      from: Date.parse('2026-01-01'),
      to: Date.parse('2026-12-31'),
      points: 500,
      field: 'temperature' as const,
    };
    const { resolution, points } = readHistory(store, days, calendar, query);
    expect(resolution).toBe('1d');
    expect(points.map(([, min, mean, max]) => [min, mean, max])).toEqual([
      [12.3, 12.3, 12.3],
      [-4, -2, 0],
      [18, 23.3, 28.6],
    ]);
  });
});
