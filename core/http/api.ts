import express, { type Express, type Request, type Response } from 'express';
import { createAjv } from '../config/ajv.ts';
import { toProblems } from '../config/problems.ts';
import type { Problem } from '../support/errors.ts';
import { type Caller, requireRole } from './gate.ts';
import { HttpProblem } from './problem.ts';
import { Reply, type Route, type Schema, statusesOf } from './route.ts';

const LARGEST_BODY = '1mb';

/** Puts the routes into the express app. `callerOf` answers whom the gate let in. */
export function registerRoutes(
  app: Express,
  routes: readonly Route[],
  callerOf: (response: Response) => Caller | undefined,
): void {
  const ajv = createAjv();
  const json = express.json({ limit: LARGEST_BODY, strict: false });
  // Compiled when first asked for: all of them together would cost the start 60 ms.
  const check = (schema: Schema, value: unknown, base: string) => {
    const validate = ajv.compile(schema);
    if (!validate(value)) throw invalid(toProblems(validate.errors ?? [], base));
  };

  for (const route of routes) {
    const expectedQuery = querySchema(route);
    const handlers = route.body ? [requireJson, json] : [];
    const allow = (_request: Request, response: Response, next: () => void) => {
      if (route.access !== 'public') requireRole(callerOf(response), route.access);
      next();
    };
    app[route.method](expressPath(route.path), allow, ...handlers, async (request: Request, response: Response) => {
      const query = readQuery(route, request);
      check(expectedQuery, query, 'query');
      const body: unknown = route.body ? (request.body ?? {}) : undefined;
      if (route.body) check(route.body, body, '');
      const params = request.params as Record<string, string>;
      const answer = await route.handle({ params, query, body, caller: callerOf(response), request, response });
      // Who asked may have gone while a long command ran.
      if (!response.destroyed) send(response, route, answer);
    });
  }
}

function send(response: Response, route: Route, answer: unknown): void {
  const reply = answer instanceof Reply ? answer : new Reply(answer);
  const { status = statusesOf(route)[0], type, headers = {} } = reply.options;
  response.status(status ?? 200).set(headers);
  if (type) response.type(type).send(String(reply.body));
  else if (reply.body === undefined) response.end();
  else response.json(reply.body);
}

/** A form of a foreign page can send text and form data without asking, JSON it cannot. */
function requireJson(request: Request, _response: Response, next: () => void): void {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
  if (hasBody && !request.is('json')) {
    throw new HttpProblem(415, 'body_not_json', 'expected a body with Content-Type: application/json');
  }
  next();
}

/** Query values are text: those declared as numbers become numbers, and what is none stays text and is refused. */
function readQuery(route: Route, request: Request): Record<string, unknown> {
  const given = new URL(request.originalUrl, 'http://hub').searchParams;
  return Object.fromEntries(
    [...given].map(([name, text]) => {
      const type = route.query?.[name]?.['type'];
      const isNumber = (type === 'integer' || type === 'number') && text.trim() !== '' && Number.isFinite(Number(text));
      return [name, isNumber ? Number(text) : text];
    }),
  );
}

export function querySchema({ query = {} }: Route): Schema {
  const required = Object.keys(query).filter((name) => query[name]?.['x-required'] === true);
  return { type: 'object', additionalProperties: false, properties: query, required };
}

function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

export function invalid(problems: readonly Problem[]): HttpProblem {
  const detail = problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
  return new HttpProblem(422, 'request_invalid', detail, problems);
}
