import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import type { PluginRow } from '../../core/plugins/contract.ts';
import { openBrowser } from '../support/browser.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { createChecker, type OpenApi } from '../support/openapi.ts';
import { testNeeding } from '../support/prerequisites.ts';

const run = promisify(execFile);

const MANIFEST = {
  id: 'oven',
  name: 'Oven',
  version: '1.0.0',
  description: 'Bakes bread',
  license: 'MIT',
  hub: '1',
  main: 'index.ts',
  panel: 'panel.ts',
  config: {
    type: 'object',
    properties: {
      degrees: { type: 'integer', minimum: 0, maximum: 300, default: 200 },
      key: { type: 'string', format: 'password' },
    },
  },
  commands: {
    bake: { description: 'Bakes a loaf', args: { type: 'object', properties: { loaf: { type: 'string' } } } },
    burn: { description: 'For admins', admin: true },
    sleep: { description: 'Answers too late', timeoutSeconds: 1 },
  },
};

const MAIN = `
import type { Hub } from 'cupboard/sdk';
import { createHash } from 'node:crypto';
export default async (hub: Hub<{ degrees: number; key?: string }>) => {
  const device = hub.device('chamber', { name: 'Chamber', sensors: { temperature: { unit: '°C' } } });
  await device.report({ temperature: hub.config.degrees });
  hub.command('bake', (args, from) => ({ ok: true, loaf: args.loaf ?? 'rye', user: from.user, admin: from.admin, key: hub.config.key?.length ?? 0 }));
  hub.command('burn', () => ({ ok: false, error: 'it is bread, not coal' }));
  hub.command('sleep', () => new Promise(() => undefined));
  const router = await hub.http();
  router.put('/recipe', (request, response) => {
    const hash = createHash('sha256');
    request.on('data', (chunk) => hash.update(chunk)).on('end', () => response.json({ sha256: hash.digest('hex'), cookie: request.headers.cookie ?? null }));
  });
  await hub.event('warm', {});
};
`;

const PANEL = `
import type { MountPanel } from 'cupboard/sdk/panel';
const mount: MountPanel = (element, api) => {
  const cookie = (() => { try { return document.cookie; } catch (error) { return (error as Error).name; } })();
  const write = (text: string) => { element.textContent = text; };
  fetch('/api/v1/session').then(() => 'reached', () => 'blocked').then((session) =>
    api.subscribe('oven/chamber/temperature', (_topic, payload) => write(\`\${payload} degrees, \${cookie}, \${session}\`)));
  return () => undefined;
};
export default mount;
`;

/** A hub with a third-party plugin in its folder, running. */
async function startWithOven(config = 'name: Bakery # ours\n'): Promise<RunningHub> {
  const dataDir = await temporaryFolder();
  const folder = join(dataDir, 'plugins/oven');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'plugin.json'), JSON.stringify(MANIFEST));
  await writeFile(join(folder, 'index.ts'), MAIN);
  await writeFile(join(folder, 'panel.ts'), PANEL);
  const hub = await startHub({ dataDir, config });
  await running(hub);
  return hub;
}

const running = (hub: RunningHub) =>
  waitFor('the oven to run', async () => {
    const { body } = await hub.api<PluginRow[]>('GET', '/api/v1/plugins');
    return body.some(({ id, state }) => id === 'oven' && state === 'running');
  });

/** Asks as scripts do. */
async function curl(hub: RunningHub, method: string, path: string, body?: unknown) {
  const socket = ['--unix-socket', join(hub.dataDir, 'hub.sock')];
  const data = body === undefined ? [] : ['--json', JSON.stringify(body)];
  const format = ['--write-out', '\n%{http_code} %{content_type}'];
  const { stdout } = await run('curl', ['-sS', ...socket, ...data, ...format, '-X', method, `http://hub${path}`]);
  const end = stdout.lastIndexOf('\n');
  const [status = '', type = ''] = stdout.slice(end + 1).split(/[ ;]+/);
  return { status: Number(status), type, text: stdout.slice(0, end) };
}

testNeeding('curl')('a running hub answers curl as its openapi.json says', async () => {
  const hub = await startWithOven();
  const document = JSON.parse((await curl(hub, 'GET', '/api/v1/openapi.json')).text) as OpenApi;
  const check = createChecker(document);
  await waitFor('the history of the oven', async () => {
    const { body } = await hub.api<{ series: string }[]>('GET', '/api/v1/series');
    return body.some(({ series }) => series === 'oven/chamber/temperature');
  });
  const asked: readonly [operation: string, status: number, path?: string | undefined, body?: unknown][] = [
    ['get /api/v1/health', 200],
    ['get /metrics', 200],
    ['get /api/v1/session', 200],
    ['get /api/v1/users', 200],
    ['get /api/v1/tokens', 200],
    ['get /api/v1/settings', 200],
    ['get /api/v1/plugins', 200],
    ['get /api/v1/plugins/{id}', 200, '/api/v1/plugins/oven'],
    ['get /api/v1/plugins/{id}/config', 200, '/api/v1/plugins/oven/config'],
    ['put /api/v1/plugins/{id}/config', 422, '/api/v1/plugins/oven/config', { degrees: 999 }],
    ['get /api/v1/topics', 200, '/api/v1/topics?filter=oven/%23'],
    ['post /api/v1/publish', 204, undefined, { topic: 'light/kitchen', payload: 'on', qos: 1, retain: true }],
    ['post /api/v1/publish', 403, undefined, { topic: 'oven/chamber', payload: 'forged' }],
    ['get /api/v1/series', 200],
    ['get /api/v1/history', 200, '/api/v1/history?series=oven/chamber/temperature'],
    ['get /api/v1/history', 200, '/api/v1/history?series=oven/chamber/temperature&format=csv'],
    ['get /api/v1/history', 404, '/api/v1/history?series=oven/none/temperature'],
    ['get /api/v1/events', 200, '/api/v1/events?filter=oven/event/%23'],
    ['get /api/v1/logs', 200, '/api/v1/logs?plugin=oven&level=debug'],
    ['post /api/v1/plugins/{id}/commands/{name}', 200, '/api/v1/plugins/oven/commands/burn', {}],
    ['post /api/v1/plugins/{id}/commands/{name}', 404, '/api/v1/plugins/oven/commands/none', {}],
    ['post /api/v1/plugins/{id}/commands/{name}', 422, '/api/v1/plugins/oven/commands/bake', { loaf: 7 }],
    ['post /api/v1/plugins/{id}/commands/{name}', 504, '/api/v1/plugins/oven/commands/sleep', {}],
    ['post /api/v1/plugins/{id}/stop', 200, '/api/v1/plugins/oven/stop'],
    ['post /api/v1/plugins/{id}/commands/{name}', 409, '/api/v1/plugins/oven/commands/bake', {}],
    ['post /api/v1/plugins/{id}/start', 200, '/api/v1/plugins/oven/start'],
    ['post /api/v1/plugins/{id}/start', 404, '/api/v1/plugins/none/start'],
  ];
  for (const [operation, status, path, body] of asked) {
    const [method = '', pattern = ''] = operation.split(' ');
    const answer = await curl(hub, method.toUpperCase(), path ?? pattern, body);
    expect([operation, answer.status, answer.text]).toEqual([operation, status, answer.text]);
    expect(check(operation, answer)).toEqual([]);
  }
});

test('a command is told who sent it and answers unwrapped', async () => {
  const hub = await startWithOven();
  const answer = await hub.api('POST', '/api/v1/plugins/oven/commands/bake', { loaf: 'wheat' });
  expect(answer).toEqual({ status: 200, body: { ok: true, loaf: 'wheat', user: 'local', admin: true, key: 0 } });
});

test('settings of a plugin go into the file, its password does not, and the plugin runs with both', async () => {
  const hub = await startWithOven();
  const { body } = await hub.api('PUT', '/api/v1/plugins/oven/config', { degrees: 180, key: 'a-secret-key' });
  expect(body).toMatchObject({ config: { degrees: 180, key: '********' } });
  await waitFor('the new settings', async () => {
    const { body } = await hub.api<{ payload: string }[]>('GET', '/api/v1/topics?filter=oven/chamber/temperature');
    return body[0]?.payload === '180';
  });
  await running(hub);
  const baked = await hub.api('POST', '/api/v1/plugins/oven/commands/bake', {});
  expect(baked.body).toMatchObject({ key: 'a-secret-key'.length });
  const yaml = await readFile(join(hub.dataDir, 'cupboard.yaml'), 'utf8');
  expect(yaml).toContain('name: Bakery # ours');
  expect(yaml).not.toContain('a-secret-key');
  expect(hub.output()).not.toContain('a-secret-key');
});

test('uploads reach the plugin whole, without the cookie', async () => {
  const hub = await startWithOven();
  const token = await tokenFor(hub, 'admin');
  const body = randomBytes(5_000_000);
  const response = await fetch(`${hub.http}/plugins/oven/recipe`, {
    method: 'PUT',
    body,
    headers: { authorization: `Bearer ${token}`, cookie: 'mine=1' },
  });
  expect(await response.json()).toEqual({ sha256: createHash('sha256').update(body).digest('hex'), cookie: null });
});

async function tokenFor(hub: RunningHub, role: 'admin' | 'viewer'): Promise<string> {
  const { body } = await hub.api<{ token: string }>('POST', '/api/v1/tokens', { name: `a-${role}`, role });
  return body.token;
}

test('MQTT over WebSocket: a viewer listens, an admin speaks', async () => {
  const hub = await startWithOven();
  const connect = async (role: 'admin' | 'viewer') => {
    const headers = { authorization: `Bearer ${await tokenFor(hub, role)}` };
    const url = `${hub.http.replace('http', 'ws')}/mqtt`;
    const client = await connectAsync(url, { wsOptions: { headers }, protocolVersion: 5, reconnectPeriod: 0 });
    onTestFinished(() => client.endAsync(true));
    return client;
  };
  const [admin, viewer] = await Promise.all([connect('admin'), connect('viewer')]);
  const heard: string[] = [];
  viewer.on('message', (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
  await viewer.subscribeAsync(['hub/status', 'light/#'], { qos: 1 });
  await admin.publishAsync('light/kitchen', 'on', { qos: 1 });
  await expect(viewer.publishAsync('light/kitchen', 'off', { qos: 1 })).rejects.toThrow(/authorized/i);
  await waitFor('both messages', () => heard.length >= 2);
  expect(heard.sort()).toEqual(['hub/status online', 'light/kitchen on']);
});

testNeeding('chromium')('the panel of a stranger shows what it may and reaches neither cookie nor API', async () => {
  const hub = await startWithOven();
  const { page, close } = await openBrowser();
  onTestFinished(close);
  const { body } = await hub.api<{ url: string }>('POST', '/api/v1/users/link');
  await page.goto(body.url);
  const account = { token: new URL(body.url).hash.slice(1), user: 'ada', password: 'correct horse' };
  const made = await page.evaluate(async (text) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch('/api/v1/setup', { method: 'POST', headers, body: text })).status;
  }, JSON.stringify(account));
  expect(made).toBe(200);
  await page.goto(`${hub.http}/panel/oven`);
  const frame = page.frameLocator('iframe');
  await frame.getByText('200 degrees, SecurityError, blocked').waitFor();
});
