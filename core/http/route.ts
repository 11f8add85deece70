import type { Request, Response } from 'express';
import { type Caller, requireRole } from './gate.ts';

/** JSON Schema, draft 2020-12 as OpenAPI 3.1 has it. */
export type Schema = { readonly [key: string]: unknown };

/** One request, its parts checked against the route's schemas. */
export interface Call<Body = unknown, Query = unknown> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Who asks; undefined only on public routes. */
  readonly caller: Caller | undefined;
  readonly request: Request;
  readonly response: Response;
}

/**
 * One declaration registers the route, checks what comes, and describes it in openapi.json.
 * @example defineRoute({ method: 'get', path: '/api/v1/users', summary: 'All users', access: 'admin', answer: list(USER), handle: () => accounts.users() })
 */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** As OpenAPI writes it: `/api/v1/users/{name}`. */
  readonly path: string;
  readonly summary: string;
  /** Who may ask: everybody, who is logged in, admins. */
  readonly access: 'public' | 'viewer' | 'admin';
  readonly query?: Readonly<Record<string, Schema>>;
  /** Absent: the route takes no body. */
  readonly body?: Schema;
  /** JSON of the answer; absent: there is none. */
  readonly answer?: Schema;
  /** Of a good answer, the usual one first; default 200, without `answer` and `texts` 204. */
  readonly statuses?: readonly number[];
  /** Answers that are not JSON, by media type. */
  readonly texts?: readonly string[];
  /** Statuses of problems beyond those that follow from `access`, `query` and `body`. */
  readonly problems?: readonly number[];
  handle(call: Call): unknown;
}

/** A route whose handler sees its body and query typed; the schemas vouch for the types. */
export function defineRoute<Body = undefined, Query = Record<string, never>>(
  route: Omit<Route, 'handle'> & { handle(call: Call<Body, Query>): unknown },
): Route {
  return route as Route;
}

/** An answer with a status, media type or headers of its own. */
export class Reply {
  constructor(
    readonly body: unknown,
    readonly options: {
      readonly status?: number;
      /** Media type; then `body` is text. */
      readonly type?: string;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {}
}

/** Statuses of a good answer, the usual one first. */
export function statusesOf({ statuses, answer, texts }: Route): readonly number[] {
  return statuses ?? [answer || texts ? 200 : 204];
}

/** The caller of a route that is not public. */
export function callerOf(call: Call<unknown, unknown>): Caller {
  return requireRole(call.caller, 'viewer');
}
