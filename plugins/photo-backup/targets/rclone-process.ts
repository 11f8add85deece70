import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { errorCode, errorText } from 'cupboard/sdk';
import type { TargetSettings } from '../config.ts';
import { TargetError, type TargetErrorKind } from './errors.ts';

/** What rclone itself may want of the environment; nothing else of ours reaches it. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'XDG_CONFIG_HOME', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
/** Its own retries begin a file again; the uploader's do too, and know about pauses and windows. */
const ALWAYS = [
  '--retries',
  '1',
  '--low-level-retries',
  '3',
  '--contimeout',
  '15s',
  '--timeout',
  '60s',
  '--ask-password=false',
];
const MOST_STDERR = 64 * 1024;

/** Exit codes: rclone's documentation, "Exit code". 1 and 2 say nothing in particular. */
const BY_EXIT: Readonly<Record<number, TargetErrorKind>> = {
  3: 'not_found',
  4: 'not_found',
  5: 'unreachable',
  7: 'refused',
};

/** Words of its messages, which say more than the code does. */
const BY_TEXT: readonly (readonly [RegExp, TargetErrorKind])[] = [
  [
    /didn't find section in config|couldn't find (type|section)|unknown (command|flag)|Config file.*unreadable/i,
    'misconfigured',
  ],
  [/RequestTimeTooSkewed|clock skew/i, 'clock_skew'],
  [/insufficient[_ ]?(space|storage)|no space left|quota|storageQuotaExceeded|disk full|\b507\b/i, 'full'],
  [
    /\b40[13]\b|unauthori[sz]ed|forbidden|access ?denied|permission denied|invalid_(grant|client|access_token)|expired_access_token|empty token|SignatureDoesNotMatch|InvalidAccessKeyId|unable to authenticate/i,
    'bad_credential',
  ],
  [
    /dial tcp|connection (refused|reset)|no such host|i\/o timeout|network is (down|unreachable)|TLS handshake|unexpected EOF|\b50[0234]\b/i,
    'unreachable',
  ],
];

export interface Run {
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  readonly input?: Uint8Array;
  /** Bytes sent so far, about once a second. */
  readonly onProgress?: (bytes: number) => void;
}

/** Runs rclone with a target's settings. */
export class Rclone {
  #environment: Promise<NodeJS.ProcessEnv> | undefined;

  constructor(private readonly settings: TargetSettings) {}

  /** Runs it to its end and answers what it printed. @throws TargetError */
  async run({ args, signal, input, onProgress }: Run): Promise<string> {
    const { child, ended } = await this.#start(args, signal, onProgress);
    child.stdin.on('error', () => undefined).end(input);
    const [text] = await Promise.all([collect(child.stdout), ended]);
    return text;
  }

  /** Its output as it comes; a failure ends the stream with a TargetError. */
  async *stream(args: readonly string[], signal: AbortSignal): AsyncGenerator<Buffer> {
    const { child, ended } = await this.#start(args, signal);
    child.stdin.end();
    ended.catch(() => undefined);
    try {
      yield* child.stdout as AsyncIterable<Buffer>;
      await ended;
    } finally {
      child.kill();
    }
  }

  async #start(args: readonly string[], signal: AbortSignal, onProgress?: (bytes: number) => void) {
    signal.throwIfAborted();
    this.#environment ??= this.#prepare();
    const { config_file } = this.settings;
    const all = [...args, ...ALWAYS, ...(config_file ? ['--config', config_file] : [])];
    const child = spawn('rclone', all, { env: await this.#environment, signal, stdio: 'pipe' });
    let said = '';
    createInterface({ input: child.stderr }).on('line', (line) => {
      const bytes = onProgress && bytesOf(line);
      if (bytes === undefined) said = `${said}${line}\n`.slice(-MOST_STDERR);
      else onProgress?.(bytes);
    });
    const ended = once(child, 'close').then(
      ([code]) => {
        signal.throwIfAborted();
        if (code !== 0) throw this.#failure(code as number | null, said);
      },
      (error: unknown) => {
        signal.throwIfAborted();
        throw notStarted(error);
      },
    );
    return { child, ended };
  }

  /** Settings reach rclone by its environment, where other users of the machine cannot read them as they can arguments. */
  async #prepare(): Promise<NodeJS.ProcessEnv> {
    const { options, password, remote = '' } = this.settings;
    const environment: NodeJS.ProcessEnv = {};
    for (const name of PASSED_ON) environment[name] = process.env[name];
    for (const [name, value] of Object.entries(options)) environment[`RCLONE_${name.toUpperCase()}`] = String(value);
    if (password) environment[passwordVariable(remote)] = await obscure(password, environment);
    return environment;
  }

  #failure(code: number | null, said: string): TargetError {
    const byText = BY_TEXT.find(([pattern]) => pattern.test(said))?.[1];
    const kind = byText ?? BY_EXIT[code ?? 0] ?? 'refused';
    return new TargetError(kind, `rclone ended with ${code}: ${this.#lastLine(said)}`);
  }

  /** The line that says why, without what is secret in it. */
  #lastLine(said: string): string {
    const lines = said.split('\n').filter((line) => line !== '' && !/Config file .* not found/.test(line));
    const last = lines.at(-1) ?? 'no message';
    const text = /"msg":"((?:[^"\\]|\\.)*)"/.exec(last)?.[1] ?? last.replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, '');
    const { password } = this.settings;
    const masked = text.replace(/\/\/[^/@\s]+@/g, '//***@');
    return (password ? masked.replaceAll(password, '***') : masked).slice(0, 300);
  }
}

/** The variable of a remote's password: `:webdav:photos` and `nas:photos` name it differently. */
function passwordVariable(remote: string): string {
  const [, backend, name] = /^:([^,:]+)|^([^:]+):/.exec(remote) ?? [];
  const upper = (text: string) => text.toUpperCase().replaceAll('-', '_');
  return backend ? `RCLONE_${upper(backend)}_PASS` : `RCLONE_CONFIG_${upper(name ?? '')}_PASS`;
}

/** rclone wants passwords in a form of its own, which hides but does not protect. */
async function obscure(password: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn('rclone', ['obscure', '-'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => undefined).end(password);
  const ended = once(child, 'close').catch((error) => Promise.reject(notStarted(error)));
  const [text] = await Promise.all([collect(child.stdout), ended]);
  return text.trim();
}

function notStarted(cause: unknown): TargetError {
  const isMissing = errorCode(cause) === 'ENOENT';
  return new TargetError(
    isMissing ? 'misconfigured' : 'refused',
    isMissing ? 'rclone is not installed: apt-get install rclone' : errorText(cause),
    { cause },
  );
}

async function collect(stream: Readable): Promise<string> {
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += part;
  return text;
}

/** Of a line of statistics in its JSON log; `undefined` for any other line. */
function bytesOf(line: string): number | undefined {
  const found = /"stats":\{"bytes":(\d+)/.exec(line)?.[1];
  return found === undefined ? undefined : Number(found);
}
