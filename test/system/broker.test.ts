import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import { expect, onTestFinished } from 'vitest';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

// Debian's mosquitto clients are the judges: nobody here wrote them.

const run = promisify(execFile);
const test = testNeeding('mosquitto_pub', 'mosquitto_sub', 'stdbuf');

function where(hub: RunningHub): string[] {
  const { hostname, port } = new URL(hub.mqtt);
  return ['-h', hostname, '-p', port];
}

/** mosquitto_pub to its end; with QoS 1 and 2 it ends when the hub has acknowledged. */
async function pub(hub: RunningHub, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('mosquitto_pub', [...where(hub), ...args]);
  return stdout + stderr;
}

/** mosquitto_sub, subscribed; `lines()` is what it printed so far. */
async function sub(hub: RunningHub, ...args: string[]) {
  // Into a pipe it would print in blocks.
  const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...where(hub), '-d', '-F', '%t %q %r %p', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await waitFor('the subscription', () => /Subscribed|denied|refused/.test(output));
  return {
    child,
    output: () => output,
    lines: () => output.split('\n').filter((line) => /^\S+ [012] [01] /.test(line)),
  };
}

for (const version of ['mqttv311', 'mqttv5']) {
  test(`${version}: every QoS, retained messages and wildcards, as mosquitto's clients see them`, async () => {
    const hub = await startHub();
    await pub(hub, '-V', version, '-t', 'house/kept', '-m', 'before', '-q', '1', '-r');
    const reader = await sub(hub, '-V', version, '-t', 'house/#', '-q', '2');
    for (const qos of ['0', '1', '2']) {
      await pub(hub, '-V', version, '-t', `house/live/${qos}`, '-m', `at ${qos}`, '-q', qos);
    }
    await waitFor('four messages', () => reader.lines().length === 4);
    expect(reader.lines().sort()).toEqual([
      'house/kept 1 1 before',
      'house/live/0 0 0 at 0',
      'house/live/1 1 0 at 1',
      'house/live/2 2 0 at 2',
    ]);
  });

  test(`${version}: a session keeps what it missed while hub and client were both gone`, async () => {
    const hub = await startHub();
    const session = ['-V', version, '-c', '-i', 'archive', '-q', '2', ...(version === 'mqttv5' ? ['-x', '3600'] : [])];
    const first = await sub(hub, ...session, '-t', 'news');
    const ended = once(first.child, 'exit');
    first.child.kill('SIGINT');
    await ended;
    for (const number of ['1', '2', '3']) await pub(hub, '-V', version, '-t', 'news', '-m', number, '-q', '2');
    await hub.kill();
    const again = await startHub({ dataDir: hub.dataDir });
    const second = await sub(again, ...session, '-t', 'news');
    await waitFor('what was missed', () => second.lines().length === 3);
    expect(second.lines()).toEqual(['news 2 0 1', 'news 2 0 2', 'news 2 0 3']);
  });
}

test('a will is published when its client dies', async () => {
  const hub = await startHub();
  const reader = await sub(hub, '-t', 'lamp/status', '-q', '1');
  const will = ['--will-topic', 'lamp/status', '--will-payload', 'offline', '--will-qos', '1', '--will-retain'];
  const lamp = await sub(hub, '-t', 'lamp/set', ...will);
  lamp.child.kill('SIGKILL');
  await waitFor('the will', () => reader.lines().includes('lamp/status 1 0 offline'));
});

test('refusals are told in the words of the protocol', async () => {
  const hub = await startHub();
  expect(await pub(hub, '-V', 'mqttv5', '-d', '-t', 'hub/status', '-m', 'x', '-q', '1')).toContain('RC:135');
  const wrong = await sub(hub, '-V', 'mqttv311', '-t', '$share/group');
  expect(wrong.output()).toMatch(/Subscribed \(mid: 1\): 128/);
});

for (const version of ['mqttv311', 'mqttv5']) {
  test(`${version}: of a shared subscription each message goes to one member in turn`, async () => {
    const hub = await startHub();
    const workers = await Promise.all(
      ['one', 'two'].map((id) => sub(hub, '-V', version, '-i', id, '-t', '$share/workers/jobs/#', '-q', '1')),
    );
    for (const job of ['1', '2', '3', '4']) await pub(hub, '-V', version, '-t', 'jobs/x', '-m', job, '-q', '1');
    await waitFor('two jobs each', () => workers.every((worker) => worker.lines().length === 2));
    const done = workers.flatMap((worker) => worker.lines()).sort();
    expect(done).toEqual(['1', '2', '3', '4'].map((job) => `jobs/x 1 0 ${job}`));
  });
}

testNeeding('root', 'mosquitto_pub')(
  'on a full disk nothing is acknowledged and nothing falls over; with room again everything goes on',
  async () => {
    const dataDir = await temporaryFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dataDir]);
    onTestFinished(() => void execFileSync('umount', ['-l', dataDir]));
    const hub = await startHub({ dataDir });
    const filler = join(dataDir, 'filler');
    execFileSync('sh', ['-c', 'dd if=/dev/zero of="$0" bs=4096 2>/dev/null || true', filler]);
    const client = await connectAsync(hub.mqtt);
    onTestFinished(() => client.endAsync(true));
    let acknowledged = 0;
    const published = Array.from({ length: 20 }, async (_, index) => {
      await client.publishAsync(`big/${index}`, Buffer.alloc(100_000), { qos: 1, retain: true });
      acknowledged += 1;
    });
    await waitFor('the log line', () => hub.output().includes('hub.db cannot be written (disk full)'));
    expect(acknowledged).toBeLessThan(20);
    expect(await pub(hub, '-t', 'still/served', '-m', 'x', '-q', '0')).toBe('');
    rmSync(filler);
    await Promise.all(published);
    writeFileSync(join(dataDir, 'room'), 'again');
    await waitFor('the second log line', () => hub.output().includes('hub.db can be written again'));
  },
);
