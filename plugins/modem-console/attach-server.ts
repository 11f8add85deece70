import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FromTerminal } from './protocol.ts';
import type { Session } from './session.ts';
import { Terminal } from './terminal.ts';

/** Where `attach` finds the running plugin. Whoever can open it owns the data directory, and so is an admin. */
export const attachSocket = (dataDir: string) => join(dataDir, 'attach.sock');

/** First line of `attach`: which console, and who sits there. */
export interface AttachRequest {
  readonly console: string;
  readonly user: string;
}

/** Serves terminals to `attach`; answers the function that ends it. */
export async function serveAttach(
  dataDir: string,
  sessions: ReadonlyMap<string, Session>,
): Promise<() => Promise<void>> {
  const path = attachSocket(dataDir);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, sessions);
  });
  rmSync(path, { force: true }); // of a process that was killed
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  return async () => {
    for (const socket of sockets) socket.destroy();
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
}

function serve(socket: Socket, sessions: ReadonlyMap<string, Session>): void {
  const send = (message: object) => void (socket.writable && socket.write(`${JSON.stringify(message)}\n`));
  let terminal: Terminal | undefined;
  socket.on('error', () => undefined); // the other end went away: `close` follows
  socket.on('close', () => terminal?.close());
  createInterface({ input: socket }).on('line', (line) => {
    const message = parse(line);
    if (!message) return void socket.destroy();
    if (terminal) return void terminal.handle(message as FromTerminal).then(send);
    const { console, user } = message as AttachRequest;
    const session = sessions.get(console);
    if (!session) {
      const known = [...sessions.keys()].join(', ') || 'none';
      send({ type: 'answer', ok: false, code: 'console_unknown', error: `no console ${console}; there are: ${known}` });
      return void socket.end();
    }
    const screen = {
      send,
      get backlog() {
        return socket.writableLength;
      },
    };
    terminal = new Terminal(session, { name: user, way: 'attach' }, screen);
  });
}

function parse(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // not our client: hung up on
  }
}
