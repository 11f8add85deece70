import { EventEmitter, once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../support/hub.ts';
import { ask, pluginDetails, startHttp } from './parts.ts';

/** A hub with a plugin whose own HTTP server is `listener`. */
async function startWithPages(listener: RequestListener) {
  const folder = await temporaryFolder();
  const socket = join(folder, 'http.sock');
  const server = createServer(listener).listen(socket);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const world = await startHttp({ plugins: [pluginDetails('mine')], sockets: { mine: socket } });
  await world.accounts.addUser('ada', 'correct horse', 'admin');
  const token = await world.accounts.addToken('script', 'admin');
  return { ...world, admin: { authorization: `Bearer ${token}` } };
}

const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(201, { 'content-type': 'application/json', 'set-cookie': 'x=1', 'x-own': 'yes' });
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
};

test('passes requests on with their full path, without what proves who asks', async () => {
  const { url, admin } = await startWithPages(echo);
  const headers = { ...admin, cookie: 'a=b', 'x-cupboard-user': 'eve', 'content-type': 'text/plain' };
  const answer = await ask(url, 'POST', '/plugins/mine/files/a%20b?x=1', { body: 'hello', headers });
  expect(answer.status).toBe(201);
  expect(answer.json).toMatchObject({
    method: 'POST',
    url: '/plugins/mine/files/a%20b?x=1',
    body: 'hello',
    headers: { 'x-cupboard-user': 'script', 'x-cupboard-role': 'admin' },
  });
  expect(answer.json['headers']).not.toHaveProperty('cookie');
  expect(answer.json['headers']).not.toHaveProperty('authorization');
  expect(answer.headers).toMatchObject({ 'x-own': 'yes', 'x-content-type-options': 'nosniff' });
  expect(answer.headers['content-security-policy']).toMatch(/^sandbox allow-scripts allow-forms;/);
  expect(answer.headers).not.toHaveProperty('set-cookie');
});

test('a body stays a body, so that a viewer cannot smuggle in a request of an admin', async () => {
  const asked: string[] = [];
  const { url, accounts } = await startWithPages((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    echo(request, response);
  });
  const token = await accounts.addToken('viewer', 'viewer');
  const smuggled = 'POST /plugins/mine/all HTTP/1.1\r\nhost: x\r\nx-cupboard-role: admin\r\ncontent-length: 0\r\n\r\n';
  const headers = { authorization: `Bearer ${token}`, 'transfer-encoding': 'chunked' };
  const answer = await ask(url, 'GET', '/plugins/mine/look', { body: smuggled, headers });
  expect(answer.json).toMatchObject({ method: 'GET', body: smuggled, headers: { 'x-cupboard-role': 'viewer' } });
  expect(asked).toEqual(['GET /plugins/mine/look']);
});

test('lets nobody in without a login', async () => {
  const { url } = await startWithPages(echo);
  expect((await ask(url, 'GET', '/plugins/mine/')).status).toBe(401);
  expect((await ask(url, 'GET', '/plugins/mine/panel.js')).status).toBe(401);
  expect((await ask(url, 'GET', '/plugins/mine/panel/map.js')).status).toBe(401);
  expect((await ask(url, 'GET', '/plugins/mine/frame')).status).toBe(401);
});

test('streams an answer as it comes', async () => {
  const { dataDir } = await startWithPages((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    // The rest follows only when the first part has arrived at the other end.
    response.write('data: first\n\n');
  });
  const asked = request({ socketPath: join(dataDir, 'hub.sock'), path: '/plugins/mine/stream' }).end();
  const [response] = await once(asked, 'response');
  const [chunk] = await once(response, 'data');
  expect(String(chunk)).toBe('data: first\n\n');
  asked.destroy();
});

test('a client that goes away ends the request at the plugin', async () => {
  const served = new EventEmitter();
  const { dataDir } = await startWithPages((_request, response) => {
    response.write('begun');
    response.on('close', () => served.emit('ended'));
  });
  const ended = once(served, 'ended');
  const asked = request({ socketPath: join(dataDir, 'hub.sock'), path: '/plugins/mine/slow' }).end();
  await once(asked, 'response');
  asked.destroy();
  await ended;
});

test('a plugin that breaks off is a bad gateway, one that does not run is said to be so', async () => {
  const { url, admin } = await startWithPages((request) => request.socket.destroy());
  const broken = await ask(url, 'GET', '/plugins/mine/x', { headers: admin });
  expect(broken).toMatchObject({ status: 502, json: { type: 'urn:cupboard:problem:plugin_pages_broken' } });

  const stopped = pluginDetails('stopped');
  const { dataDir } = await startHttp({ plugins: [{ ...stopped, row: { ...stopped.row, state: 'crashed' } }] });
  const answer = await ask({ socketPath: join(dataDir, 'hub.sock') }, 'GET', '/plugins/stopped/x');
  expect(answer).toMatchObject({ status: 503, json: { detail: 'stopped is crashed' } });
});

async function pluginWithPanel(firstParty: boolean) {
  const folder = join(await temporaryFolder(), 'plugin');
  await mkdir(folder);
  await writeFile(join(folder, 'panel.js'), 'export default () => () => undefined;\n');
  await mkdir(join(folder, 'panel'));
  await writeFile(join(folder, 'panel', 'map-1A2B.js'), 'export const map = 1;\n');
  await writeFile(join(folder, 'panel', 'notes.txt'), 'not for the browser');
  await writeFile(join(folder, '..', 'outside.js'), 'secret');
  return pluginDetails('mine', { panel: 'panel.js', folder, firstParty });
}

test('serves the panel of a plugin, and its map when there is one', async () => {
  const { dataDir } = await startHttp({ plugins: [await pluginWithPanel(true), pluginDetails('plain')] });
  const local = { socketPath: join(dataDir, 'hub.sock') };
  const panel = await ask(local, 'GET', '/plugins/mine/panel.js');
  expect(panel).toMatchObject({ status: 200, text: 'export default () => () => undefined;\n' });
  expect(panel.headers['content-type']).toMatch(/javascript/);
  expect((await ask(local, 'GET', '/plugins/mine/panel.js.map')).status).toBe(404);
  expect((await ask(local, 'GET', '/plugins/plain/panel.js')).status).toBe(404);
  expect((await ask(local, 'GET', '/plugins/nobody/panel.js')).status).toBe(404);
});

test('serves what a panel loads on demand, and nothing else of the folder', async () => {
  const { dataDir } = await startHttp({ plugins: [await pluginWithPanel(true)] });
  const local = { socketPath: join(dataDir, 'hub.sock') };
  const part = await ask(local, 'GET', '/plugins/mine/panel/map-1A2B.js');
  expect(part).toMatchObject({ status: 200, text: 'export const map = 1;\n' });
  for (const path of ['notes.txt', 'none.js', '..%2Fpanel.js', '..%2F..%2Foutside.js', '%2e%2e%2fpanel.js', 'a%00.js'])
    expect((await ask(local, 'GET', `/plugins/mine/panel/${path}`)).status).toBe(404);
});

test('a panel in TypeScript needs no build by who drops it in', async () => {
  const folder = await temporaryFolder();
  await writeFile(
    join(folder, 'panel.ts'),
    "import css from './panel.css';\nexport default (e: Element): string => css;\n",
  );
  await writeFile(join(folder, 'panel.css'), '.gauge { color: teal }');
  const { dataDir } = await startHttp({ plugins: [pluginDetails('mine', { panel: 'panel.ts', folder })] });
  const local = { socketPath: join(dataDir, 'hub.sock') };
  const panel = await ask(local, 'GET', '/plugins/mine/panel.js');
  expect(panel.headers['content-type']).toMatch(/javascript/);
  expect(panel.text).toContain('.gauge { color: teal }');
  expect(panel.text).not.toContain(': Element');
  await writeFile(join(folder, 'panel.ts'), 'export default (;\n');
  const broken = await ask(local, 'GET', '/plugins/mine/panel.js');
  expect(broken).toMatchObject({ status: 422, json: { detail: expect.stringMatching(/^panel\.ts:1:\d+: /) } });
});

test('no manifest makes the hub serve what lies outside the plugin folder', async () => {
  const plugin = await pluginWithPanel(false);
  for (const panel of ['../outside.js', '..%2foutside.js', '/etc/hostname']) {
    const manifest = { ...plugin.manifest!, panel };
    const { dataDir } = await startHttp({ plugins: [{ ...plugin, manifest }] });
    const answer = await ask({ socketPath: join(dataDir, 'hub.sock') }, 'GET', '/plugins/mine/panel.js');
    expect([panel, answer.status]).toEqual([panel, 404]);
  }
});

test('a third-party panel runs in a frame without origin, which alone gets the key to its module', async () => {
  const { url, dataDir } = await startHttp({ plugins: [await pluginWithPanel(false)] });
  const frame = await ask({ socketPath: join(dataDir, 'hub.sock') }, 'GET', '/plugins/mine/frame');
  expect(frame.headers['content-security-policy']).toMatch(/^sandbox allow-scripts allow-forms; default-src 'none'/);
  expect(frame.headers).not.toHaveProperty('x-frame-options');
  const module = /data-panel="([^"]+)"/.exec(frame.text)?.[1] ?? '';
  const panel = await ask(url, 'GET', module, { headers: { origin: 'null' } });
  expect(panel).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': 'null' } });
  expect((await ask(url, 'GET', `${module}x`, { headers: { origin: 'null' } })).status).toBe(401);
});
