import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import type { Caller } from './gate.ts';
import { SANDBOX } from './headers.ts';
import { HttpProblem } from './problem.ts';

export interface Target {
  readonly socketPath: string;
  /** The full path: a plugin finds its pages where the browser does, so its own links are right. */
  readonly path: string;
  readonly caller: Caller;
}

/** Larger things are brought to a plugin as files. */
const LARGEST_UPLOAD = 256 * 1024 * 1024;
/** Of one connection, not to be passed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Passes a request on to a plugin's own server, both bodies streaming. */
export async function forward(request: Request, response: Response, { socketPath, path, caller }: Target) {
  if (Number(request.headers['content-length']) > LARGEST_UPLOAD) throw tooLarge();
  const outgoing = httpRequest({ socketPath, path, method: request.method, headers: requestHeaders(request, caller) });
  // A client that goes away takes the plugin's work for it along.
  response.on('close', () => outgoing.destroy());
  try {
    const answer = await exchange(request, outgoing);
    response.writeHead(answer.statusCode ?? 502, responseHeaders(answer.headers));
    // Before the first byte of the body, which an event stream may send much later.
    response.flushHeaders();
    await pipeline(answer, response);
  } catch (error) {
    outgoing.destroy();
    if (response.destroyed) return;
    if (response.headersSent) return void response.destroy();
    throw error instanceof HttpProblem
      ? error
      : new HttpProblem(502, 'plugin_pages_broken', `the plugin did not answer: ${(error as Error).message}`);
  }
}

/** Sends the body on and answers as soon as the plugin does, even before it has read everything. */
function exchange(request: Request, outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // For good: a connection may break again after the answer has begun.
    outgoing.on('error', reject);
    // Not pipeline(), which would end the client's connection and the answer with it.
    request.pipe(limit().on('error', reject)).pipe(outgoing);
  });
}

function limit(): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > LARGEST_UPLOAD ? tooLarge() : null, chunk);
    },
  });
}

function tooLarge(): HttpProblem {
  return new HttpProblem(413, 'upload_too_large', `expected at most ${LARGEST_UPLOAD / 1024 ** 2} MiB`);
}

/** Who asks is told by the hub alone; the means of proving it stay here. */
function requestHeaders(request: Request, { name, role }: Caller): OutgoingHttpHeaders {
  const { headers } = request;
  const kept = Object.entries(headers).filter(
    ([key]) =>
      !isHopByHop(key, headers) && key !== 'cookie' && key !== 'authorization' && !key.startsWith('x-cupboard-'),
  );
  return {
    ...Object.fromEntries(kept),
    // Node frames the body of a GET or DELETE only when told to; unframed, it would pass for a request of its own.
    ...(headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
    'x-cupboard-user': name,
    'x-cupboard-role': role,
  };
}

function responseHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([key]) => !isHopByHop(key, headers) && key !== 'set-cookie');
  return {
    ...Object.fromEntries(kept),
    'content-security-policy': `${SANDBOX}; frame-ancestors 'self'`,
    'x-frame-options': 'SAMEORIGIN',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
}

function isHopByHop(key: string, { connection = '' }: IncomingHttpHeaders): boolean {
  const named = connection.split(',').map((each) => each.trim().toLowerCase());
  return HOP_BY_HOP.has(key) || named.includes(key);
}
