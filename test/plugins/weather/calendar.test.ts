import { describe, expect, it } from 'vitest';
import { createCalendar } from '../../../plugins/weather/calendar.ts';

const HOUR = 3_600_000;
const hours = (timezone: string, date: string) => {
  const { start, end } = createCalendar(timezone).day(date);
  return (end - start) / HOUR;
};

describe('local days', () => {
  it.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['UTC', '2026-03-29', 24],
    // Clocks change at midnight itself: it is skipped, or comes twice.
    ['America/Sao_Paulo', '2018-11-04', 23],
    ['America/Sao_Paulo', '2018-02-17', 25],
    ['America/Havana', '2026-11-01', 25],
  ])('in %s %s has %d hours', (timezone, date, expected) => {
    expect(hours(timezone, date)).toBe(expected);
  });

  it('begin after local midnight and end with the next', () => {
    const calendar = createCalendar('Europe/Berlin');
    const midnight = Date.parse('2026-07-01T22:00:00Z');
    expect(calendar.dayEndingAt(midnight).date).toBe('2026-07-01');
    expect(calendar.dayEndingAt(midnight + 1)).toEqual({
      date: '2026-07-02',
      start: midnight,
      end: midnight + 24 * HOUR,
    });
  });

  it('follow each other without gap or overlap for years', () => {
    const calendar = createCalendar('Europe/Berlin');
    let day = calendar.day('2024-01-01');
    for (let count = 0; count < 3 * 366; count += 1) {
      const next = calendar.dayEndingAt(day.end + 1);
      expect(next.start).toBe(day.end);
      day = next;
    }
  });

  it('shows times as the people at the station read them', () => {
    const calendar = createCalendar('Europe/Berlin');
    expect(calendar.dateAndClock(Date.parse('2026-07-01T22:05:00Z'))).toBe('2026-07-02 00:05');
    expect(calendar.clock(Date.parse('2026-12-01T22:05:00Z'))).toBe('23:05');
  });
});
