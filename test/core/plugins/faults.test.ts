import { expect, test } from 'vitest';
import { waitFor } from '../../support/hub.ts';
import { type PluginBed, startPlugins } from './bed.ts';

const WELL = `export default (hub) => { hub.command('ask', () => ({ ok: true })); };`;
const ASK = { main: 'index.js', commands: { ask: { description: 'answers' } } };

/** Drops a faulty plugin in beside a well one, which must go on answering. */
async function besideWell(
  code: string,
  options: Parameters<typeof startPlugins>[0] = {},
  manifest: object = {},
): Promise<PluginBed> {
  const bed = await startPlugins(options);
  await bed.drop('well', { 'index.js': WELL }, ASK);
  await bed.reaches('well', 'running');
  await bed.drop('bad', { 'index.js': code }, { main: 'index.js', ...manifest });
  return bed;
}

async function expectWell(bed: PluginBed): Promise<void> {
  const outcome = await bed.manager.command('well', 'ask', {}, { user: 'ann', admin: false });
  expect(outcome).toEqual({ kind: 'answer', answer: { ok: true } });
  expect(bed.manager.find('well')?.row).toMatchObject({ state: 'running', restarts: 0 });
}

test('a plugin that throws at start is tried again, then left crashed with its reason; start tries anew', async () => {
  const bed = await besideWell(`export default async () => { throw new Error('no such port'); }`);
  const row = await bed.reaches('bad', 'crashed');
  expect(row).toMatchObject({
    reason: 'no such port',
    advice: 'look at its log, then: cupboard plugins start bad',
    restarts: 4,
  });
  expect(bed.events).toContainEqual({ name: 'plugin_crashed', data: { plugin: 'bad', reason: 'no such port' } });
  expect(bed.logOf('bad')).toMatch(/bad\/index\.js:1:/);
  await expectWell(bed);
  expect(await bed.manager.act('bad', 'start')).toMatchObject({ state: 'starting' });
  await bed.reaches('bad', 'crashed');
});

test('an unhandled rejection ends the plugin, and it starts again', async () => {
  const bed = await besideWell(`export default () => { setTimeout(() => Promise.reject(new Error('lost it')), 50); }`);
  const row = await bed.reaches('bad', 'restarting', 'crashed');
  expect(row.reason).toBe('lost it');
  await expectWell(bed);
});

test('a plugin that ends itself is started again', async () => {
  const bed = await besideWell(`export default () => { setTimeout(() => process.exit(0), 50); }`);
  expect((await bed.reaches('bad', 'restarting')).reason).toBe('ended with exit code 0');
});

test('an abort in native code ends that plugin only', async () => {
  const bed = await besideWell(`export default () => { setTimeout(() => process.abort(), 50); }`);
  expect((await bed.reaches('bad', 'restarting')).reason).toBe('was ended by SIGABRT');
  await expectWell(bed);
});

test('a spinning plugin is found hung, its stack is logged in the lines of its author, and it is replaced', async () => {
  const bed = await startPlugins({ timings: { pingMs: 600, backoffMs: 50 } });
  await bed.drop('bad', {
    'index.ts': `interface Unused { readonly a: number }\nfunction spin(): never {\n  for (;;) Math.random();\n}\nexport default () => { setTimeout(spin, 50); };\n`,
  });
  await bed.reaches('bad', 'running');
  await waitFor('the hang', () => bed.events.find(({ name }) => name === 'plugin_hung'));
  expect(bed.logOf('bad')).toMatch(/at spin \(\S+\/plugins\/bad\/index\.ts:3:\d+\)/);
  expect(bed.logOf('bad')).not.toMatch(/Debugger/);
  await bed.reaches('bad', 'running', 'starting');
});

test('a plugin that blocks outside JavaScript is replaced too', async () => {
  const bed = await besideWell(
    `export default () => { setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 50); }`,
    { timings: { pingMs: 600, captureMs: 300, backoffMs: 50 } },
  );
  await waitFor('the hang', () => bed.events.find(({ name }) => name === 'plugin_hung'));
  await bed.reaches('bad', 'restarting', 'starting', 'running');
  await expectWell(bed);
});

test('a plugin over its memory limit is ended with the figures', async () => {
  const bed = await besideWell(
    `const kept = []; export default () => { setInterval(() => kept.push(Buffer.alloc(8e6, 1)), 5); }`,
    {},
    { memoryMb: 128 },
  );
  const row = await bed.reaches('bad', 'restarting', 'crashed');
  expect(row.reason).toMatch(/^used \d+ MB of memory, its limit is 128 MB/);
  await expectWell(bed);
});

test('a plugin that never gets ready is given up after the start timeout', async () => {
  const bed = await besideWell(`export default () => new Promise(() => {})`, {
    timings: { startMs: 400, backoffMs: 50 },
  });
  expect((await bed.reaches('bad', 'restarting', 'crashed')).reason).toBe('was not ready within 0.4 s');
});

test('a flood of output waits in its pipe; the hub and the others go on', async () => {
  const bed = await besideWell(
    `export default () => { const pour = () => { console.log('x'.repeat(2000)); setImmediate(pour); }; pour(); }`,
  );
  await bed.reaches('bad', 'running');
  await expectWell(bed);
  expect(bed.pluginLog.length).toBeLessThan(5000);
});

test('garbage on output and control channel is made harmless', async () => {
  const bed = await besideWell(`
    import { writeSync } from 'node:fs';
    export default () => {
      process.stdout.write(Buffer.from([0x1b, 0x5b, 0x32, 0x4a, 0xff, 0xfe, 0x0a]));
      writeSync(3, 'not json\\n{"type":"device"}\\n[1,2]\\nnull\\n');
    };`);
  await waitFor('the garbage', () => bed.logOf('bad').includes('control channel'));
  expect(bed.logOf('bad')).toContain('\\x1b[2J');
  await bed.reaches('bad', 'running');
  await expectWell(bed);
});

test('a flood of messages leaves the others answering', async () => {
  const bed = await besideWell(`
    export default (hub) => {
      const pour = () => { for (let i = 0; i < 50; i++) void hub.publish('bad/flood', 'x'.repeat(100), { qos: 0 }); setImmediate(pour); };
      pour();
    };`);
  await bed.reaches('bad', 'running');
  await expectWell(bed);
});

test('a syntax error is the state invalid with file and line, and a correction starts it', async () => {
  const bed = await startPlugins();
  await bed.drop('bad', { 'index.ts': 'export default () => {\n  const a = ;\n};\n' });
  const row = await bed.reaches('bad', 'invalid');
  expect(row.reason).toBe('index.ts:2:13: Unexpected ";"');
  await bed.drop('bad', { 'index.ts': 'export default () => {};\n' });
  await bed.reaches('bad', 'running');
});

test('a package that is not installed is named', async () => {
  const bed = await startPlugins();
  await bed.drop('bad', { 'index.ts': `import 'left-pad';\nexport default () => {};\n` });
  expect((await bed.reaches('bad', 'invalid')).reason).toBe(
    `index.ts:1:8: the package "left-pad" is not installed: run npm install in the plugin's folder`,
  );
});

test('a process that ignores SIGTERM is killed, with what it started', async () => {
  const bed = await startPlugins({ timings: { stopMs: 300 } });
  await bed.drop(
    'bad',
    {
      'index.js': `
      import { spawn } from 'node:child_process';
      export default (hub) => {
        process.removeAllListeners('SIGTERM');
        process.on('SIGTERM', () => {});
        const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
        hub.log.info('sleeper ' + child.pid);
      };`,
    },
    { main: 'index.js' },
  );
  await bed.reaches('bad', 'running');
  const pid = Number(await waitFor('the sleeper', () => /sleeper (\d+)/.exec(bed.logOf('bad'))?.[1]));
  await bed.manager.act('bad', 'stop');
  expect(bed.manager.find('bad')?.row).toMatchObject({ state: 'stopped', reason: 'stopped by hand' });
  await waitFor('the sleeper to end', () => !isAlive(pid));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
