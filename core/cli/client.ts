import { request } from 'node:http';
import { join } from 'node:path';
import { errorCode, HubError, type Problem } from '../support/errors.ts';

/** The running hub's API over `<data>/hub.sock`: who may open that file is admin, no login is needed. */
export interface HubClient {
  readonly socketPath: string;
  get<T>(path: string): Promise<T>;
  /** An answer that is not JSON, such as CSV. */
  text(path: string): Promise<string>;
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>;
}

export function hubClient(dataDir: string): HubClient {
  const socketPath = join(dataDir, 'hub.sock');
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await exchange(socketPath, method, path, body).catch((error: unknown) => {
      throw unreachable(error, dataDir, socketPath);
    });
    if (answer.status >= 400) throw refused(answer);
    return answer.text;
  };
  const json = async (method: string, path: string, body?: unknown) => {
    const text = await ask(method, path, body);
    return text === '' ? undefined : JSON.parse(text);
  };
  return {
    socketPath,
    get: (path) => json('GET', path),
    text: (path) => ask('GET', path),
    send: json,
  };
}

/** A path of the API with its parts and query encoded: `` apiPath`/plugins/${id}` ``. */
export function apiPath(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return `/api/v1${parts[0]}${values.map((value, index) => encodeURIComponent(value) + parts[index + 1]).join('')}`;
}

/** `?a=1&b=2` of what is set. */
export function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== undefined) given.set(key, String(value));
  return given.size > 0 ? `?${given}` : '';
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function exchange(socketPath: string, method: string, path: string, body: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request({ socketPath, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text });
      });
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export function unreachable(error: unknown, dataDir: string, socketPath: string): HubError {
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new HubError(
        'hub_not_running',
        `no hub runs on ${dataDir}: start it with cupboard start --data ${dataDir}`,
        {
          cause: error,
        },
      );
    case 'EACCES':
      return new HubError(
        'hub_not_allowed',
        `${socketPath} is for the hub's own user: run this as that user (sudo -u), or use a token over HTTP`,
        { cause: error },
      );
    default:
      return new HubError('hub_lost', `the hub on ${dataDir} did not answer (${errorCode(error) ?? 'broken answer'})`, {
        cause: error,
      });
  }
}

/** The API's refusal (application/problem+json) in words. */
function refused({ status, type, text }: Answer): HubError {
  if (!/json/.test(type)) return new HubError('hub_refused', `the hub answered ${status}`);
  const {
    detail,
    title,
    problems,
    type: kind,
  } = JSON.parse(text) as {
    detail?: string;
    title?: string;
    type?: string;
    problems?: readonly Problem[];
  };
  const code = kind?.split(':').at(-1) ?? 'hub_refused';
  const listed = problems?.map(({ path, message }) => `${path}: ${message}`).join('\n');
  return new HubError(code, listed || detail || title || `the hub answered ${status}`);
}
