import { type MetricsParts, metricsText } from '../metrics.ts';
import { defineRoute, Reply, type Route } from '../route.ts';
import { INTEGER, list, NUMBER, object, TEXT } from '../schemas.ts';
import type { VitalsReader } from '../vitals.ts';

const HEALTH = object({
  status: { enum: ['ok', 'degraded'] },
  problems: list(TEXT),
  version: TEXT,
  core: object({
    uptimeSeconds: INTEGER,
    rssBytes: INTEGER,
    eventLoopLagMs: object({ mean: NUMBER, p99: NUMBER, max: NUMBER }),
  }),
  plugins: { type: 'object', description: 'how many are in each state', additionalProperties: INTEGER },
  queues: object({ brokerJournal: INTEGER, brokerOffline: INTEGER, recorder: INTEGER }),
  diskFreeBytes: INTEGER,
});

/** For watchdogs and monitoring. Health says nothing about the house, so it needs no login. */
export function healthRoutes(vitals: VitalsReader, parts: MetricsParts): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/health',
      summary: 'How the hub is; 503 when it is degraded',
      access: 'public',
      answer: HEALTH,
      statuses: [200, 503],
      handle: async () => {
        const health = await vitals.read();
        return new Reply(health, { status: health.status === 'ok' ? 200 : 503 });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/metrics',
      summary: 'The same for Prometheus, with a row for each plugin',
      access: 'viewer',
      texts: ['text/plain'],
      handle: async () =>
        new Reply(metricsText(await vitals.read(), parts), { type: 'text/plain; version=0.0.4; charset=utf-8' }),
    }),
  ];
}
