import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { earlyFee, leastDays } from '../../../plugins/photo-backup/billing.ts';
import { missingSetting, readerSettings } from '../../../plugins/photo-backup/config.ts';
import { describe as describeState, type Situation } from '../../../plugins/photo-backup/state.ts';
import { windowAt } from '../../../plugins/photo-backup/window.ts';
import { settingsOf } from './bed.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

describe('a window', () => {
  const at = (window: string, time: string, zone = 'UTC') => windowAt(window, Date.parse(time), zone);

  it.each([
    ['22:00-06:00', '2026-11-22T21:59:00Z', { open: false, changesIn: MINUTE }],
    ['22:00-06:00', '2026-11-22T22:00:00Z', { open: true, changesIn: 8 * 60 * MINUTE }],
    ['22:00-06:00', '2026-11-23T05:59:30Z', { open: true, changesIn: MINUTE / 2 }],
    ['09:00-17:00', '2026-11-22T17:00:00Z', { open: false, changesIn: 16 * 60 * MINUTE }],
    ['00:00-00:00', '2026-11-22T12:00:00Z', { open: true, changesIn: 12 * 60 * MINUTE }],
  ])('%s at %s', (window, time, expected) => expect(at(window, time)).toEqual(expected));

  it('goes by the clock on the wall of the house', () => {
    expect(at('22:00-06:00', '2026-11-22T21:30:00Z', 'Europe/Berlin').open).toBe(true);
    expect(at('22:00-06:00', '2026-07-22T20:30:00Z', 'Europe/Berlin').open).toBe(true);
    expect(at('22:00-06:00', '2026-11-22T20:30:00Z', 'Europe/Berlin').open).toBe(false);
  });

  it('changes when it says', () => {
    const clock = fc.tuple(fc.nat(23), fc.nat(59)).map((parts) => parts.map((n) => `${n}`.padStart(2, '0')).join(':'));
    fc.assert(
      fc.property(clock, clock, fc.nat(2 * DAY), (from, to, time) => {
        const at = (moment: number) => windowAt(`${from}-${to}`, moment, 'UTC');
        const { open, changesIn } = at(time);
        fc.pre(changesIn > 1000);
        expect(at(time + changesIn - 1000).open).toBe(open);
        expect(at(time + changesIn + 1000).open).toBe(from === to || !open);
      }),
    );
  });
});

describe('early rewrites', () => {
  it('cost the rest of the least time', () => {
    const copies = [{ size: 2 ** 30, stored: 0 }];
    expect(earlyFee(copies, 30, 0.01, 0)).toBeCloseTo(0.01);
    expect(earlyFee(copies, 30, 0.01, 15 * DAY)).toBeCloseTo(0.005);
    expect(earlyFee(copies, 30, 0.01, 31 * DAY)).toBe(0);
  });

  it('are known by the storage class', () => {
    expect(['NEARLINE', 'COLDLINE', 'STANDARD', undefined].map(leastDays)).toEqual([30, 90, 0, 0]);
  });
});

describe('settings', () => {
  it('name what is wanting', () => {
    expect(missingSetting(settingsOf({ type: 's3' }))).toBe('targets.safe.bucket is not set');
    expect(missingSetting(settingsOf({ type: 'directory', path: '/mnt' }))).toBeUndefined();
    expect(missingSetting(settingsOf({ type: 's3', bucket: 'b', access_key_id: 'k' }))).toContain('go together');
  });

  it('enter the same place as a reader', () => {
    const settings = settingsOf({ type: 'gcs', bucket: 'b', key_file: 'w.json', reader_key_file: 'r.json' });
    expect(readerSettings(settings)).toMatchObject({ bucket: 'b', key_file: 'r.json' });
    expect(readerSettings(settingsOf({ type: 'directory', path: '/mnt' }))).toBeUndefined();
  });
});

describe('the state of a target', () => {
  const summary = { safe: 5, bytes_safe: 5, pending: 0, bytes_pending: 0, failed: 0, changed_remotely: 0 };
  const calm: Situation = {
    staysIn: false,
    paused: false,
    outsideWindow: false,
    cannotReplace: false,
    rewritesWaiting: 0,
    summary,
  };
  it.each<[string, Partial<Situation>]>([
    ['ok', {}],
    ['disabled', { incomplete: 'targets.safe.path is not set', paused: true }],
    ['simulated', { staysIn: true, paused: true }],
    ['paused', { paused: true, trouble: { kind: 'full', message: '' } }],
    ['uploading', { busy: 'uploading', trouble: { kind: 'full', message: '' } }],
    ['full', { trouble: { kind: 'full', message: 'x' }, summary: { ...summary, pending: 3 } }],
    ['archive_missing', { trouble: { kind: 'archive_missing', message: 'x' } }],
    ['failing', { summary: { ...summary, pending: 3, failed: 1 } }],
    ['pending', { summary: { ...summary, pending: 3 }, rewritesWaiting: 2 }],
    ['waiting_window', { summary: { ...summary, pending: 3 }, outsideWindow: true }],
    ['rewrites_waiting', { summary: { ...summary, pending: 3 }, rewritesWaiting: 3, outsideWindow: true }],
    ['cannot_replace', { cannotReplace: true }],
    ['changed_remotely', { summary: { ...summary, changed_remotely: 1 } }],
  ])('%s', (state, situation) => expect(describeState({ ...calm, ...situation }).state).toBe(state));
});
