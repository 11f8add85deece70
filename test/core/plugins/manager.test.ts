import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { startPlugins, writePlugin } from './bed.ts';

const THERMOMETER = `
import type { Hub } from 'cupboard/sdk';
export default async function start(hub: Hub<{ offset: number }>) {
  const room = hub.device('room', { name: 'Room', sensors: { temperature: { unit: '°C', period: 60 } } });
  await room.report({ temperature: 20 + hub.config.offset });
  hub.command('double', ({ value }: { value: number }, from) => ({ ok: true, value: value * 2, by: from.user }));
}
`;
const MANIFEST = {
  config: { type: 'object', properties: { offset: { type: 'number', default: 1.5 } } },
  commands: {
    double: {
      description: 'doubles',
      args: { type: 'object', required: ['value'], properties: { value: { type: 'number' } } },
    },
  },
};

test('a TypeScript folder dropped into the data directory runs, reports and takes commands', async () => {
  const bed = await startPlugins();
  await bed.drop('room', { 'index.ts': THERMOMETER }, MANIFEST);
  await bed.reaches('room', 'running');
  expect(bed.retained('room/status')).toBe('online');
  expect(JSON.parse(bed.retained('room/room') ?? '')).toMatchObject({ temperature: 21.5, updated: ['temperature'] });
  expect(bed.retained('room/room/temperature')).toBe('21.5');
  const description = await waitFor('the description', () => bed.retained('hub/devices/room/room'));
  expect(JSON.parse(description)).toEqual({ name: 'Room', sensors: { temperature: { unit: '°C', period: 60 } } });
  const status = await waitFor('the status', () => /.*"running".*/.exec(bed.retained('hub/plugins/room') ?? '')?.[0]);
  expect(JSON.parse(status)).toMatchObject({ state: 'running', version: '1.0.0', restarts: 0 });

  const from = { user: 'ann', admin: true };
  expect(await bed.manager.command('room', 'double', { value: 21 }, from)).toEqual({
    kind: 'answer',
    answer: { ok: true, value: 42, by: 'ann' },
  });
  expect(await bed.manager.command('room', 'double', { value: 'x' }, from)).toMatchObject({
    kind: 'bad_arguments',
    problems: [{ path: 'value', message: 'expected a number, got "x"' }],
  });
  expect(await bed.manager.command('room', 'duble', {}, from)).toMatchObject({
    kind: 'unknown',
    message: 'room has no command "duble"; did you mean "double"?',
  });
});

const NOTHING = { 'index.js': 'export default () => {};' };
const JS = { main: 'index.js' };
const ANN = { user: 'ann', admin: true };

test('a folder that asks for more runs once enabled, and an upgrade that asks for more stops it again', async () => {
  const bed = await startPlugins();
  await bed.drop('asker', NOTHING, { ...JS, subscribes: ['acurite/#'] });
  expect(await bed.reaches('asker', 'disabled')).toMatchObject({
    reason: 'asks for subscribe acurite/#: cupboard plugins enable asker',
    permissions: { publishes: [], subscribes: ['acurite/#'] },
  });
  await expect(bed.manager.act('asker', 'start')).rejects.toMatchObject({ code: 'plugin_not_runnable' });
  await bed.manager.act('asker', 'enable');
  await bed.reaches('asker', 'running');
  await bed.drop('asker', NOTHING, { ...JS, version: '2.0.0', subscribes: ['acurite/#', 'photos/#'] });
  expect((await bed.reaches('asker', 'disabled')).reason).toBe(
    'asks for subscribe photos/#: cupboard plugins enable asker',
  );
  await bed.manager.act('asker', 'enable');
  await bed.reaches('asker', 'running');
  expect(await bed.manager.act('asker', 'disable')).toMatchObject({
    state: 'disabled',
    reason: 'disabled by the user',
  });
});

test('a changed config restarts exactly the plugin it is about', async () => {
  const bed = await startPlugins();
  const config = { config: { type: 'object', properties: { n: { type: 'integer', default: 1 } } } };
  const telling = { 'index.js': `export default (hub) => { hub.log.info('n=' + hub.config.n); };` };
  await bed.drop('one', telling, { ...JS, ...config });
  await bed.drop('two', telling, { ...JS, ...config });
  await bed.reaches('one', 'running');
  const { since } = await bed.reaches('two', 'running');
  await bed.configure({ one: { n: 2 } });
  await waitFor('the new value', () => bed.logOf('one').includes('n=2'));
  await bed.reaches('one', 'running');
  expect(bed.manager.find('two')?.row.since).toBe(since);
  expect(bed.logOf('two')).not.toContain('n=2');
  await bed.configure({ one: { n: 'x' } });
  expect(await bed.reaches('one', 'invalid')).toMatchObject({ reason: 'plugins.one.n: expected an integer, got "x"' });
});

test('a second instance has a tree and a data folder of its own', async () => {
  const bed = await startPlugins({ plugins: { 'room-2': { use: 'room', offset: 5 } } });
  await bed.drop('room', { 'index.ts': THERMOMETER }, MANIFEST);
  expect(await bed.reaches('room-2', 'running')).toMatchObject({ name: 'room (room-2)' });
  await bed.reaches('room', 'running');
  expect(bed.retained('room/room/temperature')).toBe('21.5');
  expect(bed.retained('room-2/room/temperature')).toBe('25');
});

test('a removed folder stops, its row and its topics go, its data stays', async () => {
  const bed = await startPlugins();
  const folder = await bed.drop('room', { 'index.ts': THERMOMETER }, MANIFEST);
  await bed.reaches('room', 'running');
  await rm(folder, { recursive: true });
  await waitFor('the row to go', () => bed.manager.find('room') === undefined);
  await waitFor('the topics to go', () => bed.broker.retained('#').length === 0);
  expect(existsSync(join(bed.dataDir, 'plugin-data', 'room'))).toBe(true);
});

test('a plugin configured by a wrong name is named with the one that was meant', async () => {
  const bed = await startPlugins({ plugins: { rom: {} } });
  await bed.drop('room', { 'index.ts': THERMOMETER }, MANIFEST);
  await bed.reaches('room', 'running');
  expect((await bed.reaches('rom', 'invalid')).reason).toBe('there is no plugin "rom"; did you mean "room"?');
});

test('in the demo, what ships with the hub runs with its demo config, and nothing else of it runs', async () => {
  const firstParty = await temporaryFolder();
  const settings = { config: { type: 'object', required: ['port'], properties: { port: { type: 'string' } } } };
  const files = { 'index.js': `export default (hub) => { hub.log.info('port ' + hub.config.port); };` };
  await writePlugin(
    join(firstParty, 'modem'),
    'modem',
    { ...files, 'demo.json': '{"port":"simulator"}' },
    { ...JS, ...settings },
  );
  await writePlugin(join(firstParty, 'camera'), 'camera', files, { ...JS, ...settings });
  const bed = await startPlugins({ firstParty, demo: true });
  await bed.reaches('modem', 'running');
  expect(bed.logOf('modem')).toContain('port simulator');
  expect(bed.manager.find('camera')?.row.state).toBe('unconfigured');
});

test('a folder cannot take the id of a plugin that ships with the hub', async () => {
  const firstParty = await temporaryFolder();
  await writePlugin(join(firstParty, 'modem'), 'modem', NOTHING, JS);
  const bed = await startPlugins({ firstParty });
  await bed.drop('other', NOTHING, { ...JS, id: 'modem' });
  await waitFor('the complaint', () => bed.logOf('hub').includes('the id modem belongs to'));
  expect(bed.manager.list()).toHaveLength(1);
  expect(bed.manager.find('modem')?.firstParty).toBe(true);
});

test('a command waits for a starting plugin, is refused for a stopped one, and is given up after its time', async () => {
  const bed = await startPlugins();
  const slow = `export default async (hub) => {
    hub.command('ask', () => ({ ok: true }));
    hub.command('never', () => new Promise(() => {}));
    hub.command('die', () => process.exit(3));
    await new Promise((resolve) => setTimeout(resolve, 300));
  };`;
  const commands = {
    ask: { description: 'answers' },
    never: { description: 'does not', timeoutSeconds: 0.2 },
    die: { description: 'dies' },
    secret: { description: 'for admins', admin: true },
  };
  await bed.drop('slow', { 'index.js': slow }, { ...JS, commands });
  await bed.reaches('slow', 'starting');
  const ask = (name: string, from = ANN) => bed.manager.command('slow', name, {}, from);
  expect(await ask('ask')).toEqual({ kind: 'answer', answer: { ok: true } });
  expect(await ask('never')).toEqual({ kind: 'timeout', message: 'slow did not answer "never" within 0.2 s' });
  expect(await ask('secret', { user: 'bob', admin: false })).toMatchObject({ kind: 'forbidden' });
  expect(await ask('die')).toEqual({ kind: 'not_running', message: 'slow ended before it answered' });
  await bed.manager.act('slow', 'stop');
  expect(await ask('ask')).toEqual({ kind: 'not_running', message: 'slow is stopped: stopped by hand' });
  expect(await bed.manager.command('none', 'ask', {}, ANN)).toEqual({
    kind: 'unknown',
    message: 'there is no plugin "none"',
  });
});

test('restarts by hand and a stop in the middle of a start leave one process or none', async () => {
  const bed = await startPlugins();
  await bed.drop('room', { 'index.ts': THERMOMETER }, MANIFEST);
  await bed.reaches('room', 'running');
  await Promise.all([
    bed.manager.act('room', 'restart'),
    bed.manager.act('room', 'stop'),
    bed.manager.act('room', 'start'),
  ]);
  await bed.reaches('room', 'running');
  await Promise.all([bed.manager.act('room', 'restart'), bed.manager.act('room', 'stop')]);
  expect(bed.manager.find('room')?.row).toMatchObject({ state: 'stopped' });
  expect(bed.manager.find('room')?.row).not.toHaveProperty('rssBytes');
  expect(bed.retained('room/status')).toBe('offline');
});
