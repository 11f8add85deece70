import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { HubError } from 'cupboard/sdk';

export interface RunLoggedOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly signal: AbortSignal;
  /** Gets what the program says, stdout and stderr, a line at a time without its end. */
  readonly line: (text: string) => void;
  /** File descriptor of a terminal that the program gets as its descriptor 3, for people to type into. */
  readonly terminal?: number;
}

/** Lines longer than this are cut into several. */
const LONGEST_LINE = 16_384;

/**
 * Runs a program to its end, its output going to `line`. Aborting kills it.
 * @throws HubError `program_failed` with the exit status
 */
export async function runLogged(argv: readonly string[], options: RunLoggedOptions): Promise<void> {
  const [program = '', ...args] = argv;
  const { env, signal, line, terminal } = options;
  signal.throwIfAborted();
  const child = spawn(program, args, {
    env,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    signal,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe', ...(terminal === undefined ? [] : [terminal])],
  });
  const ends = [child.stdout, child.stderr].map((stream) => eachLine(stream as NodeJS.ReadableStream, line));
  const { code, by } = await closed(child);
  for (const end of ends) end();
  signal.throwIfAborted();
  if (code !== 0) {
    throw new HubError('program_failed', `${program} ended with ${by ? `signal ${by}` : `status ${code}`}`);
  }
}

function closed(child: ChildProcess): Promise<{ code: number | null; by: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => error.name !== 'AbortError' && reject(error));
    child.on('close', (code, by) => resolve({ code, by }));
  });
}

/** Splits a stream into lines; a carriage return, which progress bars use, ends a line as well. */
function eachLine(stream: NodeJS.ReadableStream, line: (text: string) => void): () => void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + decoder.write(chunk)).split(/\r?\n|\r(?=[^\n])/);
    rest = parts.pop() ?? '';
    for (const part of parts) line(part);
    while (rest.length > LONGEST_LINE) {
      line(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
  });
  return () => {
    rest += decoder.end();
    if (rest !== '') line(rest);
  };
}
