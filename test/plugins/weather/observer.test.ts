import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, makeObserver, NOON, openDatabase, SECOND } from './setup.ts';

describe('a restart', () => {
  it('goes on with rain, gust and trend where it stopped', async () => {
    const store = openDatabase();
    const before = makeObserver(store);
    await before.indoor(NOON - 3 * HOUR, { pressure_station: 1000 });
    await before.outdoor(NOON - 2 * HOUR, { rain_total: 10 });
    await before.outdoor(NOON - HOUR, { rain_total: 12 });
    await before.outdoor(NOON, { wind_speed: 14, wind_direction: 270, rain_total: 13 });

    const after = makeObserver(store);
    await after.outdoor(NOON + MINUTE, { wind_speed: 3, wind_direction: 250, rain_total: 13.5 });
    expect(after.last()).toMatchObject({
      rain_today: 3.5,
      rain_24h: 3.5,
      wind_gust_10m: 14,
      wind_gust_direction_10m: 270,
    });
    await after.indoor(NOON + MINUTE, { pressure_station: 998 });
    expect(after.last()).toMatchObject({ pressure_trend_3h: -2 });
  });

  it('counts the rain that fell meanwhile, also after days', async () => {
    const store = openDatabase();
    await makeObserver(store).outdoor(NOON, { rain_total: 10 });
    const after = makeObserver(store);
    await after.outdoor(NOON + 72 * HOUR, { rain_total: 25 });
    expect(after.last()).toMatchObject({ rain_today: 15, rain_24h: 0, rain_1h: 0, rain_rate: 0 });
  });

  it('writes the minute that the stop left open', async () => {
    const store = openDatabase();
    await makeObserver(store).outdoor(NOON + 10 * SECOND, { temperature: 5 });
    const after = makeObserver(store);
    await after.outdoor(NOON + 5 * MINUTE, { temperature: 6 });
    expect(after.archive.rows(0, Number.MAX_SAFE_INTEGER)).toMatchObject([{ time: NOON + MINUTE, temperature: 5 }]);
  });

  it('answers a message that is repeated as before', async () => {
    const store = openDatabase();
    await makeObserver(store).outdoor(NOON, { rain_total: 10 });
    const after = makeObserver(store);
    await after.outdoor(NOON, { rain_total: 10 }, { retained: true });
    expect(after.last()).toMatchObject({ rain_today: 0 });
  });
});

describe('the source', () => {
  it('that turns from simulated to real starts the windows anew and says so', async () => {
    const station = makeObserver();
    await station.outdoor(NOON, { rain_total: 500 }, { simulated: true });
    await station.outdoor(NOON + MINUTE, { rain_total: 520 }, { simulated: true });
    expect(station.last()).toMatchObject({ rain_today: 20 });
    await station.outdoor(NOON + 2 * MINUTE, { rain_total: 3 });
    expect(station.last()).toMatchObject({ rain_today: 0, rain_24h: 0 });
    expect(station.descriptions.map(({ simulated }) => simulated)).toEqual([true, undefined]);
  });

  it('is known to be simulated after a restart', async () => {
    const store = openDatabase();
    await makeObserver(store).outdoor(NOON, { temperature: 5 }, { simulated: true });
    expect(makeObserver(store).simulatedAtStart).toEqual([true]);
  });

  it('whose clock was put back by days is followed; an old retained message is not', async () => {
    const station = makeObserver();
    await station.outdoor(NOON, { temperature: 5 });
    await station.outdoor(NOON - 72 * HOUR, { temperature: 6 }, { retained: true });
    expect(station.reports).toHaveLength(1);
    await station.outdoor(NOON - 72 * HOUR, { temperature: 7 });
    expect(station.last()).toMatchObject({ temperature: 7 });
    expect(station.lines.join()).toContain('clock went back');
    expect(station.cleared).toEqual([1]);
  });

  it('reports at the time of the reading', async () => {
    const station = makeObserver();
    await station.outdoor(NOON, { temperature: 5 });
    await station.indoor(NOON - 20 * SECOND, { indoor_temperature: 20 });
    expect(station.reports.map(({ time }) => time)).toEqual([NOON, NOON - 20 * SECOND]);
  });
});

describe('the archive', () => {
  it('has one row a minute, stamped with its end', async () => {
    const station = makeObserver(openDatabase(), { elevation: 100 });
    await station.outdoor(NOON, { rain_total: 0 });
    await station.outdoor(NOON + 1, { temperature: 4, humidity: 90 });
    await station.outdoor(NOON + 18 * SECOND, { wind_speed: 2, wind_direction: 10, rain_total: 0.254 });
    await station.outdoor(NOON + 36 * SECOND, { wind_speed: 6, temperature: 5 });
    await station.indoor(NOON + 40 * SECOND, { pressure_station: 1000, indoor_temperature: 21 });
    await station.outdoor(NOON + 60 * SECOND, { temperature: 6 });
    await station.outdoor(NOON + 61 * SECOND, { temperature: 30 });
    expect(station.archive.rows(NOON, NOON + MINUTE)).toMatchObject([
      {
        time: NOON + MINUTE,
        interval: 1,
        source: 'station',
        simulated: 0,
        temperature: 5,
        humidity: 90,
        wind_speed: 4,
        wind_direction: expect.closeTo(10, 9),
        wind_gust: 6,
        wind_gust_direction: 10,
        pressure_station: 1000,
        pressure_sea_level: expect.closeTo(1012.03, 2),
        rain: expect.closeTo(0.254, 9),
        indoor_temperature: 21,
        flagged: null,
      },
    ]);
  });

  it('keeps doubtful readings on disk and names their fields', async () => {
    const station = makeObserver(openDatabase(), { limits: { temperature: { max: 70 } } });
    await station.outdoor(NOON + 1, { temperature: 99, humidity: 40 });
    station.observer.flush();
    expect(station.archive.rows(NOON, NOON + MINUTE)).toMatchObject([
      { temperature: null, humidity: 40, flagged: 'temperature' },
    ]);
    expect(station.store.prepare('SELECT field, value, flag FROM sample WHERE flag IS NOT NULL').all()).toEqual([
      { field: 'temperature', value: 99, flag: 'range' },
    ]);
  });

  it('puts a late reading into its minute and counts no rain twice', async () => {
    const station = makeObserver();
    const totals: [number, number][] = [
      [1, 10],
      [3, 13],
      [4, 13],
      [2, 11],
    ];
    for (const [minute, rain_total] of totals) await station.outdoor(NOON + minute * MINUTE, { rain_total });
    station.observer.flush();
    const rain = station.archive.rows(NOON, NOON + HOUR).map((row) => [(row.time - NOON) / MINUTE, row.rain]);
    expect(rain).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 0],
    ]);
  });

  it('forgets samples older than any window, but not the rain baseline', async () => {
    const station = makeObserver();
    for (const hours of [0, 1, 30, 60])
      await station.outdoor(NOON + hours * HOUR, { rain_total: hours, temperature: 1 });
    expect(station.store.prepare("SELECT value FROM sample WHERE field = 'rain_total'").pluck().all()).toEqual([
      30, 60,
    ]);
  });
});

describe('the log', () => {
  it('names a doubtful sensor once, and once when it recovers', async () => {
    const station = makeObserver(openDatabase(), { limits: { humidity: { max: 100 } } });
    for (const [index, humidity] of [50, 255, 255, 51].entries()) {
      await station.outdoor(NOON + index * MINUTE, { humidity });
    }
    expect(station.lines).toEqual([
      'humidity 255 is doubtful (range): kept in the archive, not used',
      'humidity is believable again: 51',
    ]);
  });
});
