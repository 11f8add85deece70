import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer, isIP, isIPv4 } from 'node:net';
import { errorCode, HubError } from './errors.ts';

/** Splits `127.0.0.1:1883`, `[::1]:1883` or `localhost:1883`; undefined when it is none. */
export function parseAddress(address: string): { host: string; port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host !== undefined && port <= 65_535 ? { host, port } : undefined;
}

/** `127.0.0.1:1883`, with the brackets IPv6 needs. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Splits `192.0.2.1`, `10.0.0.0/8` or `fd00::/8`; undefined when it is none. */
export function parseAddressRange(
  text: string,
): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [, address = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 6 ? 128 : 32;
  const bits = digits === undefined ? most : Number(digits);
  return bits <= most ? { address, bits, family: version === 6 ? 'ipv6' : 'ipv4' } : undefined;
}

/** An address of this machine alone; a name such as `127.0.0.1.example.org` is not one. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** The first port from `port` on that nothing listens on. */
export async function nextFreePort(host: string, port: number): Promise<number> {
  for (let candidate = port; candidate <= 65_535; candidate += 1) if (await isFree(host, candidate)) return candidate;
  throw new Error(`no free port on ${host} from ${port} on`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => (errorCode(error) === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Who listens on a TCP port, as far as this user may see: `mosquitto (pid 812)`. */
export async function portHolder(port: number): Promise<string | undefined> {
  const inodes = new Set(
    (await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => listeners(file, port)))).flat(),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (/^\d+$/.test(pid) && (await holdsSocket(pid, inodes))) {
      const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a process');
      return `${command.trim()} (pid ${pid})`;
    }
  }
  return undefined;
}

/** Socket inodes that listen on the port: columns 2 (local address), 4 (state, 0A = LISTEN) and 10 of proc_net_tcp(5). */
async function listeners(file: string, port: number): Promise<string[]> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const table = await readFile(file, 'utf8').catch(() => '');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap((columns) => (columns[1]?.endsWith(wanted) && columns[3] === '0A' && columns[9] ? [columns[9]] : []));
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  // Other users' processes cannot be looked into: then nobody is named.
  for (const fd of await readdir(folder).catch(() => [])) {
    const target = await readlink(`${folder}/${fd}`).catch(() => '');
    if (inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')) return true;
  }
  return false;
}

/**
 * The refusal to listen on a taken port: who has it, and the ways out.
 * @param more what else can be said about this listener
 */
export async function portBusy(
  address: string,
  option: string,
  key: string,
  cause: unknown,
  more = '',
): Promise<HubError> {
  const { host, port } = parseAddress(address) ?? { host: address, port: 0 };
  const holder = (await portHolder(port)) ?? 'another program';
  const free = formatAddress(host, await nextFreePort(host, port + 1));
  const message = `${address} is taken by ${holder}: listen elsewhere with ${option} ${free} or ${key} in cupboard.yaml, or stop that program${more}`;
  return new HubError('port_busy', message, { cause });
}
