import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { errorText, HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';

/** What `cupboard tls init` makes, below the data directory. */
export const TLS_FOLDER = 'tls';
export const AUTHORITY = join(TLS_FOLDER, 'ca.crt');

/** PEM texts of a server. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A server that takes another certificate while it goes on; what is connected stays connected. */
export interface SecureServer {
  setSecureContext(options: ServerCertificate): void;
}

/** The certificate of all the hub's servers. */
export interface Tls {
  readonly certificate: ServerCertificate;
  /** Gives the server a new certificate whenever the files change. */
  follow(server: SecureServer): void;
  stop(): void;
}

const LOOK_MS = 2000;

/**
 * Reads the certificate and its key, and reads them again when they change: renewing needs no restart.
 * @param paths relative to the data directory
 * @throws HubError `tls_unusable`
 */
export function openTls(
  dataDir: string,
  paths: { readonly certificate: string; readonly key: string },
  log: Logger,
  lookMs = LOOK_MS,
): Tls {
  const files = { cert: resolve(dataDir, paths.certificate), key: resolve(dataDir, paths.key) };
  const servers = new Set<SecureServer>();
  let certificate = read(files);
  const renew = () => {
    try {
      const next = read(files);
      if (next.cert === certificate.cert && next.key === certificate.key) return;
      certificate = next;
      for (const server of servers) server.setSecureContext(certificate);
      log.info(`the certificate ${files.cert} was renewed`);
    } catch (error) {
      log.error(`the certificate of before stays in use: ${errorText(error)}`);
    }
  };
  for (const file of Object.values(files)) watchFile(file, { interval: lookMs, persistent: false }, renew);
  return {
    get certificate() {
      return certificate;
    },
    follow: (server) => void servers.add(server),
    stop: () => {
      for (const file of Object.values(files)) unwatchFile(file, renew);
    },
  };
}

function read({ cert, key }: { cert: string; key: string }): ServerCertificate {
  try {
    const found = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
    createSecureContext(found); // says whether they are what they should be, and fit each other
    return found;
  } catch (error) {
    throw new HubError(
      'tls_unusable',
      `tls.certificate and tls.key: ${cert} and ${key} cannot be used (${errorText(error)}); cupboard tls init makes them`,
      { cause: error },
    );
  }
}
