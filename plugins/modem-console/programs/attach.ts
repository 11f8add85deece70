import { once } from 'node:events';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { errorCode, type RunProgram } from 'cupboard/sdk';
import { attachSocket } from '../attach-server.ts';
import { EscapeKeys } from '../escape-keys.ts';
import type { Answer, FromTerminal, ToTerminal } from '../protocol.ts';

const USAGE = `usage: cupboard run modem-console attach CONSOLE [--write] [--take-over]
  Shows a console of the running hub. Without --write nothing typed is sent.
  C-a C-x leaves, C-a C-\\ sends a break, C-a C-w takes the keyboard or gives it back, C-a C-a sends C-a.
`;

/** `cupboard run modem-console attach CONSOLE`: this terminal becomes the console's, with the escape key of picocom. */
const run: RunProgram = async ({ args, dataDir }) => {
  const options = parse(args);
  if (!options) return fail(USAGE, 2);
  const socket = connect(attachSocket(dataDir));
  try {
    await once(socket, 'connect');
  } catch (error) {
    const isAbsent = ['ENOENT', 'ECONNREFUSED'].includes(errorCode(error) ?? '');
    return fail(isAbsent ? 'attach: the hub, or its plugin modem-console, is not running\n' : `attach: ${error}\n`, 1);
  }
  const send = (message: object) => void socket.write(`${JSON.stringify(message)}\n`);
  send({ console: options.console, user: userInfo().username });
  if (options.write) send({ type: 'take', take_over: options.takeOver } satisfies FromTerminal);

  const screen = new AttachScreen();
  createInterface({ input: socket }).on('line', (line) => screen.show(JSON.parse(line) as ToTerminal | Answer));
  const closed = once(socket, 'close');
  const restore = readKeys({
    keys: (bytes) => screen.isWriter && send({ type: 'keys', bytes: bytes.toString('base64') } satisfies FromTerminal),
    brk: () => screen.isWriter && send({ type: 'break' } satisfies FromTerminal),
    swap: () => send({ type: screen.isWriter ? 'release' : 'take' } satisfies FromTerminal),
    leave: () => socket.end(),
  });
  await closed;
  restore();
  process.stderr.write('\r\n');
  return screen.wasRefused ? 1 : 0;
};
export default run;

function parse(args: readonly string[]): { console: string; write: boolean; takeOver: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { write: { type: 'boolean', default: false }, 'take-over': { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const [console, ...rest] = positionals;
    if (console === undefined || rest.length > 0) return undefined;
    return { console, write: values.write || values['take-over'], takeOver: values['take-over'] };
  } catch {
    return undefined; // an unknown option: the usage says which there are
  }
}

/** Console bytes go to stdout as they are, everything else to stderr. */
class AttachScreen {
  isWriter = false;
  wasRefused = false;
  #state = '';

  show(message: ToTerminal | Answer): void {
    if (message.type === 'output') process.stdout.write(Buffer.from(message.bytes, 'base64'));
    else if (message.type === 'skipped') notice(`${message.bytes} bytes skipped`);
    else if (message.type === 'state') this.#showState(message);
    else if (message.type === 'answer' && !message.ok) {
      this.wasRefused = message.code === 'console_unknown';
      notice(message.error);
    }
  }

  #showState({ port, writer }: Extract<ToTerminal, { type: 'state' }>): void {
    this.isWriter = writer?.you ?? false;
    const keyboard = this.isWriter ? 'you have the keyboard' : writer ? `${writer.name} has the keyboard` : 'watching';
    const state = port.state === 'open' ? keyboard : `port ${port.state}: ${port.reason}; ${keyboard}`;
    if (state !== this.#state) notice(state);
    this.#state = state;
  }
}

const notice = (text: string) => void process.stderr.write(`\r\n*** ${text} ***\r\n`);

interface Actions {
  keys(bytes: Buffer): void;
  brk(): void;
  swap(): void;
  leave(): void;
}

/** Reads the keyboard raw where there is one; answers what gives it back as it was. */
function readKeys(actions: Actions): () => void {
  const { stdin } = process;
  const escapes = new EscapeKeys();
  stdin.setRawMode?.(true);
  stdin.on('data', (bytes: Buffer) => {
    for (const part of escapes.take(bytes)) {
      if (part.kind === 'keys') actions.keys(part.bytes);
      else actions[part.kind]();
    }
  });
  if (stdin.isTTY !== true) stdin.on('end', () => actions.leave());
  return () => {
    stdin.setRawMode?.(false);
    stdin.pause();
  };
}

function fail(text: string, code: number): number {
  process.stderr.write(text);
  return code;
}
