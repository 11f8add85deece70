import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { waitFor } from './hub.ts';

/** A program that runs with a terminal of its own. */
export interface TerminalProgram {
  /** Everything on the terminal so far. */
  readonly text: () => string;
  type(text: string): Promise<void>;
  readonly exited: Promise<number | null>;
}

/** Starts a program as the leader of a pseudo-terminal, as a login does; it goes with the test. */
export function onTerminal(argv: readonly string[], env: NodeJS.ProcessEnv): TerminalProgram {
  const quoted = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const script = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], {
    env: { ...env, TERM: 'dumb' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void script.kill('SIGKILL'));
  let text = '';
  script.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return {
    text: () => text,
    type: async (line) => {
      script.stdin.write(line);
      await waitFor('the terminal to take it', () => script.stdin.writableLength === 0);
    },
    exited: once(script, 'exit').then(([code]) => code as number | null),
  };
}
