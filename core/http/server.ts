import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { errorCode, HubError } from '../support/errors.ts';
import { formatAddress, isLoopback, parseAddress, portBusy } from '../support/ports.ts';
import { createApp } from './app.ts';
import type { HttpParts, HttpServer } from './contract.ts';
import { createGate } from './gate.ts';
import { createMqttUpgrade } from './mqtt-upgrade.ts';
import { createVitals } from './vitals.ts';

/** The page, the API and MQTT over WebSocket, on `http.listen` and on `<data>/hub.sock`. */
export function createHttpServer(parts: HttpParts): HttpServer {
  const { config, accounts, broker, logs, dataDir } = parts;
  const log = logs.logger('hub');
  const socketPath = join(dataDir, 'hub.sock');
  const overSocket = new WeakSet<Duplex>();
  const gate = createGate({
    accounts,
    hosts: () => config.current.http.hosts,
    isLocal: (request) => overSocket.has(request.socket),
  });
  const vitals = createVitals(parts);
  const upgrade = createMqttUpgrade(gate, broker, accounts, log);
  let url = '';
  const accountLink = () => `${url}/setup#${accounts.createLink()}`;
  const app = createApp({ ...parts, gate, vitals, accountLink, log });

  const serve = (): Server =>
    createServer(app).on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      upgrade.handle(request, socket, head),
    );
  const local = serve().on('connection', (socket) => overSocket.add(socket));
  let network = serve();

  const open = async (address: string) => {
    checkExposure(address, accounts.users().length > 0);
    const server = serve();
    url = `http://${await listen(server, address)}`;
    network = server;
  };

  config.onChange((next, previous) => {
    if (next.http.listen === previous.http.listen) return;
    const old = network;
    open(next.http.listen).then(
      () => {
        log.info(`the page is now at ${url}`);
        old.close();
      },
      (error: unknown) => log.error(`http.listen is not used, ${url} stays: ${(error as Error).message}`),
    );
  });

  return {
    get url() {
      return url;
    },
    accountLink,
    async start() {
      await open(config.current.http.listen);
      await listenOnSocket(local, socketPath);
    },
    async stop() {
      upgrade.close();
      await Promise.all([local, network].map(close));
      vitals.close();
    },
  };
}

/** A stranger who finds the page before there is an account could do nothing, but nobody else could keep him out either. */
function checkExposure(address: string, hasAccounts: boolean): void {
  const host = parseAddress(address)?.host ?? '';
  if (isLoopback(host) || hasAccounts) return;
  throw new HubError(
    'http_open_without_accounts',
    `http.listen: ${address} can be reached from other machines, but there is no account yet. ` +
      'Start with http.listen: 127.0.0.1:8484 in cupboard.yaml (or --http 127.0.0.1:8484), make one, then change it back',
  );
}

/** Answers the address really taken. */
async function listen(server: Server, address: string): Promise<string> {
  const { host, port } = parseAddress(address) ?? { host: address, port: 0 };
  try {
    await listening(server, () => server.listen({ host, port, exclusive: true }));
  } catch (error) {
    throw await listenError(error, address);
  }
  const taken = server.address() as AddressInfo;
  return formatAddress(isUnspecified(host) ? hostname() : host, taken.port);
}

/** "All addresses" is one to listen on, not one to go to. */
const isUnspecified = (host: string) => host === '0.0.0.0' || host === '::';

async function listenError(cause: unknown, address: string): Promise<HubError> {
  if (errorCode(cause) === 'EADDRINUSE') return portBusy(address, '--http', 'http.listen', cause);
  return new HubError('http_listen', `cannot listen on ${address}: ${(cause as Error).message}`, { cause });
}

/** Whoever can open this socket is admin, so it is the owner's alone from the moment it exists. */
async function listenOnSocket(server: Server, path: string): Promise<void> {
  // Left behind by a hub that was killed; the data directory's lock is held, so nobody listens on it.
  await rm(path, { force: true });
  await listening(server, () => {
    // The socket is bound before listen() returns, so no other file is made under this mask.
    const before = process.umask(0o177);
    try {
      server.listen(path);
    } finally {
      process.umask(before);
    }
  });
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
