import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpServer } from '../../../core/http/server.ts';
import { ask, cookieOf, pluginDetails, startHttp } from './parts.ts';

test('whoever reaches hub.sock is admin, and only its owner reaches it', async () => {
  const { dataDir } = await startHttp();
  const socketPath = join(dataDir, 'hub.sock');
  const answer = await ask({ socketPath }, 'GET', '/api/v1/session', { headers: { host: 'anything.example' } });
  expect(answer.json).toEqual({ user: 'local', role: 'admin' });
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
});

test('the page is there before anybody has logged in, the API is not', async () => {
  const { url } = await startHttp();
  const page = await ask(url, 'GET', '/');
  expect(page.status).toBe(200);
  expect(page.headers['content-type']).toMatch(/text\/html/);
  const plugins = await ask(url, 'GET', '/api/v1/plugins');
  expect(plugins.status).toBe(401);
  expect(plugins.headers['content-type']).toMatch(/application\/problem\+json/);
  expect(plugins.json).toMatchObject({ status: 401, title: 'Unauthorized', type: 'urn:cupboard:problem:login_needed' });
});

test('the first visit makes an account with the one-time link and is logged in by it', async () => {
  const { url, accountLink, logLines } = await startHttp();
  const link = new URL(accountLink());
  expect(link.pathname).toBe('/setup');
  const body = { token: link.hash.slice(1), user: 'ada', password: 'a long password' };
  const origin = { origin: url };
  const made = await ask(url, 'POST', '/api/v1/setup', { body, headers: origin });
  expect(made.json).toEqual({ user: 'ada', role: 'admin' });
  expect(made.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict$/);
  const session = await ask(url, 'GET', '/api/v1/session', { headers: { cookie: cookieOf(made) } });
  expect(session.json).toEqual({ user: 'ada', role: 'admin' });
  const again = await ask(url, 'POST', '/api/v1/setup', { body: { ...body, user: 'eve' }, headers: origin });
  expect(again.status).toBe(403);
  for (const secret of [body.token, body.password, cookieOf(made).split('=')[1]!]) {
    expect(logLines()).not.toContain(secret);
  }
});

test('names its holder and the way out when the port is taken', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  onTestFinished(() => void holder.close());
  const { port } = holder.address() as AddressInfo;
  const { parts } = await startHttp();
  const config = { ...parts.config, onChange: () => undefined, current: withListen(parts, `127.0.0.1:${port}`) };
  const starting = createHttpServer({ ...parts, config: config as unknown as typeof parts.config }).start();
  await expect(starting).rejects.toMatchObject({ code: 'port_busy' });
  await expect(starting).rejects.toThrow(new RegExp(`\\(pid ${process.pid}\\).*--http 127.0.0.1:`));
});

test('does not open itself to the network before there is an account', async () => {
  const { parts } = await startHttp();
  const config = { ...parts.config, onChange: () => undefined, current: withListen(parts, '0.0.0.0:0') };
  const open = { ...parts, config: config as unknown as typeof parts.config };
  await expect(createHttpServer(open).start()).rejects.toMatchObject({ code: 'http_open_without_accounts' });
});

test('stays where it is when http.listen changes to an address it cannot use', async () => {
  const { url, parts, logLines } = await startHttp();
  await parts.config.edit([{ path: ['http', 'listen'], value: '0.0.0.0:0' }]);
  await expect.poll(logLines).toMatch(/http.listen is not used.*no account yet/);
  await expect.poll(() => ask(url, 'GET', '/').then(({ status }) => status, String)).toBe(200);
});

test('moves from loopback to the network on the same port once there is an account', async () => {
  const { url, parts, accounts, accountLink, logLines } = await startHttp();
  await accounts.addUser('ada', 'correct horse', 'admin');
  const { port } = new URL(url);
  await parts.config.edit([{ path: ['http', 'listen'], value: `0.0.0.0:${port}` }]);
  await expect.poll(logLines).toContain(`the page is now at http://${hostname()}:${port}`);
  expect((await ask(url, 'GET', '/')).status).toBe(200);
  expect(new URL(accountLink()).hostname).toBe(hostname().toLowerCase());
});

function withListen({ config }: { config: { current: object } }, listen: string) {
  return { ...config.current, http: { listen, hosts: [], trust_proxy: [] } };
}

test('shows a plugin with the kind of page it has', async () => {
  const { dataDir } = await startHttp({
    plugins: [pluginDetails('mine', { panel: 'panel.js', firstParty: false }), pluginDetails('plain')],
  });
  const { json } = await ask({ socketPath: join(dataDir, 'hub.sock') }, 'GET', '/api/v1/plugins');
  expect(json).toMatchObject([{ id: 'mine', panel: 'frame' }, { id: 'plain' }]);
});
