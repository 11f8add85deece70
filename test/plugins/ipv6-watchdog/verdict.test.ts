import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Evidence, judge, VERDICTS } from '../../../plugins/ipv6-watchdog/verdict.ts';

const LIMITS = { loss: 20, cost: 30 };
const LINK = { present: true, up: true, carrier: true, address: true, route: 'ok', mtu: 1480 } as const;
const WELL: Evidence = {
  link: LINK,
  v4: { answered: 2, tried: 2 },
  endpoint: { answered: true, loss: 0 },
  gateway: { answered: true, loss: 0 },
  v6: { answered: 3, tried: 3, quorum: 2, loss: 0 },
  big: { lost: 0, tried: 2 },
  dns: { v4: true, v6: true },
  latencyV4: 10,
  latencyV6: 12,
};
const dead = { gateway: { answered: false }, v6: { answered: 0, tried: 3, quorum: 2 } };

const cases: readonly [string, Evidence, string, string][] = [
  ['all well', WELL, 'ok', 'none'],
  ['cannot be looked at', { blind: 'ssh: connection refused' }, 'unknown', 'none'],
  ['clock', { ...WELL, clock: false }, 'clock-unset', 'none'],
  ['line down, tunnel too', { ...WELL, ...dead, v4: { answered: 0, tried: 2 } }, 'ipv4-down', 'none'],
  ['link gone', { ...WELL, ...dead, link: { ...LINK, present: false } }, 'link-down', 'restart'],
  ['carrier lost', { ...WELL, ...dead, link: { ...LINK, carrier: false } }, 'link-down', 'restart'],
  ['route lost', { ...WELL, ...dead, link: { ...LINK, route: 'missing' } }, 'link-down', 'restart'],
  ['renumbered', { ...WELL, ...dead, renumbered: true }, 'endpoint-changed', 'update-endpoint'],
  ['silent', { ...WELL, ...dead }, 'tunnel-down', 'restart'],
  [
    'silent, endpoint not known',
    { ...WELL, ...dead, endpoint: undefined } as unknown as Evidence,
    'tunnel-down',
    'restart',
  ],
  ['broker gone', { ...WELL, ...dead, endpoint: { answered: false } }, 'broker-down', 'restart-slowly'],
  ['nothing behind the gateway', { ...WELL, v6: { answered: 1, tried: 3, quorum: 2 } }, 'transit-down', 'restart-once'],
  ['gateway that filters ping', { ...WELL, gateway: { answered: false } }, 'ok', 'none'],
  ['big packets lost', { ...WELL, big: { lost: 2, tried: 2 } }, 'pmtu-blackhole', 'none'],
  ['big packets refused by name', { ...WELL, big: { lost: 2, tried: 2, tooBig: 1480 } }, 'ok', 'none'],
  ['no name server', { ...WELL, dns: { v4: false, v6: false } }, 'dns-down', 'none'],
  ['lossy', { ...WELL, v6: { answered: 3, tried: 3, quorum: 2, loss: 33.3 } }, 'lossy', 'none'],
  ['slow', { ...WELL, latencyV6: 195 }, 'slow', 'none'],
  ['nothing permitted', { link: LINK, cannot: ['ping is not permitted'] }, 'unknown', 'none'],
];

describe('the verdict', () => {
  test.each(cases)('%s', (_, evidence, name, action) => {
    expect(judge(evidence, LIMITS)).toMatchObject({ name, action, advice: expect.stringMatching(/\.$/) });
  });

  test('says what could not be checked', () => {
    expect(judge({ link: LINK, cannot: ['ping is not permitted'] }, LIMITS).advice).toContain('ping is not permitted');
  });

  test('whatever the evidence: no restart while the line is down or nothing is known, and always one line of advice', () => {
    const maybe = <T>(each: fc.Arbitrary<T>) => fc.option(each, { nil: undefined });
    const share = fc.record({ answered: fc.nat(3), tried: fc.constant(3) });
    const ping = fc.record({ answered: fc.boolean() });
    const evidence = fc.record({
      clock: maybe(fc.boolean()),
      link: maybe(
        fc.record({
          present: fc.boolean(),
          up: fc.boolean(),
          carrier: fc.boolean(),
          address: fc.boolean(),
          route: fc.constantFrom('ok', 'linkdown', 'missing'),
        }),
      ),
      v4: maybe(share),
      endpoint: maybe(ping),
      gateway: maybe(ping),
      v6: maybe(fc.record({ answered: fc.nat(3), tried: fc.constant(3), quorum: fc.constant(2) })),
      big: maybe(fc.record({ lost: fc.nat(2), tried: fc.constant(2) })),
      renumbered: maybe(fc.boolean()),
      blind: maybe(fc.constant('no answer')),
    });
    fc.assert(
      fc.property(evidence, (given) => {
        const { name, action, advice } = judge(given as Evidence, LIMITS);
        expect(VERDICTS).toContain(name);
        expect(advice).not.toContain('\n');
        if (given.blind !== undefined || given.clock === false || given.v4?.answered === 0) expect(action).toBe('none');
        if (given.v4 === undefined && given.link?.present !== false && name !== 'link-down')
          expect(action).not.toBe('restart');
      }),
    );
  });
});
