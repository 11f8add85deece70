import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type AnsibleEvent, parseEvent } from './events.ts';

/** How a playbook ended. */
export interface PlaybookEnd {
  /** `null` = killed. */
  readonly code: number | null;
  readonly end: 'finished' | 'timeout' | 'aborted';
  readonly events: readonly AnsibleEvent[];
  /** Ansible's last line that is no event. */
  readonly complaint: string;
}

/**
 * Runs `ansible-playbook` in its own session, so that its limit or an abort ends it with all its workers.
 * @param seconds how long it may take from its first task on: Ansible's own start does not count
 * @param tell every event as it comes, and every other line that Ansible writes
 * @throws ENOENT where ansible-core is not installed
 */
export function runPlaybook(options: {
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly tell: (event: AnsibleEvent | string) => void;
}): Promise<PlaybookEnd> {
  const { folder, args, env, seconds, signal, tell } = options;
  return new Promise((resolve, reject) => {
    const child = spawn('ansible-playbook', args, {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let end: PlaybookEnd['end'] = 'finished';
    const kill = (why: 'timeout' | 'aborted') => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      end = why;
      process.kill(-child.pid, 'SIGKILL');
    };
    const abort = () => kill('aborted');
    // Counted anew with the first task.
    let timer = setTimeout(kill, (seconds + START_SECONDS) * 1000, 'timeout');
    const events: AnsibleEvent[] = [];
    let complaint = '';
    const complain = (line: string) => {
      complaint = line.trim() || complaint;
      tell(line);
    };
    createInterface(child.stdout).on('line', (line) => {
      const event = parseEvent(line);
      if (event?.event === 'task' && !events.some((earlier) => earlier.event === 'task')) {
        clearTimeout(timer);
        timer = setTimeout(kill, seconds * 1000, 'timeout');
      }
      if (!event) return complain(line);
      events.push(event);
      tell(event);
    });
    createInterface(child.stderr).on('line', complain);
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('close', (code) => {
      done();
      resolve({ code, end, events, complaint });
    });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

/** Ansible may take this long to its first task, on a busy machine. */
const START_SECONDS = 60;
