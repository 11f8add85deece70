import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { measure, parseDestination, weightedCost } from '../../../plugins/ipv6-watchdog/cost/connection.ts';
import { Costs, ROUNDS_NEEDED } from '../../../plugins/ipv6-watchdog/cost/costs.ts';
import { download } from '../../../plugins/ipv6-watchdog/cost/download.ts';
import { preferIPv4 } from '../../../plugins/ipv6-watchdog/cost/gai.ts';
import { parseConntrack, parseNeighbours, weightByUsage } from '../../../plugins/ipv6-watchdog/cost/usage.ts';
import { MIGRATIONS } from '../../../plugins/ipv6-watchdog/memory.ts';

const signal = new AbortController().signal;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

describe('the cost of connections', () => {
  test('is weighted, and only of what is reached over both families', () => {
    const cost = (cost_ms: number | undefined, weight: number) => ({
      host: 'x',
      port: 443,
      weight,
      ...(cost_ms !== undefined && { cost_ms }),
    });
    expect(weightedCost([cost(100, 3), cost(20, 1), cost(undefined, 50)])).toBe(80);
    expect(weightedCost([cost(undefined, 1)])).toBeUndefined();
  });

  test('a name that does not resolve has no addresses and no cost', async () => {
    expect(await measure({ host: 'no-such-name.invalid', port: 443, weight: 1 }, signal)).toEqual({
      host: 'no-such-name.invalid',
      port: 443,
      weight: 1,
    });
  });

  test.each([
    ['www.example.org', { host: 'www.example.org', port: 443, weight: 2 }],
    ['www.example.org:8443', { host: 'www.example.org', port: 8443, weight: 2 }],
  ])('%s', (text, expected) => expect(parseDestination(text, 2)).toEqual(expected));

  test('is recommended upon only after enough rounds, kept over restarts', () => {
    const store = new Database(':memory:');
    for (const migration of MIGRATIONS) store.exec(migration);
    const limits = { prefer_ipv4_ms: 30, turn_off_ms: 100 };
    const round = [{ host: 'x', port: 443, weight: 1, cost_ms: 184.5 }];
    const first = new Costs(store, limits);
    const early = Array.from({ length: ROUNDS_NEEDED - 1 }, (_, time) => first.add(round, time + 1));
    expect(early.map(({ recommendation }) => recommendation)).toEqual([null, null, null]);
    expect(new Costs(store, limits).add(round, 10)).toMatchObject({
      recommendation: 'turn off',
      cost_ms: 184.5,
      rounds: 4,
    });
    expect(new Costs(store, limits).add([{ host: 'x', port: 443, weight: 1 }], 11)).toMatchObject({
      rounds: 4,
      cost_ms: 184.5,
    });
  });
});

describe('connection tracking', () => {
  const text = `ipv4     2 tcp      6 431999 ESTABLISHED src=192.168.1.5 dst=93.184.216.34 sport=4 dport=443 packets=10 bytes=1000 src=93.184.216.34 dst=203.0.113.9 sport=443 dport=4 packets=8 bytes=9000 [ASSURED] mark=0 use=1
ipv6     10 tcp      6 431999 ESTABLISHED src=2001:db8:1::5 dst=2001:db8:9::1 sport=4 dport=443 packets=10 bytes=500 src=2001:db8:9::1 dst=2001:db8:1::5 sport=443 dport=4 packets=8 bytes=700 [ASSURED] mark=0 use=1
ipv6     10 udp      17 20 src=2001:db8:1::5 dst=2001:db8:9::1 sport=5 dport=443 [UNREPLIED] src=2001:db8:9::1 dst=2001:db8:1::5 sport=443 dport=5 mark=0 use=1
ipv6     10 udp      17 20 src=fe80::1 dst=ff02::fb sport=5353 dport=5353 src=ff02::fb dst=fe80::1 sport=5353 dport=5353 use=1
ipv4     2 udp      17 20 src=192.168.1.5 dst=192.168.1.1 sport=5 dport=53 src=192.168.1.1 dst=192.168.1.5 sport=53 dport=5 use=1`;

  test('is summed by destination, without the house itself', () => {
    expect(parseConntrack(text)).toEqual([
      { destination: '93.184.216.34', family: 4, connections: 1, bytes: 10_000 },
      { destination: '2001:db8:9::1', family: 6, connections: 2, bytes: 1200 },
    ]);
    expect(parseConntrack(text.replace(/ bytes=\d+/g, ''))[0]).not.toHaveProperty('bytes');
  });

  test('gives a destination its weight', () => {
    expect(weightByUsage(parseConntrack(text), ['93.184.216.34', undefined])).toBe(10_000);
    expect(weightByUsage(parseConntrack(text), ['198.51.100.1'])).toBe(1);
  });

  test('neighbours with an address of the world', () => {
    expect(
      parseNeighbours(
        '2001:db8:1::5 dev br0 lladdr 52:54:00:00:00:01 REACHABLE\nfe80::5 dev br0 lladdr 52:54:00:00:00:01 STALE\n2001:db8:1::6 dev br0 FAILED\n',
      ),
    ).toEqual([{ address: '2001:db8:1::5', mac: '52:54:00:00:00:01' }]);
  });
});

test('gai.conf: IPv4 first and back again, lines of others kept', () => {
  const own = '# my own\nlabel ::1/128 0\n';
  const preferred = preferIPv4(own, true);
  expect(preferred).toMatch(/^precedence ::ffff:0:0\/96 100$/m);
  expect(preferIPv4(preferred, true)).toBe(preferred);
  expect(preferIPv4(preferred, false)).toBe(own);
  expect(preferIPv4(own, false)).toBe(own);
  expect(preferIPv4(preferIPv4('', true), false)).toBe('');
});

test('a download stops at its cap', async () => {
  const server = createServer((_, response) => {
    const pour = () => {
      while (response.write(Buffer.alloc(64_000)));
    };
    response.on('drain', pour);
    pour();
  }).listen(0, '127.0.0.1');
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  await new Promise((resolve) => server.once('listening', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const { bytes, rate } = await download(url, 4, 300_000, signal);
  expect(bytes).toBeGreaterThanOrEqual(300_000);
  expect(bytes).toBeLessThan(600_000);
  expect(rate).toBeGreaterThan(0);
});

test('a page that refuses is an error, not a fast download', async () => {
  const server = createTcpServer((socket) => socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')).listen(
    0,
    '127.0.0.1',
  );
  closing.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await expect(download(url, 4, 1000, signal)).rejects.toThrow('HTTP 404');
});
