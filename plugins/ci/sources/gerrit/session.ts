import { readFile } from 'node:fs/promises';
import { errorText, HubError } from 'cupboard/sdk';
import type { Client, ClientChannel } from 'ssh2';
import type { GerritConfig } from '../config.ts';

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A connection to Gerrit's ssh. */
export interface GerritSession {
  /** Runs a command. @throws HubError `unreachable` */
  run(command: string, input?: string): Promise<Answer>;
  /** Runs a command for its lines, as they come; resolves when it or the connection ends. @throws HubError `unreachable` */
  follow(command: string, line: (text: string) => void): Promise<void>;
  readonly isOpen: boolean;
  close(): void;
}

const READY_TIMEOUT_MS = 20_000;
const COMMAND_TIMEOUT_MS = 120_000;
/** As Zuul does it; three of them unanswered end the connection. */
const KEEPALIVE_MS = 60_000;
const MOST_OUTPUT = 32 * 1024 * 1024;
/** An event has the commit message and, on some servers, all files; a line beyond this is not one. */
const MOST_LINE = 4 * 1024 * 1024;

/**
 * Connects with the account's key, to a server that has the host key of the config and no other.
 * @throws HubError `unreachable`, `config_invalid` for a key that cannot be read
 */
export async function connectGerrit(config: GerritConfig): Promise<GerritSession> {
  const [type = '', encoded = ''] = config.host_key.trim().split(/\s+/);
  const expected = Buffer.from(encoded, 'base64');
  const privateKey = await readFile(config.key).catch((error: unknown) => {
    throw new HubError('config_invalid', `gerrit.key: ${errorText(error)}`, { cause: error });
  });
  const { Client: SshClient } = await import('ssh2');
  const client = new SshClient();
  // Every command in progress listens for the end of the connection.
  client.setMaxListeners(0);
  let isOpen = true;
  client.on('close', () => {
    isOpen = false;
  });
  await new Promise<void>((resolve, reject) => {
    let isForeign = false;
    client.once('ready', resolve);
    client.on('error', (error) => {
      const why = isForeign ? 'the server has another host key than gerrit.host_key' : errorText(error);
      reject(new HubError('unreachable', `${config.host}: ${why}`, { cause: error }));
    });
    client.once('close', () => reject(new HubError('unreachable', `${config.host}: the connection ended`)));
    client.connect({
      host: config.host,
      port: config.port,
      username: config.user,
      privateKey,
      readyTimeout: READY_TIMEOUT_MS,
      keepaliveInterval: KEEPALIVE_MS,
      // A server has a key of each kind: ask for the kind that we know.
      algorithms: {
        serverHostKey: (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]) as never,
      },
      hostVerifier: (key: Buffer) => {
        isForeign = !key.equals(expected);
        return !isForeign;
      },
    });
  });
  return {
    run: (command, input) => run(client, command, input),
    follow: (command, line) => follow(client, command, line),
    get isOpen() {
      return isOpen;
    },
    close: () => void client.end(),
  };
}

/** @throws HubError `config_invalid` for a host key that is none */
export function checkHostKey(hostKey: string): void {
  if (!/^(?:ssh|ecdsa|sk)-[\w.@-]+ [A-Za-z0-9+/]+={0,2}(?: .*)?$/.test(hostKey.trim())) {
    throw new HubError(
      'config_invalid',
      'gerrit.host_key: `ssh-ed25519 AAAA...` is expected, as ssh-keyscan prints it after the name',
    );
  }
}

function open(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const fail = (error?: Error) =>
      reject(
        new HubError('unreachable', `gerrit: ${error ? errorText(error) : 'the connection ended'}`, { cause: error }),
      );
    const ended = () => fail();
    client.once('close', ended);
    try {
      client.exec(command, (error, channel) => {
        client.off('close', ended);
        if (error) fail(error);
        else resolve(channel);
      });
    } catch (error) {
      // ssh2 throws where the connection has ended already.
      fail(error as Error);
    }
  });
}

/** Calls `ended` once, when the channel closes or its connection does, which not every channel is told of. */
function onEnd(client: Client, channel: ClientChannel, ended: () => void): void {
  const once = () => {
    channel.off('close', once);
    client.off('close', once);
    ended();
  };
  channel.on('close', once);
  client.on('close', once);
}

async function run(client: Client, command: string, input?: string): Promise<Answer> {
  const channel = await open(client, command);
  return await new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    let code: number | undefined;
    const fail = (why: string) => {
      reject(new HubError('unreachable', `${command.split(' ', 2).join(' ')}: ${why}`));
      channel.destroy();
    };
    const timer = setTimeout(() => fail('no answer in time'), COMMAND_TIMEOUT_MS);
    channel.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > MOST_OUTPUT) fail('it answers too much');
    });
    channel.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4000);
    });
    channel.on('exit', (status: number | null) => {
      code = status ?? -1;
    });
    onEnd(client, channel, () => {
      clearTimeout(timer);
      if (code === undefined) fail('the connection ended');
      else resolve({ code, stdout, stderr });
    });
    channel.on('error', (error: Error) => fail(errorText(error)));
    channel.end(input);
  });
}

async function follow(client: Client, command: string, line: (text: string) => void): Promise<void> {
  const channel = await open(client, command);
  let waiting = '';
  let complaint = '';
  channel.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-1000);
  });
  channel.setEncoding('utf8').on('data', (text: string) => {
    const lines = (waiting + text).split('\n');
    waiting = lines.pop() ?? '';
    if (waiting.length > MOST_LINE) waiting = '';
    for (const complete of lines) line(complete);
  });
  await new Promise<void>((resolve, reject) => {
    onEnd(client, channel, () => {
      if (complaint === '') resolve();
      else reject(new HubError('unreachable', `${command}: ${complaint.trim()}`));
    });
    channel.on('error', (error: Error) => reject(new HubError('unreachable', errorText(error), { cause: error })));
  });
}
