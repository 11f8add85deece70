import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { errorCode, HubError } from '../support/errors.ts';
import { formatAddress, isLoopback, parseAddress, portBusy } from '../support/ports.ts';
import type { Tls } from '../tls/tls.ts';

export type OnSocket = (socket: Socket) => void;

/**
 * Opens the network listener.
 * @throws HubError `port_busy`, `address_invalid`
 */
export async function listenTcp(address: string, onSocket: OnSocket): Promise<Server> {
  const parsed = parseAddress(address);
  if (!parsed) throw new HubError('address_invalid', `broker.listen: expected HOST:PORT, got "${address}"`);
  const server = createServer({ noDelay: true, keepAlive: true }, onSocket);
  try {
    await listening(server, () => server.listen(parsed));
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE') {
      throw new HubError('address_invalid', `broker.listen: ${address} cannot be opened (${errorCode(error)})`, {
        cause: error,
      });
    }
    const external = '. To use that broker instead (broker.url) is not in this version';
    throw await portBusy(address, '--mqtt', 'broker.listen', error, external);
  }
  return server;
}

/**
 * Opens the network listener with TLS. A socket is handed on once its handshake is done.
 * @throws HubError `address_invalid`
 */
export async function listenTls(address: string, tls: Tls, onSocket: OnSocket): Promise<Server> {
  const parsed = parseAddress(address);
  const server = createTlsServer(
    { ...tls.certificate, noDelay: true, keepAlive: true, handshakeTimeout: 10_000 },
    onSocket,
  );
  tls.follow(server);
  // A scanner, or a client that does not trust the certificate: its own affair.
  server.on('tlsClientError', () => undefined);
  try {
    await listening(server, () => server.listen(parsed));
  } catch (error) {
    throw new HubError('address_invalid', `broker.tls_listen: ${address} cannot be opened (${errorCode(error)})`, {
      cause: error,
    });
  }
  return server;
}

/** Opens a Unix socket that only this user can connect to, from its first moment on. */
export async function listenUnix(path: string, onSocket: OnSocket): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer(onSocket);
  const before = process.umask(0o177);
  try {
    // Binding happens inside listen(), before it returns.
    const opened = listening(server, () => server.listen(path));
    process.umask(before);
    await opened;
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
  return server;
}

/** `127.0.0.1:1883`, with the port really taken. */
export function boundAddress(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return String(bound);
  return formatAddress(bound.address, bound.port);
}

/** Also for what Linux calls a loopback client of a dual-stack socket. */
export function isLocalAddress(address: string | undefined): boolean {
  return address === undefined || isLoopback(address.replace(/^::ffff:/, ''));
}

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function listening(server: Server, open: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    open();
  });
}
