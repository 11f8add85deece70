import { spawn } from 'node:child_process';
import { errorCode } from 'cupboard/sdk';

/** How a program ended. */
export interface Ended {
  /** Exit status; undefined when it could not be started or was ended by us. */
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is no answer to read: not installed, not permitted, or not done in time (its whole group was ended). */
  readonly failure?: 'missing' | 'not_permitted' | 'timed_out';
}

export interface RunOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly input?: string;
}

/** Runs an argv, never through a shell. Does not throw: every way to fail is in the answer. */
export type Run = (argv: readonly string[], options: RunOptions) => Promise<Ended>;

/** More than any tool here prints; what comes after it is dropped. */
const MOST_OUTPUT = 4_000_000;
/** A daemon that was started may keep the pipes open: after the exit they are read for so long, then closed. */
const DRAIN_MS = 250;

/**
 * Runs programs on this machine, or behind `via`, such as `['ssh', '-o', 'BatchMode=yes', 'root@router']`: then each
 * argument is quoted for the shell that ssh starts at the other end.
 */
export function createRun(via: readonly string[] = []): Run {
  return (argv, options) => runHere(via.length === 0 ? argv : [...via, ...argv.map(quoted)], options);
}

/** One word for a POSIX shell. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

function runHere([program = '', ...args]: readonly string[], options: RunOptions): Promise<Ended> {
  const { timeoutMs, signal, input } = options;
  if (signal?.aborted) return Promise.resolve({ stdout: '', stderr: '', failure: 'timed_out' });
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      // A group of its own, so that what it started ends with it.
      detached: true,
      env: { ...process.env, LC_ALL: 'C' },
    });
    const output = { stdout: '', stderr: '' };
    let failure: Ended['failure'];
    let over = false;
    const end = (ended: Partial<Ended>) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ ...output, ...(failure && { failure }), ...ended });
    };
    const kill = () => {
      failure = 'timed_out';
      endGroup(child.pid);
    };
    const timer = setTimeout(kill, timeoutMs);
    signal?.addEventListener('abort', kill, { once: true });
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text: string) => {
        if (output[name].length < MOST_OUTPUT) output[name] += text;
      });
    }
    // Closed early by the other side: its exit status tells more than EPIPE.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (error) => {
      const code = errorCode(error);
      end({ failure: code === 'ENOENT' ? 'missing' : 'not_permitted', stderr: error.message });
    });
    child.on('exit', (code) => {
      const done = () => end(failure === undefined && code !== null ? { code } : {});
      child.on('close', done);
      setTimeout(done, DRAIN_MS);
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // gone meanwhile
  }
}
