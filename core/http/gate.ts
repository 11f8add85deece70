import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Identity } from '../broker/contract.ts';
import type { Accounts, Login, Role, User } from './contract.ts';
import type { PeerOf } from './forwarded.ts';
import { HttpProblem } from './problem.ts';

/** Who asks, once let in. `via: 'socket'` is the owner of the data directory, on hub.sock. */
export type Caller = (Login & { readonly via: 'session' | 'token' }) | (User & { readonly via: 'socket' });

/** The same person as the broker knows them. */
export function toIdentity({ name, role }: Caller): Identity {
  return { kind: 'user', name, role };
}

/**
 * Answers who asks, when that is somebody who may.
 * @param role the least one needed
 * @throws HttpProblem `login_needed` | `admin_needed`
 */
export function requireRole(caller: Caller | undefined, role: Role): Caller {
  if (!caller) throw new HttpProblem(401, 'login_needed', 'log in, or send a token: `cupboard token add NAME`');
  if (role === 'admin' && caller.role !== 'admin') {
    throw new HttpProblem(403, 'admin_needed', `${caller.name} may look but not change anything`);
  }
  return caller;
}

/** Decides who may ask, before any route is looked at. */
export interface Gate {
  /**
   * Answers who asks, undefined when nobody is logged in.
   * @throws HttpProblem `host_unknown` | `origin_foreign` | `token_invalid`
   */
  admit(request: IncomingMessage): Caller | undefined;
}

export interface GateOptions {
  readonly accounts: Accounts;
  readonly peerOf: PeerOf;
  /** `http.hosts` as it is now. */
  readonly hosts: () => readonly string[];
  /** Whether the connection came over hub.sock, which only the owner of the data directory can reach. */
  readonly isLocal: (request: IncomingMessage) => boolean;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createGate({ accounts, peerOf, hosts, isLocal }: GateOptions): Gate {
  const byToken = (text: string): Caller => {
    const found = accounts.token(text);
    if (found) return { ...found, via: 'token' };
    throw new HttpProblem(401, 'token_invalid', 'this token is not known: `cupboard token add NAME` makes one');
  };
  const byCookie = (request: IncomingMessage): Caller | undefined => {
    const secret = readCookie(request, cookieName(request));
    const found = secret === undefined ? undefined : accounts.session(secret);
    return found && { ...found, via: 'session' };
  };
  return {
    admit(request) {
      if (isLocal(request)) return { name: 'local', role: 'admin', via: 'socket' };
      const asked = peerOf(request).hosts;
      for (const host of asked) checkHost(host, hosts());
      const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
      const caller = bearer === undefined ? byCookie(request) : byToken(bearer);
      // A WebSocket is opened by GET but is not bound by the same-origin rule of browsers.
      const changes = !SAFE_METHODS.has(request.method ?? '') || request.headers.upgrade !== undefined;
      if (changes) checkOrigin(request.headers.origin, asked.at(-1) ?? '', caller?.via === 'session');
      return caller;
    },
  };
}

/** Browsers share cookies between the ports of a host: the port keeps a demo beside the real hub logged in. */
export function cookieName(request: IncomingMessage): string {
  return `cupboard_${request.socket.localPort ?? 0}`;
}

/**
 * Against DNS rebinding: a foreign page whose name was pointed at this machine still sends its own name. An IP address
 * was pointed nowhere, so it is let in.
 */
function checkHost(host: string, hosts: readonly string[]): void {
  const name = hostName(host);
  const own = hostname().toLowerCase();
  const isKnown =
    isIP(name) !== 0 ||
    name.endsWith('.localhost') ||
    ['localhost', own, `${own}.local`, ...hosts.map((known) => known.toLowerCase())].includes(name);
  if (!isKnown) {
    throw new HttpProblem(
      403,
      'host_unknown',
      `this hub does not answer as ${JSON.stringify(name)}: add the name to http.hosts in cupboard.yaml`,
    );
  }
}

/** The name in a Host header, without port and brackets, in lower case. */
function hostName(host: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(host) ?? [];
  return (bracketed ?? plain ?? '').toLowerCase();
}

/** Only the hub's own page may change something with the cookie that the browser sends by itself. */
function checkOrigin(origin: string | undefined, host: string, needsOrigin: boolean): void {
  if (origin === undefined) {
    if (!needsOrigin) return;
    throw new HttpProblem(
      403,
      'origin_foreign',
      'a request with the session cookie needs an Origin header; scripts use a token: `cupboard token add NAME`',
    );
  }
  if (!URL.canParse(origin) || new URL(origin).host !== host.toLowerCase()) {
    const advice = 'behind a proxy, let it pass on the Host header as it came, or name it in http.trust_proxy';
    throw new HttpProblem(403, 'origin_foreign', `${origin} may not change anything on ${host}; ${advice}`);
  }
}

function readCookie(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}
