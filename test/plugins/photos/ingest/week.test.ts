import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderNames, isoWeek, patternProblem } from '../../../../plugins/photos/ingest/week.ts';

// Measured with GNU `date +%G-W%V`.
const WEEKS: Readonly<Record<string, string>> = {
  '2015-12-27': '2015-W52',
  '2015-12-28': '2015-W53',
  '2016-01-03': '2015-W53',
  '2016-01-04': '2016-W01',
  '2016-02-29': '2016-W09',
  '2018-12-31': '2019-W01',
  '2020-12-31': '2020-W53',
  '2021-01-03': '2020-W53',
  '2021-01-04': '2021-W01',
  '2022-01-02': '2021-W52',
  '2023-01-01': '2022-W52',
  '2024-12-30': '2025-W01',
  '2026-12-31': '2026-W53',
  '2027-01-03': '2026-W53',
  '1980-01-01': '1980-W01',
};
const DAY_MS = 86_400_000;
const days = fc.integer({ min: Date.UTC(1990, 0, 1) / DAY_MS, max: Date.UTC(2100, 0, 1) / DAY_MS });
const dateOf = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);
const weekOf = (date: string) => isoWeek(...(date.split('-').map(Number) as [number, number, number]));

describe('ISO weeks', () => {
  it.each(Object.entries(WEEKS))('puts %s into %s', (date, week) => {
    expect(folderNames('iso')(`${date}T23:59:59`)).toBe(week);
    expect(folderNames('iso')(`${date}T00:00:00`)).toBe(week);
  });

  it('are the same in every zone of the process', () => {
    const name = folderNames('iso');
    const zone = process.env['TZ'];
    const inZone = (timezone: string) => {
      process.env['TZ'] = timezone;
      return Object.keys(WEEKS).map((date) => name(`${date}T02:30:00`));
    };
    try {
      expect(inZone('Pacific/Kiritimati')).toEqual(Object.values(WEEKS));
      expect(inZone('Pacific/Pago_Pago')).toEqual(Object.values(WEEKS));
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  it('run from Monday to Sunday without a gap, and week 1 holds 4 January', () => {
    fc.assert(
      fc.property(days, (day) => {
        const [today, tomorrow] = [weekOf(dateOf(day)), weekOf(dateOf(day + 1))];
        const isSunday = new Date(day * DAY_MS).getUTCDay() === 0;
        expect(today.week === tomorrow.week && today.year === tomorrow.year).toBe(!isSunday);
        expect(today.week).toBeGreaterThanOrEqual(1);
        expect(today.week).toBeLessThanOrEqual(53);
        expect(weekOf(`${today.year}-01-04`)).toEqual({ year: today.year, week: 1 });
      }),
    );
  });
});

describe('weeks from Sunday', () => {
  it('are named by their first day', () => {
    const name = folderNames('sunday');
    expect(name('2016-01-30T12:00:00')).toBe('2016-01-24');
    expect(name('2016-01-31T00:00:00')).toBe('2016-01-31');
    expect(name('2016-02-06T23:59:59')).toBe('2016-01-31');
  });

  it('begin on the Sunday at or before the day', () => {
    const name = folderNames('sunday');
    fc.assert(
      fc.property(days, (day) => {
        const first = Date.parse(`${name(`${dateOf(day)}T12:00:00`)}T00:00:00Z`) / DAY_MS;
        expect(new Date(first * DAY_MS).getUTCDay()).toBe(0);
        expect(day - first).toBeGreaterThanOrEqual(0);
        expect(day - first).toBeLessThan(7);
      }),
    );
  });
});

describe('patterns', () => {
  it('may name the first day of an ISO week, and folders in folders', () => {
    expect(folderNames('iso', '<YYYY>/<YYYY>-W<ww>')('2016-01-03T00:00:00')).toBe('2015/2015-W53');
    expect(folderNames('iso', 'from <YYYY>-<MM>-<DD>')('2016-01-03T00:00:00')).toBe('from 2015-12-28');
  });

  it.each([
    ['iso', '<YYYY>', 'expected <YYYY> with <ww>'],
    ['iso', '<YYYY>-<ww>-<DD>', 'expected <YYYY> with <ww>'],
    ['iso', '<YYYY>-<week>', '<week> is none of'],
    ['iso', '<YYYY>/../<ww>', 'hidden'],
    ['sunday', '<YYYY>-W<ww>', 'named by their first day'],
  ] as const)('of %s weeks refuse %s', (week, folder, problem) => {
    expect(patternProblem({ week, folder })).toContain(problem);
  });
});
