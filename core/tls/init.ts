import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../support/files.ts';
import { type KeyPair, makeAuthority, makeServerCertificate } from './certificates.ts';
import { TLS_FOLDER } from './tls.ts';

export interface TlsMade {
  /** Whether the authority was made now; the one of before is kept, as devices trust it. */
  readonly isNewAuthority: boolean;
  readonly authority: string;
  readonly certificate: string;
  readonly names: readonly string[];
}

/**
 * Makes the house's certificate authority, once, and a server certificate signed by it; again renews that.
 * @param more names and addresses beside the machine's own
 */
export async function initTls(dataDir: string, hubName: string, more: readonly string[]): Promise<TlsMade> {
  const folder = join(dataDir, TLS_FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = (name: string) => join(folder, name);
  const isNewAuthority = !existsSync(path('ca.key'));
  if (isNewAuthority) await write(path('ca'), await makeAuthority(hubName));
  const authority = {
    certificate: await readFile(path('ca.crt'), 'utf8'),
    key: await readFile(path('ca.key'), 'utf8'),
  };
  const names = [...new Set([...ownNames(), ...more])];
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const);
  await write(path('server'), await makeServerCertificate(authority, alternatives));
  return { isNewAuthority, authority: path('ca.crt'), certificate: path('server.crt'), names };
}

/** The key first: a certificate without its key is worth nothing. */
async function write(base: string, { certificate, key }: KeyPair): Promise<void> {
  await writeFileAtomic(`${base}.key`, key, 0o600);
  await writeFileAtomic(`${base}.crt`, certificate);
}

/** What this machine is called in its house: by mDNS too, and by the addresses it has now. */
function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const own = hostname().toLowerCase();
  const plain = own.replace(/\..*$/, '');
  return [
    own,
    `${plain}.local`,
    'localhost',
    ...addresses.flatMap(({ address, scopeid }) => (scopeid ? [] : [address])),
  ];
}
