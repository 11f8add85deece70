import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import {
  formatAddress,
  isLoopback,
  nextFreePort,
  parseAddress,
  portBusy,
  portHolder,
} from '../../../core/support/ports.ts';

async function takePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('reads and writes addresses', () => {
  expect(parseAddress('127.0.0.1:1883')).toEqual({ host: '127.0.0.1', port: 1883 });
  expect(parseAddress('[::1]:0')).toEqual({ host: '::1', port: 0 });
  for (const bad of ['1883', 'localhost', '::1:80', 'a:99999', 'http://a:1', ''])
    expect(parseAddress(bad)).toBeUndefined();
  expect(formatAddress('::1', 80)).toBe('[::1]:80');
  expect(['127.0.0.1', '127.8.0.1', '::1', 'localhost'].filter((host) => !isLoopback(host))).toEqual([]);
  expect(['0.0.0.0', '::', '192.168.1.2', '127.0.0.1.example.org', '127.1'].filter(isLoopback)).toEqual([]);
});

test('finds the next free port', async () => {
  const taken = await takePort();
  expect(await nextFreePort('127.0.0.1', taken)).toBeGreaterThan(taken);
});

test('names who has a port, and both ways out', async () => {
  const port = await takePort();
  expect(await portHolder(port)).toContain(`(pid ${process.pid})`);
  const error = await portBusy(`127.0.0.1:${port}`, '--mqtt', 'broker.listen', new Error('EADDRINUSE'));
  expect(error.message).toMatch(
    new RegExp(`^127.0.0.1:${port} is taken by .*pid ${process.pid}.*--mqtt 127.0.0.1:\\d+ or broker.listen`),
  );
});
