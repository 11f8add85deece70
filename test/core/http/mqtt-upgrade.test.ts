import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Identity } from '../../../core/broker/contract.ts';
import { ask, cookieOf, type HttpWorld, startHttp } from './parts.ts';

async function startWithAda() {
  const accepted: Identity[] = [];
  const world = await startHttp({
    accept: (stream, _address, identity) => {
      accepted.push(identity);
      stream.pipe(stream);
    },
  });
  await world.accounts.addUser('ada', 'correct horse', 'viewer');
  const body = { user: 'ada', password: 'correct horse' };
  const cookie = cookieOf(await ask(world.url, 'POST', '/api/v1/login', { body }));
  return { ...world, accepted, cookie };
}

const open = ({ url }: Pick<HttpWorld, 'url'>, headers: Record<string, string>, path = '/mqtt') =>
  new WebSocket(`${url.replace('http', 'ws')}${path}`, 'mqtt', { headers });

async function refusal(socket: WebSocket): Promise<number> {
  const [, response] = await once(socket, 'unexpected-response');
  socket.on('error', () => undefined).terminate();
  return response.statusCode;
}

test('hands the connection of who is logged in to the broker', async () => {
  const world = await startWithAda();
  const socket = open(world, { cookie: world.cookie, origin: world.url });
  await once(socket, 'open');
  expect(socket.protocol).toBe('mqtt');
  expect(world.accepted).toEqual([{ kind: 'user', name: 'ada', role: 'viewer' }]);
  socket.send(Buffer.from([0xc0, 0]));
  const [echoed] = await once(socket, 'message');
  expect(echoed).toEqual(Buffer.from([0xc0, 0]));
  socket.close();
});

test('refuses strangers, foreign pages and other paths', async () => {
  const world = await startWithAda();
  const { cookie, url } = world;
  expect(await refusal(open(world, { origin: url }))).toBe(401);
  expect(await refusal(open(world, { cookie, origin: 'http://evil.example' }))).toBe(403);
  expect(await refusal(open(world, { cookie }))).toBe(403);
  expect(await refusal(open(world, { cookie, origin: url, host: 'evil.example' }))).toBe(403);
  expect(await refusal(open(world, { cookie, origin: url }, '/other'))).toBe(404);
  expect(world.accepted).toEqual([]);
});

test('scripts connect with their token, the owner over hub.sock', async () => {
  const world = await startWithAda();
  const token = await world.accounts.addToken('script', 'admin');
  const byToken = open(world, { authorization: `Bearer ${token}` });
  await once(byToken, 'open');
  const local = new WebSocket(`ws+unix://${join(world.dataDir, 'hub.sock')}:/mqtt`, 'mqtt');
  await once(local, 'open');
  expect(world.accepted).toEqual([
    { kind: 'user', name: 'script', role: 'admin' },
    { kind: 'user', name: 'local', role: 'admin' },
  ]);
  for (const socket of [byToken, local]) socket.close();
});

test('logging out ends the connections that the login had opened', async () => {
  const world = await startWithAda();
  const headers = { cookie: world.cookie, origin: world.url };
  const socket = open(world, headers);
  await once(socket, 'open');
  const closed = once(socket, 'close');
  await ask(world.url, 'POST', '/api/v1/logout', { headers });
  expect((await closed)[0]).toBe(1008);
});
