import { createServer, type Server, type Socket } from 'node:net';
import { deadline, errorText, HubError, type Logger } from 'cupboard/sdk';
import type { LogView } from './view.ts';

/** As Zuul's: a client may send this much to say which log it wants, in this long. */
const MAX_REQUEST_BYTES = 1024;
const REQUEST_MS = 10_000;
/** A reader that takes nothing for this long is let go. */
const STALLED_MS = 60_000;
const MAX_CONNECTIONS = 64;

export interface ConsoleOptions {
  /** `127.0.0.1:19885`; port 0 takes a free one. */
  readonly listen: string;
  readonly view: (build: string) => Promise<LogView | undefined>;
  readonly log: Logger;
}

/** Serves logs over plain TCP: `nc HOST 19885`, the build's id as the first line, then the log as it grows. */
export interface ConsoleServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws HubError `console_port` where it cannot listen */
export async function startConsole({ listen, view, log }: ConsoleOptions): Promise<ConsoleServer> {
  const split = listen.lastIndexOf(':');
  const host = listen.slice(0, split).replaceAll(/[[\]]/g, '');
  const sockets = new Set<Socket>();
  // Half open: `echo ID | nc` ends its side at once and reads on.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that is gone is no news.
    socket.on('error', () => socket.destroy());
    serve(socket, view).catch((error: unknown) => {
      log.debug(`console: ${errorText(error)}`);
      socket.destroy();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listening(server, host, Number(listen.slice(split + 1)));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, close };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new HubError('console_port', `console.listen ${host}:${port}: ${error.message}`, { cause: error })),
    );
    server.listen(port, host, resolve);
  });
}

async function serve(socket: Socket, view: ConsoleOptions['view']): Promise<void> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const build = await readRequest(socket);
  // An id that could name another file is as unknown as one that names none.
  const found = await view(build).catch(() => undefined);
  if (!found) return void socket.end('[ci] Log not found\n');
  socket.resume();
  for await (const bytes of found.follow(0, gone.signal)) {
    if (!socket.write(bytes)) await drained(socket, gone.signal);
  }
  socket.end();
}

/** The first line a client sends. */
function readRequest(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new HubError('console_timeout', 'no build id was sent')), REQUEST_MS);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.removeListener('data', take);
      settle();
    };
    const take = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      const newline = text.indexOf('\n');
      if (newline >= 0) end(() => resolve(text.slice(0, newline).trim()));
      else if (text.length > MAX_REQUEST_BYTES)
        end(() => reject(new HubError('console_request', 'the id is too long')));
    };
    socket.on('data', take);
    socket.once('close', () => end(() => reject(new HubError('console_gone', 'the client is gone'))));
    // An id without newline is one, too.
    socket.once('end', () => end(() => resolve(text.trim())));
  });
}

function drained(socket: Socket, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const patience = deadline(STALLED_MS, gone);
    socket.once('drain', resolve);
    patience.addEventListener('abort', () => reject(new HubError('console_stalled', 'the client takes nothing')), {
      once: true,
    });
  });
}
