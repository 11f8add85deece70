import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import type { Caller } from './gate.ts';
import { SANDBOX } from './headers.ts';
import { HttpProblem } from './problem.ts';

export interface Target {
  readonly socketPath: string;
  /** Taken off the path: the plugin sees its own paths only. */
  readonly prefix: string;
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
export async function forward(request: Request, response: Response, { socketPath, prefix, caller }: Target) {
  if (Number(request.headers['content-length']) > LARGEST_UPLOAD) throw tooLarge();
  const outgoing = httpRequest({
    socketPath,
    method: request.method,
    path: request.originalUrl.slice(prefix.length) || '/',
    headers: requestHeaders(request, prefix, caller),
  });
  // A client that goes away takes the plugin's work for it along.
  response.on('close', () => outgoing.destroy());
  try {
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).once('error', reject);
    });
    // A plugin may answer before it has read everything; what fails then is not the answer.
    const [answer] = await Promise.all([answered, pipeline(request, limit(), outgoing)]);
    response.writeHead(answer.statusCode ?? 502, responseHeaders(answer.headers));
    await pipeline(answer, response);
  } catch (error) {
    outgoing.destroy();
    if (response.destroyed) return;
    if (response.headersSent) return void response.destroy();
    throw error instanceof HttpProblem
      ? error
      : new HttpProblem(502, 'plugin_pages_broken', `${prefix} did not answer: ${(error as Error).message}`);
  }
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
function requestHeaders(request: Request, prefix: string, { name, role }: Caller): IncomingHttpHeaders {
  const kept = Object.entries(request.headers).filter(
    ([key]) =>
      !isHopByHop(key, request.headers) && !['cookie', 'authorization'].includes(key) && !key.startsWith('x-cupboard-'),
  );
  return {
    ...Object.fromEntries(kept),
    'x-forwarded-prefix': prefix,
    'x-cupboard-user': name,
    'x-cupboard-role': role,
  };
}

function responseHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([key]) => !isHopByHop(key, headers) && key !== 'set-cookie');
  return {
    ...Object.fromEntries(kept),
    'content-security-policy': SANDBOX,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
}

function isHopByHop(key: string, { connection = '' }: IncomingHttpHeaders): boolean {
  const named = connection.split(',').map((each) => each.trim().toLowerCase());
  return HOP_BY_HOP.has(key) || named.includes(key);
}
