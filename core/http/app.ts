import express, { type ErrorRequestHandler, type Express, type Response } from 'express';
import type { Logger } from '../support/log.ts';
import { registerRoutes } from './api.ts';
import { Assets } from './assets.ts';
import type { HttpParts } from './contract.ts';
import type { PeerOf } from './forwarded.ts';
import type { Caller, Gate } from './gate.ts';
import { securityHeaders } from './headers.ts';
import { describeRoutes } from './openapi.ts';
import { servePage } from './page.ts';
import { pluginPages } from './plugin-pages.ts';
import { HttpProblem, PROBLEM_TYPE, problem, toProblem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { accountRoutes } from './routes/accounts.ts';
import { certificateRoute } from './routes/certificate.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { messageRoutes } from './routes/messages.ts';
import { pluginRoutes } from './routes/plugins.ts';
import { settingsRoutes } from './routes/settings.ts';
import { ANY_OBJECT } from './schemas.ts';
import type { VitalsReader } from './vitals.ts';

export interface AppParts extends HttpParts {
  readonly gate: Gate;
  readonly peerOf: PeerOf;
  readonly vitals: VitalsReader;
  readonly accountLink: () => string;
  readonly log: Logger;
}

const callerOf = (response: Response) => response.locals['caller'] as Caller | undefined;

/** Everything that is answered over HTTP, for the network and for hub.sock alike. */
export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(securityHeaders);
  app.use((request, response, next) => {
    response.locals['caller'] = parts.gate.admit(request);
    next();
  });
  app.use(['/api', '/metrics'], (_request, response, next) => {
    response.set('cache-control', 'no-store');
    next();
  });
  registerRoutes(app, apiRoutes(parts), callerOf);
  const assets = new Assets();
  app.use('/plugins/:id', pluginPages(parts, assets, callerOf));
  app.use(servePage(parts.webFolder, assets));
  app.use((request) => {
    throw new HttpProblem(404, 'route_unknown', `there is no ${request.method} ${request.path}`);
  });
  app.use(answerError(parts.log));
  return app;
}

/** All routes of the API, openapi.json among them. */
function apiRoutes(parts: AppParts): Route[] {
  const routes: Route[] = [
    ...healthRoutes(parts.vitals, parts),
    ...accountRoutes(parts.accounts, parts.accountLink, parts.peerOf),
    ...settingsRoutes(parts.config),
    ...pluginRoutes(parts),
    ...messageRoutes(parts.broker),
    ...historyRoutes(parts.recorder, parts.logs),
    certificateRoute(parts.dataDir),
    defineRoute({
      method: 'get',
      path: '/api/v1/openapi.json',
      summary: 'This description',
      access: 'public',
      answer: ANY_OBJECT,
      handle: () => describeRoutes(routes, parts.version),
    }),
  ];
  return routes;
}

function answerError(log: Logger): ErrorRequestHandler {
  // Four parameters are how express knows an error handler.
  return (error: unknown, request, response, _next) => {
    const known = toProblem(error);
    if (!known) log.error(`${request.method} ${request.path} failed: ${(error as Error).stack ?? String(error)}`);
    if (response.headersSent) return void response.destroy();
    const { body, headers } = known ?? problem(500, 'fault', 'a fault of the hub: its log says more');
    response.writeHead(body.status, { ...headers, 'content-type': PROBLEM_TYPE }).end(JSON.stringify(body));
  };
}
