import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A pull request of the fake, in the words of the API. */
export interface FakePull {
  readonly number: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  merged: boolean;
  head: { sha: string };
  readonly base: { ref: string };
  readonly html_url: string;
  readonly user: { login: string };
}

export interface FakeReview {
  readonly state: string;
  readonly commit_id: string;
  readonly user: { login: string };
  readonly official?: boolean;
  readonly dismissed?: boolean;
  readonly author_association?: string;
}

export const FORGE_TOKEN = 'forge-token-0123456789';

/**
 * The part of GitHub's and Gitea's API that is used, stricter than they are: unknown routes, fields and states, a wrong
 * token or media type are refused, and kept in `refused`.
 */
export async function startForge(kind: 'github' | 'gitea', merge: (pull: FakePull) => Promise<void>) {
  const pulls = new Map<number, FakePull>();
  const reviews = new Map<number, FakeReview[]>();
  const statuses: { commit: string; state: string; context: string; description: string; target_url?: string }[] = [];
  const comments: { number: number; body: string }[] = [];
  const refused: string[] = [];
  const prefix = kind === 'github' ? '/repos/home/lamp' : '/api/v1/repos/home/lamp';
  const authorization = `${kind === 'github' ? 'Bearer' : 'token'} ${FORGE_TOKEN}`;

  const server = createServer((request, response) => {
    handle(request)
      .catch((error: unknown) => {
        refused.push(`${request.method} ${request.url}: ${String(error)}`);
        return [500, { message: String(error) }] as const;
      })
      .then(([status, answer]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(answer === undefined ? '' : JSON.stringify(answer));
      })
      .catch((error: unknown) => refused.push(String(error)));
  });

  async function handle(request: IncomingMessage): Promise<readonly [number, unknown]> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://forge');
    const refuse = (status: number, why: string): readonly [number, unknown] => {
      refused.push(`${request.method} ${pathname}: ${why}`);
      return [status, { message: why }];
    };
    if (request.headers.authorization !== authorization) return refuse(401, 'bad token');
    if (!pathname.startsWith(prefix)) return refuse(404, 'no such repository');
    let text = '';
    for await (const chunk of request) text += String(chunk);
    if (text !== '' && request.headers['content-type'] !== 'application/json') return refuse(415, 'JSON is expected');
    const body = text === '' ? {} : JSON.parse(text);
    const path = pathname.slice(prefix.length);
    const route = `${request.method} ${path}`;
    const only = (...allowed: readonly string[]) => Object.keys(body).filter((name) => !allowed.includes(name));

    if (route === 'GET /pulls') {
      if (searchParams.get('state') !== 'open') return refuse(422, 'state');
      const size = Number(searchParams.get(kind === 'github' ? 'per_page' : 'limit'));
      const from = (Number(searchParams.get('page')) - 1) * size;
      return [200, [...pulls.values()].filter(({ state }) => state === 'open').slice(from, from + size)];
    }
    const [, number = '', rest = ''] = /^\/(?:pulls|issues)\/(\d+)(\/\w+)?$/.exec(path) ?? [];
    const pull = pulls.get(Number(number));
    if (number !== '' && pull === undefined) return [404, { message: 'Not Found' }];
    if (request.method === 'GET' && pull && rest === '') return [200, pull];
    if (request.method === 'GET' && pull && rest === '/reviews') {
      return [200, searchParams.get('page') === '1' ? (reviews.get(pull.number) ?? []) : []];
    }
    if (request.method === 'POST' && pull && path.startsWith('/issues/') && rest === '/comments') {
      if (only('body').length > 0 || typeof body.body !== 'string') return refuse(422, 'a comment has a body');
      comments.push({ number: pull.number, body: body.body });
      return [201, { id: comments.length }];
    }
    if (request.method === (kind === 'github' ? 'PUT' : 'POST') && pull && rest === '/merge') {
      const [method, head] = kind === 'github' ? ['merge_method', 'sha'] : ['Do', 'head_commit_id'];
      if (only(method, head).length > 0 || body[method] !== 'merge') return refuse(422, 'unknown way to merge');
      if (pull.merged || pull.state !== 'open') return [405, { message: 'not open' }];
      if (body[head] !== pull.head.sha) return [409, { message: 'head was modified' }];
      await merge(pull);
      pull.merged = true;
      pull.state = 'closed';
      return kind === 'github' ? [200, { merged: true }] : [200, undefined];
    }
    const [, commit] = /^POST \/statuses\/([0-9a-f]{40})$/.exec(route) ?? [];
    if (commit !== undefined) {
      if (only('state', 'context', 'description', 'target_url').length > 0) return refuse(422, 'unknown field');
      if (!['pending', 'success', 'failure', 'error'].includes(body.state)) return refuse(422, 'unknown state');
      if (typeof body.description !== 'string' || body.description.length > 140) return refuse(422, 'description');
      statuses.push({ commit, ...body });
      return [201, { [kind === 'github' ? 'state' : 'status']: body.state }];
    }
    return refuse(404, 'no such route');
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { api: kind === 'github' ? origin : `${origin}/api/v1`, pulls, reviews, statuses, comments, refused };
}

/** Sends a webhook as the forges do; answers status and text. */
export async function deliver(
  port: number,
  secret: string,
  event: string,
  payload: object,
  given: { id?: string; asForm?: boolean; headers?: Record<string, string>; github?: boolean } = {},
): Promise<{ status: number; text: string }> {
  const json = JSON.stringify(payload);
  const signature = createHmac('sha256', secret).update(json).digest('hex');
  const id = given.id ?? randomUUID();
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: {
      'content-type': given.asForm ? 'application/x-www-form-urlencoded' : 'application/json',
      ...(given.github
        ? { 'x-github-event': event, 'x-github-delivery': id, 'x-hub-signature-256': `sha256=${signature}` }
        : { 'x-gitea-event': event, 'x-gitea-delivery': id, 'x-gitea-signature': signature }),
      ...given.headers,
    },
    body: given.asForm ? new URLSearchParams({ payload: json }).toString() : json,
  });
  return { status: response.status, text: (await response.text()).trim() };
}
