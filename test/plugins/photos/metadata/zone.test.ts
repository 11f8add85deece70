import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatWallClock,
  isZone,
  utcToWallClock,
  wallClockMs,
  wallClockToUtc,
} from '../../../../plugins/photos/metadata/zone.ts';

const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

describe('wall clocks and zones', () => {
  test('reads a wall clock without any zone and refuses what no calendar has', () => {
    expect(iso(wallClockMs('2016-02-29T12:30:15'))).toBe('2016-02-29T12:30:15.000Z');
    for (const wrong of ['2015-02-29T12:00:00', '2016-02-03', '2016-02-03T25:00:00', '', '0000-00-00T00:00:00']) {
      expect(wallClockMs(wrong)).toBeUndefined();
    }
  });

  test.each([
    ['2016-02-03T12:00:00', 'Europe/Berlin', '2016-02-03T11:00:00.000Z'],
    ['2016-07-03T12:00:00', 'Europe/Berlin', '2016-07-03T10:00:00.000Z'],
    ['2016-07-03T12:00:00', 'Z', '2016-07-03T12:00:00.000Z'],
    ['2016-07-03T12:00:00', '-09:30', '2016-07-03T21:30:00.000Z'],
    // 2:30 does not exist on 27 March: the offset before the change.
    ['2016-03-27T02:30:00', 'Europe/Berlin', '2016-03-27T01:30:00.000Z'],
    // 2:30 occurs twice on 30 October: the first.
    ['2016-10-30T02:30:00', 'Europe/Berlin', '2016-10-30T00:30:00.000Z'],
    ['2016-10-30T03:00:00', 'Europe/Berlin', '2016-10-30T02:00:00.000Z'],
    ['2016-10-02T02:30:00', 'Australia/Lord_Howe', '2016-10-01T15:30:00.000Z'],
  ])('%s in %s is %s', (wall, zone, utc) => {
    expect(iso(wallClockToUtc(wall, zone))).toBe(utc);
  });

  test('agrees with GNU date', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 631_152_000, max: 1_900_000_000 }),
        fc.constantFrom('Europe/Berlin', 'America/Los_Angeles', 'Asia/Kolkata', 'Australia/Sydney'),
        (seconds, zone) => {
          const shown = execFileSync('date', ['-d', `@${seconds}`, '+%Y-%m-%dT%H:%M:%S'], { env: { TZ: zone } });
          expect(utcToWallClock(seconds * 1000, zone)).toBe(`${shown}`.trim());
        },
      ),
      { numRuns: 60 },
    );
  });

  test('what a clock shows leads back to the same instant, but for the hour that occurs twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 631_152_000, max: 1_900_000_000 }), (seconds) => {
        const wall = utcToWallClock(seconds * 1000, 'America/New_York');
        const back = wallClockToUtc(wall, 'America/New_York') as number;
        expect([seconds * 1000, seconds * 1000 - 3_600_000]).toContain(back);
      }),
    );
  });

  test('knows a zone from a typing error', () => {
    expect(['Europe/Berlin', 'UTC', 'Z', '+05:45'].map(isZone)).toEqual([true, true, true, true]);
    expect(['Europe/Berln', '', '5'].map(isZone)).toEqual([false, false, false]);
  });

  test('formats what it reads', () => {
    expect(formatWallClock(wallClockMs('1999-12-31T23:59:59') as number)).toBe('1999-12-31T23:59:59');
  });
});
