import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { waitFor } from '../../support/hub.ts';
import { type PluginBed, startPlugins } from '../plugins/bed.ts';

/** A plugin whose `run` command runs a piece of code with the hub at hand. */
const PROBE = `
export default async (hub) => {
  hub.command('run', async ({ code }) => ({ ok: true, value: await eval(code) }));
  return () => hub.publish('probe/last-words', 'bye', { retain: true });
};`;
const COMMANDS = {
  commands: { run: { description: 'runs code', args: { type: 'object', properties: { code: { type: 'string' } } } } },
};

async function startProbe(manifest: object = {}): Promise<{ bed: PluginBed; run: (code: string) => Promise<unknown> }> {
  const bed = await startPlugins();
  await bed.drop('probe', { 'index.js': PROBE }, { main: 'index.js', ...COMMANDS, ...manifest });
  await bed.reaches('probe', 'running');
  return {
    bed,
    run: async (code) => {
      const outcome = await bed.manager.command('probe', 'run', { code }, { user: 'ann', admin: true });
      return outcome.kind === 'answer' ? (outcome.answer['value'] ?? outcome.answer) : outcome;
    },
  };
}

test('a subscription or publication beyond what was granted is refused with what to do', async () => {
  const { run } = await startProbe();
  expect(await run(`hub.subscribe('other/#', () => {})`)).toMatchObject({
    ok: false,
    code: 'subscribe_denied',
    error: expect.stringContaining('add it to "subscribes" of plugin.json'),
  });
  expect(await run(`hub.publish('other/x', 1)`)).toMatchObject({ ok: false, code: 'publish_denied' });
});

test('messages arrive parsed, retained ones marked, until the subscription ends', async () => {
  const { bed, run } = await startProbe({});
  await bed.broker.publish('probe/a', '{"n":1}', { qos: 1, retain: true });
  await run(`(async () => {
    globalThis.got = [];
    globalThis.end = await hub.subscribe('probe/+', ({ topic, payload, retained }) => { got.push([topic, payload, retained]); });
  })()`);
  await bed.broker.publish('probe/b', 'plain text', { qos: 1 });
  await bed.broker.publish('probe/a', '', { qos: 1, retain: true });
  await waitFor(
    'three messages',
    async () => ((await run('got.filter(([t]) => t !== "probe/status").length')) as number) >= 3,
  );
  expect(await run('got.filter(([t]) => t !== "probe/status")')).toEqual([
    ['probe/a', { n: 1 }, true],
    ['probe/b', 'plain text', false],
    ['probe/a', null, false],
  ]);
  await run('end()');
  await bed.broker.publish('probe/b', 'late', { qos: 1 });
  expect(await run('got.some(([, payload]) => payload === "late")')).toBe(false);
});

test('after a lost connection it subscribes again, says it is online and loses no acknowledged publication', async () => {
  const { bed, run } = await startProbe();
  await run(`hub.subscribe('probe/in', ({ text }) => hub.publish('probe/out', text, { retain: true })).then(() => 1)`);
  const online: string[] = [];
  await bed.broker.subscribe('probe/status', ({ payload, retained }) => retained || online.push(payload.toString()));
  const numbers: number[] = [];
  await bed.broker.subscribe('probe/n', ({ payload }) => numbers.push(Number(payload)));
  await run(`globalThis.sent = (async () => { for (let n = 0; n < 300; n++) await hub.publish('probe/n', n); })(); 1`);
  await waitFor('some numbers', () => numbers.length > 20);
  bed.dropConnection('probe');
  await waitFor('the last number', () => numbers.includes(299));
  expect([...new Set(numbers)]).toEqual(Array.from({ length: 300 }, (_, n) => n));
  await waitFor('it to be online again', () => online.at(-1) === 'online');
  await bed.broker.publish('probe/in', 'still here', { qos: 1 });
  await waitFor('its answer', () => bed.retained('probe/out') === 'still here');
  expect(bed.manager.find('probe')?.row).toMatchObject({ state: 'running', restarts: 0 });
});

test('waiting and ready change the state, with reason and advice', async () => {
  const { bed, run } = await startProbe();
  await run(`hub.waiting('no modem', 'plug it in')`);
  expect(await bed.reaches('probe', 'waiting')).toMatchObject({ reason: 'no modem', advice: 'plug it in' });
  expect(await run('1 + 1')).toBe(2);
  await run('hub.ready()');
  expect(await bed.reaches('probe', 'running')).not.toHaveProperty('reason');
});

test('a plugin that waits in the middle of its start takes commands', async () => {
  const bed = await startPlugins();
  const code = `export default async (hub) => {
    hub.command('run', () => ({ ok: true }));
    hub.waiting('no modem');
    await new Promise(() => {});
  };`;
  await bed.drop('probe', { 'index.js': code }, { main: 'index.js', ...COMMANDS });
  await bed.reaches('probe', 'waiting');
  const outcome = await bed.manager.command('probe', 'run', {}, { user: 'ann', admin: true });
  expect(outcome).toEqual({ kind: 'answer', answer: { ok: true } });
});

test('a cleared device takes its topics and its description with it', async () => {
  const { bed, run } = await startProbe();
  await run(`globalThis.dev = hub.device('d', { name: 'D', sensors: { v: {} } }); dev.report({ v: 1 })`);
  await waitFor('the description', () => bed.retained('hub/devices/probe/d'));
  await run('dev.clear()');
  await waitFor('no description', () => bed.retained('hub/devices/probe/d') === undefined);
  expect([bed.retained('probe/d'), bed.retained('probe/d/v')]).toEqual([undefined, undefined]);
  await run('dev.report({ v: 2 })');
  expect(bed.retained('probe/d/v')).toBe('2');
  await waitFor('the description', () => bed.retained('hub/devices/probe/d'));
});

test('its pages are served on a socket of its own', async () => {
  const { bed, run } = await startProbe();
  expect(bed.manager.httpSocket('probe')).toBeUndefined();
  await run(`hub.http().then((router) => { router.get('/hello', (_, response) => response.send('hi')); })`);
  const socketPath = await waitFor('the socket', () => bed.manager.httpSocket('probe'));
  const body = await new Promise<string>((resolve, reject) => {
    request({ socketPath, path: '/plugins/probe/hello' }, (response) => resolve(text(response)))
      .on('error', reject)
      .end();
  });
  expect(body).toBe('hi');
});

test('at stop the signal aborts, its stop function is awaited and its status is offline', async () => {
  const { bed } = await startProbe();
  await bed.manager.act('probe', 'stop');
  expect(bed.retained('probe/last-words')).toBe('bye');
  expect(bed.retained('probe/status')).toBe('offline');
});

test('commands over MQTT: bad arguments, errors, the id and a retained command', async () => {
  const { bed, run } = await startProbe();
  const client = await bed.connect();
  const answers: unknown[] = [];
  await client.subscribeAsync('probe/command/run/result', { qos: 1 });
  client.on('message', (_, payload) => answers.push(JSON.parse(payload.toString())));
  await client.publishAsync('probe/command/run', '{"id":7,"code":"40 + 2"}', { qos: 1 });
  await client.publishAsync('probe/command/run', '[1]', { qos: 1 });
  await client.publishAsync('probe/command/run', '{"id":8,"code":1}', { qos: 1 });
  await client.publishAsync('probe/command/run', '{"id":9,"code":"nonsense()"}', { qos: 1 });
  await client.publishAsync('probe/command/walk', '{"id":10}', { qos: 1 });
  await waitFor('the answers', () => answers.length >= 4);
  expect(answers).toContainEqual({ ok: true, value: 42, id: 7 });
  expect(answers).toContainEqual({ ok: false, error: 'bad_arguments', expected: 'a JSON object', got: '[1]' });
  expect(answers).toContainEqual({
    id: 8,
    ok: false,
    error: 'bad_arguments',
    expected: 'code: expected text, got 1',
    got: { id: 8, code: 1 },
  });
  expect(answers).toContainEqual({ id: 9, ok: false, error: 'nonsense is not defined' });
  expect(await run('1')).toBe(1);
});
