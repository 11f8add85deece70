import { execFile } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { NOON, openArchive, reading } from '../core/recorder/support.ts';
import { temporaryFolder } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

const run = promisify(execFile);

/** What the `sqlite3` program of the distribution prints, a line a row. */
async function sqlite3(file: string, sql: string): Promise<string[]> {
  const { stdout } = await run('sqlite3', ['-readonly', file, sql]);
  return stdout.trimEnd().split('\n');
}

testNeeding('sqlite3')('the sqlite3 program reads the views while the recorder writes', async () => {
  const { file, record } = await openArchive();
  const direction = { unit: '°', device_class: 'wind_direction' };
  const total = { unit: 'mm', state_class: 'total_increasing' } as const;
  record(
    reading('station/outdoor/temperature', NOON, 21.4, { sensor: { unit: '°C' } }),
    reading('station/outdoor/temperature', NOON + 60_250, 22, { sensor: { unit: '°C' } }),
    reading('station/outdoor/wind_direction', NOON, 350, { sensor: direction }),
    reading('station/outdoor/wind_direction', NOON + 1, 10, { sensor: direction }),
    reading('station/outdoor/rain_total', NOON, 3, { sensor: total }),
    reading('station/outdoor/rain_total', NOON + 1, 3.25, { sensor: total }),
    reading('garden/pump/mode', NOON, 'eco'),
  );
  expect(await sqlite3(file, 'SELECT series, time, value, unit FROM readings ORDER BY series, time')).toEqual([
    'garden/pump/mode|2026-06-01T10:00:00.000Z|eco|',
    'station/outdoor/rain_total|2026-06-01T10:00:00.000Z|3.0|mm',
    'station/outdoor/rain_total|2026-06-01T10:00:00.001Z|3.25|mm',
    'station/outdoor/temperature|2026-06-01T10:00:00.000Z|21.4|°C',
    'station/outdoor/temperature|2026-06-01T10:01:00.250Z|22.0|°C',
    'station/outdoor/wind_direction|2026-06-01T10:00:00.000Z|350.0|°',
    'station/outdoor/wind_direction|2026-06-01T10:00:00.001Z|10.0|°',
  ]);
  const columns = 'series, time, count, min, round(mean, 3), max, change, unit';
  expect(await sqlite3(file, `SELECT ${columns} FROM hourly ORDER BY series`)).toEqual([
    'station/outdoor/rain_total|2026-06-01T10:00:00.000Z|2|3.0|3.125|3.25|0.25|mm',
    'station/outdoor/temperature|2026-06-01T10:00:00.000Z|2|21.4|21.7|22.0||°C',
    expect.stringMatching(/^station\/outdoor\/wind_direction\|2026-06-01T10:00:00.000Z\|2\|\|(0|360)\.0\|\|\|°$/),
  ]);
  expect(await sqlite3(file, "SELECT date, time, count, mean FROM daily WHERE series LIKE '%temperature'")).toEqual([
    '2026-06-01|2026-05-31T22:00:00.000Z|2|21.7',
  ]);
});

testNeeding('root', 'mount')(
  'a full disk stops nothing: readings wait, and are written when there is room',
  async () => {
    const folder = await temporaryFolder();
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
    onTestFinished(async () => void (await run('umount', ['--lazy', folder])));
    const { archive, file, lines, record, rows } = await openArchive({ file: join(folder, 'recorder.db') });
    record(reading('t', NOON, 0));
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(statfsSync(folder).bavail * 4096));
    const batch = Array.from({ length: 20_000 }, (_, index) => reading('t', NOON + 1 + index, index / 7));
    archive.take({ readings: batch, events: [] });
    expect(() => archive.commit()).toThrow(expect.objectContaining({ code: 'recorder_blocked' }));
    expect(archive.stats()).toMatchObject({ problem: 'disk full', waiting: 20_000 });
    expect(archive.history({ series: 't', from: NOON, to: NOON }).points).toHaveLength(4);
    rmSync(ballast);
    archive.commit();
    expect(archive.stats()).toMatchObject({ waiting: 0 });
    expect(rows('SELECT count(*) AS count FROM raw')).toEqual([{ count: 20_001 }]);
    expect(lines()).toEqual([
      `error recorder: cannot write ${file}: disk full; 20000 readings and events wait`,
      'info recorder: writes again, 20000 that waited are kept, 0 were lost',
    ]);
  },
);
