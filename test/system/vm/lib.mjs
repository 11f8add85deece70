// What tests inside the virtual machine are written with.
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const NOBODY = 65534;

/** Asks again until `probe` answers something true. The machine is 10 to 30 times slower than the one it runs on. */
export async function until(what, probe, seconds = 120) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await setTimeout(100);
  }
}

/** Runs a program, answers its output. */
export const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8' });

/** A child that talks in lines. It neither outlives the test nor keeps it alive: tests wait with `until`. */
function speaking(program, args, onLine) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  createInterface({ input: child.stdout }).on('line', onLine);
  child.unref();
  child.stdout.unref();
  return child;
}

/** What setpriv makes a user without rights of, but in the groups plugdev and dialout. */
export function withoutRights() {
  const groups = ['plugdev', 'dialout'].map((group) => run('getent', 'group', group).split(':')[2]);
  return ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--groups', groups.join(',')];
}

/**
 * The shipped hub, watched by mosquitto_sub.
 * @param {object} config of cupboard.yaml
 * @param {{ root?: boolean, dataDir?: string }} [how] root: run by root, else by a user without rights (but in the groups
 *   plugdev and dialout); dataDir: of an earlier run
 */
export async function startHub(config, { root: asRoot = false, dataDir = mkdtempSync('/var/tmp/hub-') } = {}) {
  if (!asRoot) chownSync(dataDir, NOBODY, NOBODY);
  writeFileSync(join(dataDir, 'cupboard.yaml'), JSON.stringify(config), { mode: 0o644 });
  for (const folder of [root, process.execPath]) letThrough(folder);

  const user = asRoot ? ['--reuid', '0'] : withoutRights();
  const hub = [process.execPath, join(root, 'dist/cupboard.js'), 'start', '--data', dataDir];
  const listen = ['--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0'];
  let port;
  const child = speaking('setpriv', [...user, ...hub, ...listen], (line) => {
    port = /mqtt=mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? port;
  });
  await until('the hub', () => port, 300);

  const topics = new Map();
  speaking('mosquitto_sub', ['-p', port, '-F', '%t %p', '-t', '#'], (line) => {
    const [topic, ...payload] = line.split(' ');
    topics.set(topic, payload.join(' '));
  });
  return {
    /** The last payload of a topic as text, and as JSON; empty and null for one that was cleared. */
    text: (topic) => topics.get(topic),
    json: (topic) => JSON.parse(topics.get(topic) || 'null'),
    /** Asks the HTTP API over hub.sock. */
    api: (method, path, body) =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json' };
        const asked = request({ socketPath: join(dataDir, 'hub.sock'), method, path, headers }, async (response) =>
          resolve(JSON.parse(Buffer.concat(await response.toArray()))),
        );
        asked.on('error', reject);
        asked.end(body && JSON.stringify(body));
      }),
    dataDir,
    /** Answers the exit code; null after SIGKILL. */
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await until('the hub to stop', () => child.exitCode !== null || child.signalCode !== null);
      return child.exitCode;
    },
  };
}

/** Lets any user reach a file, wherever the checkout lies; nothing here outlives the machine. */
function letThrough(file) {
  for (let folder = file; folder !== '/'; folder = dirname(folder)) run('chmod', 'a+x', folder);
}
