import { describe, expect, test } from 'vitest';
import {
  isLinkName,
  parseCounters,
  parseLink,
  parseRoutes,
  parseSource,
} from '../../../plugins/ipv6-watchdog/parse/ip.ts';
import { parseMtrJson, parseMtrReport } from '../../../plugins/ipv6-watchdog/parse/mtr.ts';
import { parsePing } from '../../../plugins/ipv6-watchdog/parse/ping.ts';

describe('ping', () => {
  test('iputils', () => {
    const text = `PING 2001:db8:ffff::2(2001:db8:ffff::2) 56 data bytes

--- 2001:db8:ffff::2 ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 409ms
rtt min/avg/max/mdev = 0.313/0.508/0.621/0.138 ms`;
    expect(parsePing(text)).toEqual({ sent: 3, received: 3, loss: 0, average: 0.508 });
  });

  test('BusyBox, without mdev and with the word packets twice', () => {
    const text = `2 packets transmitted, 2 packets received, 0% packet loss
round-trip min/avg/max = 0.520/0.547/0.575 ms`;
    expect(parsePing(text)).toEqual({ sent: 2, received: 2, loss: 0, average: 0.547 });
  });

  test('fractional loss, duplicates and errors, and a comma for the point', () => {
    expect(parsePing('6 packets transmitted, 4 received, 33.3333% packet loss, time 5ms').loss).toBe(33.3333);
    expect(parsePing('3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 5ms')).toMatchObject({
      received: 0,
      loss: 100,
    });
    expect(
      parsePing('3 packets transmitted, 2 received, 33,3% packet loss\nrtt min/avg/max/mdev = 1,0/2,5/3,0/0,1 ms'),
    ).toMatchObject({ loss: 33.3, average: 2.5 });
  });

  test.each([
    ['ping: connect: Network is unreachable', 'Network is unreachable'],
    ['ping: socket: Operation not permitted', 'Operation not permitted'],
    ['ping: unknown iface: sixxs', 'unknown iface: sixxs'],
    ['', 'ping said nothing'],
  ])('says why nothing was sent: %s', (text, error) => {
    expect(parsePing(text)).toEqual({ sent: 0, received: 0, loss: 100, error });
  });

  test.each(['ping: local error: message too long, mtu: 1480', 'From 2001:db8::1 icmp_seq=1 Packet too big: mtu=1480'])(
    'knows a packet that is too big: %s',
    (text) => {
      expect(
        parsePing(`${text}\n1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms`),
      ).toMatchObject({ tooBig: 1480, received: 0 });
    },
  );
});

describe('ip', () => {
  const link = `4: sixxs: <POINTOPOINT,MULTICAST,NOARP,UP,LOWER_UP> mtu 1480 qdisc pfifo_fast state UP group default qlen 500
    inet6 2001:db8:ff00::2/64 scope global 
       valid_lft forever preferred_lft forever
    inet6 2001:db8:ff00::3/64 scope global tentative 
    inet6 2001:db8:ff00::4/64 scope global dadfailed tentative 
    inet6 fe80::ca21:e541:90a:1894/64 scope link stable-privacy `;

  test('a link with the addresses that can be used', () => {
    expect(parseLink(link)).toEqual({
      flags: ['POINTOPOINT', 'MULTICAST', 'NOARP', 'UP', 'LOWER_UP'],
      mtu: 1480,
      addresses: ['2001:db8:ff00::2'],
    });
  });

  test('the same from BusyBox, which knows no qdisc', () => {
    const busybox =
      '4: sixxs: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1480 qlen 500\n    inet6 2001:db8::2/64 scope global \n';
    expect(parseLink(busybox)).toMatchObject({ mtu: 1480, addresses: ['2001:db8::2'] });
  });

  test('no link', () => expect(parseLink('Device "sixxs" does not exist.')).toBeUndefined());

  test('routes, with the one whose carrier is lost', () => {
    const text = `2001:db8:1::/64 dev br0 proto kernel metric 256 pref medium
anycast fe80:: dev sixxs  metric 0 
default via 2001:db8:ff00::1 dev sixxs metric 1024 linkdown pref medium
default dev ppp0 metric 2048`;
    expect(parseRoutes(text)).toEqual([
      { destination: '2001:db8:1::/64', device: 'br0', linkdown: false },
      { destination: 'default', gateway: '2001:db8:ff00::1', device: 'sixxs', linkdown: true },
      { destination: 'default', device: 'ppp0', linkdown: false },
    ]);
  });

  test('the source address of a route', () => {
    expect(parseSource('192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.7 uid 0')).toBe('10.0.0.7');
    expect(parseSource('RTNETLINK answers: Network is unreachable')).toBeUndefined();
  });

  test('the counters of one link', () => {
    const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
 sixxs:     304       4    0    0    0     0          0         0      228       3    0    1    0     0       0          0`;
    expect(parseCounters(text, 'sixxs')).toEqual({ rx: 304, tx: 228 });
    expect(parseCounters(text, 'six')).toBeUndefined();
  });

  test('names that could be taken for an option or a path are refused', () => {
    for (const name of ['-h', '../x', 'a b', '', 'sixteen-letters-x', 'a;b']) expect(isLinkName(name)).toBe(false);
    for (const name of ['sixxs', '6in4-wan', 'sit0@NONE', 'br0.5']) expect(isLinkName(name)).toBe(true);
  });
});

describe('mtr', () => {
  test('the JSON of 0.95, and of older builds that write numbers as text', () => {
    const hub = (count: unknown, host: string, loss: unknown, avg: unknown) => ({
      count,
      host,
      'Loss%': loss,
      Avg: avg,
    });
    const json = (...hubs: unknown[]) => JSON.stringify({ report: { mtr: {}, hubs } });
    const expected = [
      { number: 1, host: '2001:db8::1', loss: 0, average: 0.568 },
      { number: 2, loss: 100 },
    ];
    expect(parseMtrJson(json(hub(1, '2001:db8::1', 0, 0.568), hub(2, '???', 100, 0)))).toEqual(expected);
    expect(parseMtrJson(json(hub('1', '2001:db8::1', '0.00', '0.568'), hub('2', '???', '100.0', '0.0')))).toEqual(
      expected,
    );
  });

  test('nothing that answered, or a name that does not resolve, is an empty list', () => {
    expect(parseMtrJson('{"report":{"mtr":{},"hubs":[]}}')).toEqual([]);
    expect(parseMtrJson('')).toEqual([]);
  });

  test('a lost row has no time, whatever zeros it shows', () => {
    expect(parseMtrReport('  3.|-- ???                       100.0     1    0.0   0.0   0.0   0.0   0.0')).toEqual([
      { number: 3, loss: 100 },
    ]);
  });
});
