import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { errorCode, errorText, HubError } from '../support/errors.ts';
import { formatAddress, isLoopback, parseAddress, portBusy } from '../support/ports.ts';
import { createApp } from './app.ts';
import type { HttpParts, HttpServer } from './contract.ts';
import { createPeerOf } from './forwarded.ts';
import { createGate } from './gate.ts';
import { createMqttUpgrade } from './mqtt-upgrade.ts';
import { createVitals } from './vitals.ts';

/** The page, the API and MQTT over WebSocket, on `http.listen` and on `<data>/hub.sock`. */
export function createHttpServer(parts: HttpParts): HttpServer {
  const { config, accounts, logs, dataDir, tls } = parts;
  const log = logs.logger('hub');
  const socketPath = join(dataDir, 'hub.sock');
  const overSocket = new WeakSet<Duplex>();
  const peerOf = createPeerOf(() => config.current.http.trust_proxy);
  const gate = createGate({
    accounts,
    peerOf,
    hosts: () => config.current.http.hosts,
    isLocal: (request) => overSocket.has(request.socket),
  });
  const vitals = createVitals(parts);
  const upgrade = createMqttUpgrade({ ...parts, gate, peerOf, log });
  let url = '';
  const accountLink = () => `${url}/setup#${accounts.createLink()}`;
  const app = createApp({ ...parts, gate, peerOf, vitals, accountLink, log });

  const withUpgrade = (server: Server): Server =>
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      upgrade.handle(request, socket, head),
    );
  const isSecure = config.current.http.tls === true && tls !== undefined;
  const serve = (): Server => {
    if (!isSecure) return withUpgrade(createServer(app));
    const server = createSecureServer(tls.certificate, app);
    tls.follow(server);
    return withUpgrade(server);
  };
  const local = withUpgrade(createServer(app)).on('connection', (socket) => overSocket.add(socket));
  const servers = [local];
  let network: Listening | undefined;

  const open = async (address: string) => {
    checkExposure(address, accounts.users().length > 0);
    const server = serve();
    network = await listen(server, address);
    servers.push(server);
    url = `${isSecure ? 'https' : 'http'}://${shownAddress(network.address)}`;
  };
  const move = async (address: string) => {
    const before = network;
    // First, because the new address may be the same port on all interfaces. Open connections go on.
    before?.server.close();
    try {
      await open(address);
      log.info(`the page is now at ${url}`);
    } catch (error) {
      log.error(`http.listen is not used, ${url} stays: ${errorText(error)}`);
      if (before) await open(before.address);
    }
  };
  /** One move after another. */
  let moved: Promise<void> = Promise.resolve();
  config.onChange((next, previous) => {
    if (next.http.listen === previous.http.listen) return;
    moved = moved
      .then(() => move(next.http.listen))
      .catch((error: unknown) => log.error(`the page is closed: ${errorText(error)}`));
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
      await moved;
      upgrade.close();
      await Promise.all(servers.map(close));
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

interface Listening {
  readonly server: Server;
  /** With the port really taken. */
  readonly address: string;
}

async function listen(server: Server, address: string): Promise<Listening> {
  const { host, port } = parseAddress(address) ?? { host: address, port: 0 };
  try {
    await listening(server, () => server.listen({ host, port, exclusive: true }));
  } catch (error) {
    throw await listenError(error, address);
  }
  return { server, address: formatAddress(host, (server.address() as AddressInfo).port) };
}

/** "All addresses" is one to listen on, not one to go to: there the machine's name is shown. */
function shownAddress(address: string): string {
  return address.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, hostname());
}

async function listenError(cause: unknown, address: string): Promise<HubError> {
  if (errorCode(cause) === 'EADDRINUSE') return portBusy(address, '--http', 'http.listen', cause);
  return new HubError('http_listen', `cannot listen on ${address}: ${errorText(cause)}`, { cause });
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
  const closed = server.listening ? once(server, 'close') : undefined;
  server.close();
  server.closeAllConnections();
  await closed;
}
