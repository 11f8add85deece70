import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { distFile } from '../support/paths.ts';

const ROUNDS = 20;

/**
 * Ends every process that carries `CUPBOARD_RUN=<token>` in its environment: what a hub has started and what that has
 * started in turn, in whatever session or group it hides. Repeats until none is found: one may be forking.
 */
export function sweep(token: string): number {
  let ended = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = carriers(token);
    if (found.length === 0) break;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
        ended += 1;
      } catch {
        // It has ended by itself since it was found.
      }
    }
  }
  return ended;
}

function carriers(token: string): number[] {
  return processIds().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`CUPBOARD_RUN=${token}`);
    } catch {
      return false; // ended, or another user's and so none of ours
    }
  });
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  } catch {
    return []; // no /proc on this system: the process groups have to do
  }
}

/**
 * Starts the process that sweeps when this one is gone, however it went: its standard input is a pipe from here. It is
 * in a session of its own, so what ends the hub's group does not end it.
 */
export function startGuardian(token: string): ChildProcess {
  const guardian = spawn(
    process.execPath,
    ['--max-semi-space-size=1', '--max-old-space-size=16', distFile('guardian.js')],
    {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  guardian.stdin?.on('error', () => guardian.kill());
  guardian.stdin?.write(token);
  guardian.unref();
  return guardian;
}
