import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { HubError } from '../support/errors.ts';

/** Asks for a new password twice, without echo; from a pipe takes its first line. */
export async function readNewPassword(name: string): Promise<string> {
  if (!process.stdin.isTTY) return readFirstLine();
  const password = await ask(`New password for ${name}: `);
  if (password !== (await ask('Once more: ')))
    throw new HubError('passwords_differ', 'the two passwords differ: nothing was changed');
  return password;
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    const ended = new Promise<never>((_, reject) => {
      terminal.once('close', () =>
        reject(new HubError('password_missing', 'no password was given: nothing was changed')),
      );
      terminal.once('SIGINT', () => terminal.close());
    });
    return await Promise.race([terminal.question(''), ended]);
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

async function readFirstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  throw new HubError('password_missing', 'expected a password on the standard input, got none');
}
