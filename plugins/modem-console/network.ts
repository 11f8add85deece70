import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { BlockList, createServer, isIP, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, HubError, type Logger } from 'cupboard/sdk';
import type { NetworkSettings } from './config.ts';
import type { Lease, Session } from './session.ts';

/** A client this far behind is hung up on: a raw stream has no way to say what is missing. */
const LARGEST_BACKLOG = 1024 * 1024;
const LOGIN_ATTEMPTS = 3;
const LOGIN_PAUSE = 1000;
const LONGEST_LOGIN = 256;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Host names count as beyond: what they lead to may change. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return host === 'localhost' || (family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6'));
}

/**
 * A raw TCP listener for tools that know no hub: bytes out, and bytes in where the settings permit it and the keyboard
 * is free. Nothing is encrypted; beyond loopback it asks for a name and a password first.
 * @returns its port, and what closes it
 * @throws HubError `network_open` for an address beyond loopback without users; an error of the system
 */
export async function serveNetwork(
  session: Session,
  { host, port, write, users }: NetworkSettings,
  log: Logger,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  if (!isLoopback(host) && users.length === 0) {
    throw new HubError('network_open', `${host} is not loopback: name users, or listen on 127.0.0.1`);
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined); // `close` follows
    admit(socket, users)
      .then((name) => name !== undefined && join(socket, session, name, write, log))
      .catch((error: unknown) => log.warn(`network console: ${errorText(error)}`));
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? port) : port,
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** The name of who logged in; where nobody need, the address; undefined when they failed or left. */
async function admit(socket: Socket, users: NetworkSettings['users']): Promise<string | undefined> {
  if (users.length === 0) return socket.remoteAddress;
  const lines = readLines(socket);
  for (let attempt = 0; attempt < LOGIN_ATTEMPTS; attempt += 1) {
    socket.write('login: ');
    const name = await lines.next();
    socket.write('password: ');
    const password = await lines.next();
    if (name === undefined || password === undefined) return undefined;
    if (users.some((user) => user.name === name && isSame(user.password, password))) {
      lines.end();
      return name;
    }
    await sleep(LOGIN_PAUSE);
    socket.write('login failed\r\n');
  }
  socket.end();
  return undefined;
}

const digest = (text: string) => createHash('sha256').update(text).digest();
const isSame = (a: string, b: string) => timingSafeEqual(digest(a), digest(b));

/** Lines of a login; what comes after the last belongs to the console. */
function readLines(socket: Socket) {
  let buffer = Buffer.alloc(0);
  let wake = () => undefined as void;
  const onData = (bytes: Buffer) => {
    buffer = Buffer.concat([buffer, bytes]);
    if (buffer.length > LONGEST_LOGIN) socket.destroy();
    wake();
  };
  socket.on('data', onData);
  socket.on('close', () => wake());
  return {
    async next(): Promise<string | undefined> {
      for (;;) {
        const end = buffer.indexOf('\n');
        if (end >= 0) {
          const line = buffer.subarray(0, end).toString().trim();
          buffer = buffer.subarray(end + 1);
          return line;
        }
        if (socket.destroyed) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    end: () => void socket.off('data', onData),
  };
}

/** Joins a client to the console; the first byte it sends takes the keyboard, if that is allowed and free. */
function join(socket: Socket, session: Session, name: string, mayWrite: boolean, log: Logger): void {
  const { console } = session;
  let lease: Lease | undefined;
  const end = console.onBytes((bytes) => {
    if (socket.writableLength > LARGEST_BACKLOG) socket.destroy();
    else socket.write(bytes);
  });
  socket.on('close', () => {
    end();
    lease?.release();
  });
  socket.on('data', (bytes: Buffer) => {
    if (!mayWrite) return;
    send(bytes).catch((error: unknown) => {
      log.warn(`${console.id}: ${name}: not sent: ${errorText(error)}`);
      socket.write(`\r\n*** not sent: ${errorText(error)} ***\r\n`);
    });
  });
  const send = async (bytes: Buffer) => {
    if (!lease || lease.lost.aborted) lease = session.take({ name, way: 'network' });
    await lease.write(bytes);
  };
}
