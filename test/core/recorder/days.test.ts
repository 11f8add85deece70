import { describe, expect, test } from 'vitest';
import { createDays } from '../../../core/recorder/days.ts';

const HOUR = 3_600_000;
const at = (iso: string) => Date.parse(iso);

describe('a day in the configured time zone', () => {
  test.each([
    // zone, a moment, start of its day, its length in hours
    ['UTC', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 24],
    ['UTC', '2026-01-01T23:59:59.999Z', '2026-01-01T00:00:00Z', 24],
    ['Europe/Berlin', '2026-03-29T10:00:00Z', '2026-03-28T23:00:00Z', 23],
    ['Europe/Berlin', '2026-10-25T22:59:59Z', '2026-10-24T22:00:00Z', 25],
    ['Asia/Kathmandu', '2026-06-01T18:14:59Z', '2026-05-31T18:15:00Z', 24],
    ['Pacific/Kiritimati', '2026-06-01T09:59:00Z', '2026-05-31T10:00:00Z', 24],
    ['Pacific/Pago_Pago', '2026-06-01T11:00:00Z', '2026-06-01T11:00:00Z', 24],
    // Clocks went from 00:00 to 01:00: the day has no midnight.
    ['America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00Z', 23],
    // Clocks went from 00:00 back to 23:00.
    ['America/Sao_Paulo', '2018-02-18T02:30:00Z', '2018-02-17T02:00:00Z', 25],
  ])('%s: %s is in the day from %s of %i hours', (zone, moment, start, hours) => {
    const days = createDays(zone);
    expect(new Date(days.start(at(moment))).toISOString()).toBe(new Date(start).toISOString());
    expect((days.next(at(moment)) - days.start(at(moment))) / HOUR).toBe(hours);
  });

  test('has the local date as its name', () => {
    expect(createDays('Pacific/Kiritimati').date(at('2026-05-31T10:00:00Z'))).toBe('2026-06-01');
  });

  test('jumping between days gives the same as asking afresh', () => {
    const days = createDays('Europe/Berlin');
    for (const offset of [0, 400, 3, 200, 3, 0, 401]) {
      const time = at('2026-01-01T00:30:00Z') + offset * 24 * HOUR;
      expect(days.start(time)).toBe(createDays('Europe/Berlin').start(time));
    }
  });
});
