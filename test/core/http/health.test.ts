import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, pluginDetails, startHttp } from './parts.ts';

const crashed = pluginDetails('acurite');
const PLUGINS = [
  { ...crashed, row: { ...crashed.row, state: 'crashed' as const, restarts: 5, rssBytes: 1024 } },
  pluginDetails('weather'),
];

test('tells a watchdog how the hub is, and nothing about the house', async () => {
  const { url } = await startHttp({ plugins: PLUGINS });
  const { status, json, text } = await ask(url, 'GET', '/api/v1/health');
  expect(status).toBe(200);
  expect(json).toMatchObject({
    status: 'ok',
    problems: [],
    plugins: { running: 1, crashed: 1 },
    queues: { brokerJournal: 7, brokerOffline: 6, recorder: 2 },
  });
  expect(text).not.toContain('acurite');
});

test('is degraded while the recorder cannot write', async () => {
  const { url } = await startHttp({ recorderProblem: 'disk full' });
  const { status, json } = await ask(url, 'GET', '/api/v1/health');
  expect(status).toBe(503);
  expect(json).toMatchObject({ status: 'degraded', problems: ['the recorder cannot write: disk full'] });
});

test('gives Prometheus a row for each plugin', async () => {
  const { dataDir } = await startHttp({ plugins: PLUGINS });
  const { text, headers } = await ask({ socketPath: join(dataDir, 'hub.sock') }, 'GET', '/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      '# TYPE cupboard_broker_received_messages_total counter',
      'cupboard_broker_received_messages_total 2',
      'cupboard_plugin_state{plugin="acurite",state="crashed"} 1',
      'cupboard_plugin_restarts_total{plugin="acurite"} 5',
      'cupboard_plugin_resident_memory_bytes{plugin="acurite"} 1024',
    ]),
  );
});
