import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, cookieOf, type HttpWorld, pluginDetails, startHttp, type WorldOptions } from './parts.ts';

/** A hub with an admin and a viewer, each with a session and a token. */
async function startWithPeople(options: WorldOptions = {}) {
  const world = await startHttp(options);
  const person = async (name: string, role: 'admin' | 'viewer') => {
    await world.accounts.addUser(name, 'correct horse', role);
    const token = await world.accounts.addToken(`${name}-token`, role);
    return { cookie: await logIn(world, name), token: { authorization: `Bearer ${token}` } };
  };
  return { ...world, ada: await person('ada', 'admin'), guest: await person('guest', 'viewer') };
}

async function logIn({ url }: HttpWorld, user: string): Promise<string> {
  return cookieOf(await ask(url, 'POST', '/api/v1/login', { body: { user, password: 'correct horse' } }));
}

const MESSAGE = { topic: 'light/kitchen/set', payload: 'on' };

test('only the own page changes something with the cookie', async () => {
  const { url, ada, published } = await startWithPeople();
  const publish = (headers: Record<string, string>) =>
    ask(url, 'POST', '/api/v1/publish', { body: MESSAGE, headers: { cookie: ada.cookie, ...headers } });
  for (const origin of ['http://evil.example', 'null', `${url}.evil.example`, 'http://127.0.0.1:1']) {
    expect(await publish({ origin })).toMatchObject({ status: 403, json: { type: /origin_foreign$/ } });
  }
  expect((await publish({})).status).toBe(403);
  expect(published).toEqual([]);
  expect((await publish({ origin: url })).status).toBe(204);
  expect(published).toHaveLength(1);
});

test('a script needs a token and no origin, and a plugin is told who sent a command', async () => {
  const { url, ada, published } = await startWithPeople();
  const publish = (topic: string) =>
    ask(url, 'POST', '/api/v1/publish', { body: { topic, payload: { on: true }, qos: 1 }, headers: ada.token });
  expect((await publish('light/kitchen/set')).status).toBe(204);
  expect((await publish('acurite/command/reset')).status).toBe(204);
  const options = { qos: 1, retain: false };
  const sender = { userProperties: { user: 'ada-token', role: 'admin' } };
  expect(published).toEqual([
    { topic: 'light/kitchen/set', payload: '{"on":true}', options },
    { topic: 'acurite/command/reset', payload: '{"on":true}', options: { ...options, ...sender } },
  ]);
  const wrong = { authorization: 'Bearer cup_wrong' };
  expect((await ask(url, 'GET', '/api/v1/plugins', { headers: wrong })).status).toBe(401);
});

test('answers to its own names only, so that no foreign page can point its name here', async () => {
  const { url, parts } = await startWithPeople();
  const { port } = new URL(url);
  const status = async (host: string) => (await ask(url, 'GET', '/', { headers: { host } })).status;
  for (const host of ['localhost', `localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, '192.168.1.7']) {
    expect([host, await status(host)]).toEqual([host, 200]);
  }
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '127.0.0.1.evil.example']) {
    expect([host, await status(host)]).toEqual([host, 403]);
  }
  expect(await status('hub.home.example')).toBe(403);
  await parts.config.edit([{ path: ['http', 'hosts'], value: ['hub.home.example'] }]);
  expect(await status('Hub.Home.example')).toBe(200);
});

test('a viewer looks and changes nothing', async () => {
  const { url, guest, published } = await startWithPeople({ plugins: [pluginDetails('acurite')] });
  const as = (method: string, path: string, body?: unknown) => ask(url, method, path, { body, headers: guest.token });
  expect((await as('GET', '/api/v1/plugins')).status).toBe(200);
  expect((await as('GET', '/api/v1/plugins/acurite/config')).status).toBe(200);
  expect((await as('GET', '/api/v1/settings')).status).toBe(200);
  const refused = await Promise.all([
    as('POST', '/api/v1/publish', MESSAGE),
    as('PUT', '/api/v1/settings', { name: 'Mine' }),
    as('POST', '/api/v1/plugins/acurite/stop'),
    as('POST', '/api/v1/plugins/acurite/commands/greet', {}),
    as('PUT', '/api/v1/plugins/acurite/config', {}),
    as('GET', '/api/v1/users'),
    as('POST', '/api/v1/tokens', { name: 'more', role: 'admin' }),
    as('POST', '/api/v1/users/link'),
    as('POST', '/plugins/acurite/anything', {}),
  ]);
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
  expect(published).toEqual([]);
});

test('a login changes the session and logout ends it', async () => {
  const { url, ada } = await startWithPeople();
  const again = await ask(url, 'POST', '/api/v1/login', {
    body: { user: 'ada', password: 'correct horse' },
    headers: { cookie: ada.cookie, origin: url },
  });
  const next = { cookie: cookieOf(again), origin: url };
  expect(next.cookie).not.toBe(ada.cookie);
  const session = (headers: Record<string, string>) => ask(url, 'GET', '/api/v1/session', { headers });
  expect((await session({ cookie: ada.cookie })).status).toBe(401);
  expect((await session(next)).status).toBe(200);
  const out = await ask(url, 'POST', '/api/v1/logout', { headers: next });
  expect(out).toMatchObject({ status: 204 });
  expect(cookieOf(out)).toBe(`${next.cookie.split('=')[0]}=`);
  expect((await session(next)).status).toBe(401);
});

test('who guesses passwords is told how long to wait', async () => {
  const { url, logLines } = await startWithPeople();
  const guess = () => ask(url, 'POST', '/api/v1/login', { body: { user: 'ada', password: 'my other password' } });
  for (let attempt = 0; attempt < 10; attempt += 1) expect((await guess()).status).toBe(401);
  const refused = await guess();
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(800);
  expect(refused.json['detail']).toMatch(/try again in 15 min/);
  expect(logLines()).not.toContain('my other password');
});

test('forms of foreign pages cannot speak to the API', async () => {
  const { url } = await startWithPeople();
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const answer = await ask(url, 'POST', '/api/v1/login', { body: '{}', headers: { 'content-type': type } });
    expect(answer.status).toBe(415);
  }
});

test('no page may frame the hub nor run what is not its own', async () => {
  const { url } = await startHttp();
  const { headers } = await ask(url, 'GET', '/');
  expect(headers['content-security-policy']).toMatch(/default-src 'self'/);
  expect(headers['content-security-policy']).toMatch(/frame-ancestors 'none'/);
  expect(headers['content-security-policy']).not.toMatch(/unsafe/);
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  });
  expect(headers).not.toHaveProperty('x-powered-by');
});

test('hidden topics stay hidden, bytes come as base64', async () => {
  const retained = [
    { topic: 'a/text', payload: Buffer.from('21.4'), qos: 1 as const, time: 1000 },
    { topic: 'a/bytes', payload: Buffer.from([0xff, 0xfe]), qos: 0 as const, time: 2000 },
    { topic: 'secret/key', payload: Buffer.from('x'), qos: 0 as const, time: 2000 },
  ];
  const { dataDir } = await startHttp({ retained });
  const { json } = await ask({ socketPath: join(dataDir, 'hub.sock') }, 'GET', '/api/v1/topics?filter=%23');
  expect(json).toEqual([
    { topic: 'a/text', payload: '21.4', qos: 1, time: 1000 },
    { topic: 'a/bytes', payload: '//4=', encoding: 'base64', qos: 0, time: 2000 },
  ]);
});
