import { describe, expect, it } from 'vitest';
import { decode, parseHex, type Report } from '../../../plugins/acurite/decode.ts';
import {
  LINK_STATES,
  type Link,
  linkAdvice,
  linkState,
  NEW_LINK,
  observeFailure,
  observeReport,
  observeReset,
  UDEV_RULE,
  wantsReset,
} from '../../../plugins/acurite/link.ts';

const reports = {
  good: '018bfa780008482503ff',
  indoor: '0200008000000000000400100000000960010101018fc74cd3',
  stale: '018bfa78000848250000',
  noSensor: '01ffffffffffffffffff',
  slipped: '0117f5f10111914b07ff',
  garbage: '018bfa750008482503ff',
};
const report = (name: keyof typeof reports): Report | undefined => decode(parseHex(reports[name]) ?? new Uint8Array());
const saw = (...names: (keyof typeof reports)[]): Link =>
  names.reduce((link, name) => observeReport(link, report(name)), NEW_LINK);
const silences = (link: Link, times: number): Link =>
  Array.from({ length: times }).reduce<Link>((so) => observeFailure(so, 'silent', 'Broken pipe'), link);
const HOUR = 3_600_000;

describe('the state', () => {
  it('is starting until an outdoor report says something', () => {
    expect(linkState(NEW_LINK)).toBe('starting');
    expect(linkState(saw('indoor'))).toBe('starting');
    expect(linkState(saw('garbage'))).toBe('starting');
    expect(linkState(saw('indoor', 'good'))).toBe('ok');
  });

  it('follows the last outdoor report, and garbage or a console report change nothing', () => {
    expect(linkState(saw('good', 'noSensor', 'indoor'))).toBe('no_sensor');
    expect(linkState(saw('good', 'stale', 'indoor', 'garbage'))).toBe('sensor_lost');
    expect(linkState(saw('stale', 'good', 'garbage'))).toBe('ok');
  });

  it('is a failure as long as reads fail, and ok again with the next report', () => {
    for (const kind of ['unplugged', 'no_driver', 'no_permission', 'silent'] as const) {
      const failed = observeFailure(saw('good'), kind, 'detail');
      expect(linkState(failed)).toBe(kind);
      expect(linkState(observeReport(failed, report('good')))).toBe('ok');
    }
  });

  it('is bit_slip while bytes are shifted', () => {
    expect(linkState(saw('good', 'slipped'))).toBe('bit_slip');
    expect(linkState(saw('good', 'slipped', 'good'))).toBe('ok');
  });
});

it('counts what was taken, and what was not by its reason', () => {
  const link = observeReport(saw('good', 'indoor', 'stale', 'noSensor', 'slipped', 'garbage', 'stale'), undefined);
  expect(link.accepted).toBe(2);
  expect(link.rejected).toEqual({ stale: 2, no_sensor: 1, bit_slip: 1, invalid: 2 });
  const foreign = observeReport(NEW_LINK, report('good'), 'other_sensor');
  expect(foreign).toMatchObject({ accepted: 0, rejected: { other_sensor: 1 } });
});

describe('a reset of the USB port', () => {
  it('is wanted after three slips or silences in a row', () => {
    expect(wantsReset(saw('good', 'slipped', 'slipped'), 0)).toBe(false);
    expect(wantsReset(saw('good', 'slipped', 'slipped', 'slipped'), 0)).toBe(true);
    expect(wantsReset(saw('slipped', 'slipped', 'good', 'slipped'), 0)).toBe(false);
    expect(wantsReset(silences(saw('good'), 2), 0)).toBe(false);
    expect(wantsReset(silences(saw('good'), 3), 0)).toBe(true);
    expect(wantsReset(observeFailure(silences(NEW_LINK, 2), 'unplugged', ''), 0)).toBe(false);
  });

  it('comes at most once an hour', () => {
    const tried = observeReset(silences(NEW_LINK, 3), { time: 1000, outcome: 'undecided' });
    expect(wantsReset(silences(tried, 5), 1000 + HOUR - 1)).toBe(false);
    expect(wantsReset(silences(tried, 5), 1000 + HOUR)).toBe(true);
  });

  it('is judged by what comes next', () => {
    const tried = observeReset(saw('slipped', 'slipped', 'slipped'), { time: 1000, outcome: 'undecided' });
    expect(observeReport(tried, report('good')).reset?.outcome).toBe('helped');
    expect(observeReport(tried, report('slipped')).reset?.outcome).toBe('useless');
    expect(observeFailure(tried, 'silent', '').reset?.outcome).toBe('useless');
    expect(observeFailure(tried, 'unplugged', 'it is coming back').reset?.outcome).toBe('undecided');
    const refused = observeReset(tried, { time: 1000, outcome: 'impossible', detail: 'EACCES' });
    expect(linkAdvice(refused)).toContain('could not be reset: EACCES');
  });
});

describe('the advice', () => {
  const links: Record<string, Link> = {
    ok: saw('good'),
    starting: NEW_LINK,
    unplugged: observeFailure(NEW_LINK, 'unplugged', 'No console'),
    no_driver: observeFailure(NEW_LINK, 'no_driver', 'libusb'),
    no_permission: observeFailure(NEW_LINK, 'no_permission', 'EACCES'),
    silent: observeFailure(NEW_LINK, 'silent', 'EPIPE'),
    no_sensor: saw('noSensor'),
    sensor_lost: saw('stale'),
    bit_slip: saw('slipped'),
  };

  it('is given in every state but ok', () => {
    expect(Object.keys(links)).toEqual(LINK_STATES);
    for (const [state, link] of Object.entries(links)) {
      expect(linkState(link)).toBe(state);
      expect(linkAdvice(link) === '').toBe(state === 'ok');
    }
  });

  it.each([
    ['unplugged', 'powered USB hub'],
    ['no_driver', 'apt-get install libusb-1.0-0'],
    ['no_permission', UDEV_RULE],
    ['silent', 'USB mode 4'],
    ['no_sensor', 'channel switches'],
    ['bit_slip', 'Pull the USB plug'],
  ])('of %s names the way out', (state, words) => {
    expect(linkAdvice(links[state] ?? NEW_LINK)).toContain(words);
  });
});
