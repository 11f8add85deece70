import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { createPeerOf } from '../../../core/http/forwarded.ts';
import { parseAddressRange } from '../../../core/support/ports.ts';
import { ask, cookieOf, startHttp } from './parts.ts';

const NAME = 'cupboard.example';
const PAGE = `https://${NAME}`;

/** A reverse proxy as they come: ends TLS (here only in name), asks under the hub's own address and says for whom. */
async function startProxy(hub: string): Promise<string> {
  const { hostname, port, host } = new URL(hub);
  const forwarded = ({ socket, headers }: IncomingMessage) => ({
    ...headers,
    host,
    'x-forwarded-for': [headers['x-forwarded-for'], socket.remoteAddress].flat().filter(Boolean).join(', '),
    'x-forwarded-host': headers.host ?? '',
    'x-forwarded-proto': 'https',
  });
  const proxy = createServer((incoming, answer) => {
    const { method, url } = incoming;
    const outgoing = request({ hostname, port, method, path: url, headers: forwarded(incoming) }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  proxy.on('upgrade', (incoming, socket) => {
    const outgoing = connect(Number(port), hostname, () => {
      const head = Object.entries(forwarded(incoming)).map(([name, value]) => `${name}: ${value}\r\n`);
      outgoing.write(`GET ${incoming.url} HTTP/1.1\r\n${head.join('')}\r\n`);
      outgoing.pipe(socket).pipe(outgoing);
    });
    for (const end of [outgoing, socket]) end.on('error', () => socket.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

/** A hub behind a proxy, with an account. */
async function startBehind(trusted: readonly string[]) {
  const addresses: (string | undefined)[] = [];
  const world = await startHttp({
    config: JSON.stringify({ http: { listen: '127.0.0.1:0', hosts: [NAME], trust_proxy: trusted } }),
    accept: (stream, address) => {
      addresses.push(address);
      stream.resume();
    },
  });
  await world.accounts.addUser('ada', 'correct horse', 'admin');
  return { ...world, addresses, proxy: await startProxy(world.url) };
}

const logIn = (url: string, password: string, headers: Record<string, string> = {}) =>
  ask(url, 'POST', '/api/v1/login', { body: { user: 'ada', password }, headers: { host: NAME, ...headers } });

test('behind a trusted proxy the page works under its name there, with a secure cookie', async () => {
  const { proxy, addresses } = await startBehind(['127.0.0.0/8']);
  const answer = await logIn(proxy, 'correct horse', { origin: PAGE });
  expect(answer.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; Secure; SameSite=Strict$/);
  const headers = { host: NAME, cookie: cookieOf(answer) };
  const publish = (origin: string) =>
    ask(proxy, 'POST', '/api/v1/publish', { body: { topic: 'a', payload: '1' }, headers: { ...headers, origin } });
  expect((await publish(PAGE)).status).toBe(204);
  expect((await publish('https://evil.example')).status).toBe(403);
  expect((await ask(proxy, 'GET', '/', { headers: { host: 'evil.example' } })).status).toBe(403);

  const socket = new WebSocket(`${proxy.replace('http', 'ws')}/mqtt`, 'mqtt', {
    headers: { ...headers, origin: PAGE, 'x-forwarded-for': '192.0.2.7' },
  });
  await once(socket, 'open');
  socket.terminate();
  expect(addresses).toEqual(['192.0.2.7']);
});

test('wrong passwords behind a trusted proxy lock out who guesses, not the others', async () => {
  const { proxy } = await startBehind(['127.0.0.1']);
  const guess = (address: string) => logIn(proxy, 'wrong', { 'x-forwarded-for': address });
  // The first proxy is none that is trusted, so what it was told does not count: a new address each time is no way out.
  for (let time = 0; time < 10; time += 1) await guess(`198.51.100.${time}, 192.0.2.7`);
  const chain = { 'x-forwarded-for': '192.0.2.7' };
  expect((await logIn(proxy, 'correct horse', chain)).status).toBe(429);
  expect((await logIn(proxy, 'correct horse', { 'x-forwarded-for': '192.0.2.8' })).status).toBe(200);
});

test('from others the headers count for nothing', async () => {
  const { proxy, url, addresses } = await startBehind(['192.0.2.1']);
  const host = new URL(url).host;
  for (const target of [proxy, url]) {
    const answer = await logIn(target, 'correct horse', { 'x-forwarded-proto': 'https' });
    expect(answer.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict$/);
  }
  const cookie = cookieOf(await logIn(url, 'correct horse'));
  const headers = { host: NAME, cookie, origin: PAGE };
  expect((await ask(proxy, 'POST', '/api/v1/logout', { headers })).status).toBe(403);
  const foreign = { host: 'evil.example', 'x-forwarded-host': host };
  expect((await ask(url, 'GET', '/', { headers: foreign })).status).toBe(403);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/mqtt`, 'mqtt', {
    headers: { cookie, origin: url, 'x-forwarded-for': '192.0.2.7' },
  });
  await once(socket, 'open');
  socket.terminate();
  expect(addresses).toEqual(['127.0.0.1']);
});

test('the client is the first address that is not trusted, from the nearest proxy outwards', () => {
  const peerOf = createPeerOf(() => ['127.0.0.1', 'fd00::/8', '10.0.0.0/8']);
  const client = (remoteAddress: string, forwardedFor: string) =>
    peerOf({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } } as never).address;
  expect(client('127.0.0.1', '203.0.113.9, 10.1.2.3')).toBe('203.0.113.9');
  expect(client('::ffff:127.0.0.1', '1.1.1.1, 203.0.113.9, fd12::1')).toBe('203.0.113.9');
  expect(client('127.0.0.1', '10.1.2.3')).toBe('10.1.2.3');
  expect(client('127.0.0.1', 'unknown')).toBe('127.0.0.1');
  expect(client('127.0.0.1', '203.0.113.9, unknown, 10.1.2.3')).toBe('10.1.2.3');
  expect(client('192.0.2.1', '203.0.113.9')).toBe('192.0.2.1');
});

test('ranges are addresses with or without a number of bits', () => {
  expect(parseAddressRange('10.0.0.0/8')).toEqual({ address: '10.0.0.0', bits: 8, family: 'ipv4' });
  expect(parseAddressRange('::1')).toEqual({ address: '::1', bits: 128, family: 'ipv6' });
  for (const text of ['10.0.0.0/33', 'proxy.lan', '10.0.0/8', '', '::/129', '1.2.3.4/']) {
    expect(parseAddressRange(text)).toBeUndefined();
  }
});
