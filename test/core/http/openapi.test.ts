import { join } from 'node:path';
import type { Express } from 'express';
import { expect, test } from 'vitest';
import { createApp } from '../../../core/http/app.ts';
import type { JsonObject } from '../../../core/sdk/contract.ts';
import { createChecker, type OpenApi } from '../../support/openapi.ts';
import { ask, pluginDetails, startHttp } from './parts.ts';

const PLUGIN = pluginDetails('acurite', { config: { type: 'object', properties: { path: { type: 'string' } } } });

/** A request for every operation, and the status it must be answered with. */
const EXAMPLES: Readonly<Record<string, { path?: string; body?: unknown; status: number }>> = {
  'get /api/v1/health': { status: 200 },
  'get /metrics': { status: 200 },
  'get /api/v1/session': { status: 200 },
  'post /api/v1/users': { body: { name: 'ada', password: 'correct horse', role: 'admin' }, status: 201 },
  'post /api/v1/login': { body: { user: 'ada', password: 'correct horse' }, status: 200 },
  'post /api/v1/setup': { body: { token: 'none', user: 'eve', password: 'correct horse' }, status: 403 },
  'get /api/v1/users': { status: 200 },
  'post /api/v1/users/link': { status: 200 },
  'put /api/v1/users/{name}': { path: '/api/v1/users/ada', body: { password: 'battery staple' }, status: 200 },
  'delete /api/v1/users/{name}': { path: '/api/v1/users/ada', status: 409 },
  'post /api/v1/tokens': { body: { name: 'backup', role: 'viewer' }, status: 201 },
  'get /api/v1/tokens': { status: 200 },
  'delete /api/v1/tokens/{name}': { path: '/api/v1/tokens/backup', status: 204 },
  'get /api/v1/settings': { status: 200 },
  'put /api/v1/settings': {
    body: { name: 'Home', location: { latitude: 52.5, longitude: 13.4 }, timezone: 'Europe/Berlin', units: 'uk' },
    status: 200,
  },
  'get /api/v1/plugins': { status: 200 },
  'post /api/v1/plugins': { body: { source: '/tmp/plugin' }, status: 201 },
  'get /api/v1/plugins-outdated': { status: 200 },
  'post /api/v1/plugins/{id}/rollback': { path: '/api/v1/plugins/acurite/rollback', status: 200 },
  'get /api/v1/plugins/{id}': { path: '/api/v1/plugins/acurite', status: 200 },
  'delete /api/v1/plugins/{id}': { path: '/api/v1/plugins/acurite', status: 204 },
  'post /api/v1/plugins/{id}/start': { path: '/api/v1/plugins/acurite/start', status: 200 },
  'post /api/v1/plugins/{id}/stop': { path: '/api/v1/plugins/acurite/stop', status: 200 },
  'post /api/v1/plugins/{id}/restart': { path: '/api/v1/plugins/acurite/restart', status: 200 },
  'post /api/v1/plugins/{id}/enable': { path: '/api/v1/plugins/acurite/enable', status: 200 },
  'post /api/v1/plugins/{id}/disable': { path: '/api/v1/plugins/nobody/disable', status: 404 },
  'get /api/v1/plugins/{id}/config': { path: '/api/v1/plugins/acurite/config', status: 200 },
  'put /api/v1/plugins/{id}/config': { path: '/api/v1/plugins/acurite/config', body: { path: '1-1' }, status: 200 },
  'post /api/v1/plugins/{id}/commands/{name}': {
    path: '/api/v1/plugins/acurite/commands/greet',
    body: { name: 'Ada' },
    status: 200,
  },
  'get /api/v1/topics': { path: '/api/v1/topics?filter=acurite/%23', status: 200 },
  'post /api/v1/publish': { body: { topic: 'a/b', payload: { on: true }, qos: 1, retain: true }, status: 204 },
  'get /api/v1/series': { status: 200 },
  'get /api/v1/history': { path: '/api/v1/history?series=acurite/outdoor/temperature&from=0', status: 200 },
  'get /api/v1/events': { path: '/api/v1/events?from=2026-11-22T00:00:00Z&filter=acurite/%23', status: 200 },
  'get /api/v1/logs': { path: '/api/v1/logs?plugin=hub&level=info&limit=5', status: 200 },
  'get /ca.crt': { status: 404 },
  'post /api/v1/logout': { status: 204 },
  'get /api/v1/openapi.json': { status: 200 },
};

async function start() {
  const world = await startHttp({
    plugins: [PLUGIN],
    retained: [{ topic: 'acurite/status', payload: Buffer.from('online'), qos: 1, time: 1000 }],
  });
  const local = { socketPath: join(world.dataDir, 'hub.sock') };
  const document = (await ask(local, 'GET', '/api/v1/openapi.json')).json as unknown as OpenApi;
  return { ...world, local, document };
}

const operationsOf = ({ paths }: OpenApi) =>
  Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));

/** `get /api/v1/users/{name}` of every route that express would answer. */
function routesOf(app: Express): string[] {
  const layers = app.router.stack as unknown as { route?: { path: string; methods: Record<string, boolean> } }[];
  return layers.flatMap(({ route }) =>
    route ? Object.keys(route.methods).map((method) => `${method} ${route.path.replace(/:(\w+)/g, '{$1}')}`) : [],
  );
}

test('describes exactly the routes that exist', async () => {
  const { parts, document } = await start();
  const app = createApp({
    ...parts,
    gate: { admit: () => undefined },
    peerOf: () => ({ address: undefined, hosts: [], secure: false }),
    vitals: { read: () => Promise.reject(new Error('not asked')), close: () => undefined },
    accountLink: () => '',
    log: parts.logs.logger('hub'),
  });
  expect(operationsOf(document).sort()).toEqual(routesOf(app).sort());
  expect(operationsOf(document).sort()).toEqual(Object.keys(EXAMPLES).sort());
});

test('every operation answers as its schema says', async () => {
  const { local, document } = await start();
  const check = createChecker(document);
  for (const [operation, { path, body, status }] of Object.entries(EXAMPLES)) {
    const [method = '', pattern = ''] = operation.split(' ');
    const answer = await ask(local, method.toUpperCase(), path ?? pattern, { body });
    expect([operation, answer.status, answer.text]).toEqual([operation, status, answer.text]);
    expect(check(operation, answer)).toEqual([]);
  }
});

test('every operation refuses a stranger as its schema says', async () => {
  const { url, document } = await start();
  const check = createChecker(document);
  for (const [operation, { path, body }] of Object.entries(EXAMPLES)) {
    const [method = '', pattern = ''] = operation.split(' ');
    const answer = await ask(url, method.toUpperCase(), path ?? pattern, { body });
    const isPublic = ['/api/v1/health', '/api/v1/login', '/api/v1/setup', '/api/v1/openapi.json', '/ca.crt'].includes(
      pattern,
    );
    expect([operation, answer.status === 401]).toEqual([operation, !isPublic || pattern === '/api/v1/login']);
    expect(check(operation, answer)).toEqual([]);
  }
});

test('names what is wrong with a request, by its place', async () => {
  const { local, url } = await start();
  const history = await ask(local, 'GET', '/api/v1/history?from=yesterday&points=many&colour=red');
  expect(history).toMatchObject({ status: 422, json: { type: 'urn:cupboard:problem:request_invalid' } });
  expect((history.json['problems'] as JsonObject[]).map((each) => each['path']).sort()).toEqual([
    'query.colour',
    'query.points',
    'query.series',
  ]);
  const when = await ask(local, 'GET', '/api/v1/history?series=a&from=yesterday');
  expect(when.json['problems']).toEqual([
    { path: 'query.from', message: 'expected epoch ms or ISO 8601, got "yesterday"' },
  ]);
  const publish = await ask(local, 'POST', '/api/v1/publish', { body: { topic: 'a/#', payload: 1, qos: 3 } });
  expect((publish.json['problems'] as JsonObject[]).map((each) => each['path'])).toEqual(['topic', 'qos']);
  expect((await ask(local, 'POST', '/api/v1/publish', { body: '{"topic":' })).status).toBe(400);
  const large = JSON.stringify({ user: 'ada', password: 'x'.repeat(2 ** 20) });
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${url}/api/v1/login`, { method: 'POST', headers, body: large })).status).toBe(413);
});
