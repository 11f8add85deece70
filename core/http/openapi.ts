import { querySchema } from './api.ts';
import { PROBLEM_TYPE } from './problem.ts';
import { type Route, type Schema, statusesOf } from './route.ts';
import { list, object, TEXT } from './schemas.ts';

const PROBLEM = object(
  {
    type: { ...TEXT, description: '`urn:cupboard:problem:` and a code that stays the same' },
    title: TEXT,
    status: { type: 'integer' },
    detail: TEXT,
    problems: list(object({ path: TEXT, message: TEXT })),
  },
  ['problems'],
);

/** The OpenAPI 3.1 document of the routes. */
export function describeRoutes(routes: readonly Route[], version: string): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    paths[route.path]![route.method] = describeRoute(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Cupboard', version, description: 'The hub over HTTP. On `<data>/hub.sock` no login is needed.' },
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      responses: {
        Problem: {
          description: 'What went wrong',
          content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'cupboard_PORT' },
      },
    },
  };
}

function describeRoute(route: Route): Schema {
  const { answer, texts = [] } = route;
  const content = {
    ...(answer && { 'application/json': { schema: answer } }),
    ...Object.fromEntries(texts.map((type) => [type, { schema: TEXT }])),
  };
  const good = { description: route.summary, ...(Object.keys(content).length > 0 && { content }) };
  return {
    summary: route.summary,
    ...(route.access === 'public' ? { security: [] } : { security: [{ session: [] }, { token: [] }] }),
    'x-role': route.access,
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(route.body && { requestBody: { content: { 'application/json': { schema: route.body } } } }),
    responses: {
      ...Object.fromEntries(statusesOf(route).map((status) => [status, good])),
      ...Object.fromEntries(
        problemStatuses(route).map((status) => [status, { $ref: '#/components/responses/Problem' }]),
      ),
    },
  };
}

function pathParameters({ path }: Route): Schema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: TEXT }));
}

function queryParameters(route: Route): Schema[] {
  const required = querySchema(route)['required'] as readonly string[];
  return Object.entries(route.query ?? {}).map(([name, { 'x-required': _, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

/** 403 is also the answer to a foreign host or origin, so any route can give it. */
function problemStatuses({ access, query, body, problems = [] }: Route): number[] {
  const own = [
    403,
    ...(access === 'public' ? [] : [401]),
    ...(body ? [400, 413, 415, 422] : []),
    ...(query ? [422] : []),
    ...problems,
    500,
  ];
  return [...new Set(own)].sort((a, b) => a - b);
}
