import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { deadline, errorCode, errorText } from 'cupboard/sdk';
import type { Answer, Post } from './services/service.ts';

const POST_TIMEOUT_MS = 20_000;
/** An APRS server greets and answers the login at once; one that does not is still sent the packet. */
const LINE_TIMEOUT_MS = 3_000;
const MOST_BODY = 10_000;

/** The service could not be reached. The message never holds the address: the key is in it. */
export class UnreachableError extends Error {}

/** Sends one post and answers what came back. @throws UnreachableError */
export async function send(post: Post, signal: AbortSignal): Promise<Answer> {
  const limit = deadline(POST_TIMEOUT_MS, signal);
  try {
    return await (post.kind === 'http' ? sendHttp(post, limit) : sendLines(post, limit));
  } catch (error) {
    throw new UnreachableError(reason(error));
  }
}

async function sendHttp(post: Extract<Post, { kind: 'http' }>, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(post.url, {
    method: post.method,
    // A redirect would carry the key to a place the user did not name.
    redirect: 'manual',
    signal,
    ...(post.body !== undefined && { body: post.body, headers: { 'content-type': 'application/json' } }),
  });
  const body = (await response.text()).slice(0, MOST_BODY);
  const retryAfter = waitAsked(response.headers.get('retry-after'), body);
  return { status: response.status, body, ...(retryAfter !== undefined && { retryAfter }) };
}

/** Seconds from a Retry-After header or Windy's `retry_after` in the body. */
function waitAsked(header: string | null, body: string): number | undefined {
  const seconds = Number(header ?? /"retry_after"\s*:\s*"?(\d+)/.exec(body)?.[1]);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  const date = Date.parse(/"retry_after"\s*:\s*"([^"]+)"/.exec(body)?.[1] ?? header ?? '');
  return Number.isNaN(date) ? undefined : Math.max(0, Math.round((date - Date.now()) / 1000));
}

/** Login, its answer, packet, close: the conversation of an APRS server. */
async function sendLines(post: Extract<Post, { kind: 'tcp' }>, signal: AbortSignal): Promise<Answer> {
  const socket = connect({ host: post.host, port: post.port, signal });
  try {
    await once(socket, 'connect', { signal });
    const heard: string[] = [];
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => heard.push(line));
    const failed = once(socket, 'error', { signal }).then(([error]) => Promise.reject(error));
    failed.catch(() => undefined);
    for (const line of post.lines) {
      await Promise.race([heardOne(lines), failed]);
      socket.write(`${line}\r\n`);
    }
    socket.end();
    await Promise.race([once(socket, 'close', { signal }), failed]);
    return { status: 0, body: heard.join('\n').slice(0, MOST_BODY) };
  } finally {
    socket.destroy();
  }
}

async function heardOne(lines: NodeJS.EventEmitter): Promise<void> {
  await once(lines, 'line', { signal: AbortSignal.timeout(LINE_TIMEOUT_MS) }).catch(() => undefined);
}

/** What went wrong, without anything of the address. */
function reason(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause ?? error;
  const names: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    ENOTFOUND: 'host name not found',
    EAI_AGAIN: 'host name look-up failed: is the line down?',
    ECONNRESET: 'connection cut',
    ETIMEDOUT: 'no answer in time',
    ENETUNREACH: 'network unreachable: is the line down?',
    EHOSTUNREACH: 'host unreachable',
  };
  if ((error as Error).name === 'TimeoutError') return `no answer in ${POST_TIMEOUT_MS / 1000} s`;
  const code = errorCode(cause);
  if (code !== undefined) return names[code] ?? code;
  return /^[\w ]+$/.test(errorText(cause)) ? errorText(cause) : 'the request failed';
}
