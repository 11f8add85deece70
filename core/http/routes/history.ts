import type { Recorder } from '../../recorder/contract.ts';
import type { History } from '../../sdk/contract.ts';
import { LOG_LEVELS, type LogLevel } from '../../support/log.ts';
import type { LogBook } from '../../support/log-book.ts';
import { invalid } from '../api.ts';
import { defineRoute, Reply, type Route } from '../route.ts';
import { INTEGER, list, NUMBER, object, required, TEXT, TIME } from '../schemas.ts';

const VALUE = { type: ['number', 'null'] };
const POINT = {
  type: 'array',
  description: '[time, min, mean, max]',
  prefixItems: [TIME, VALUE, VALUE, VALUE],
  items: false,
};
const STRING_AT = {
  type: 'array',
  description: '[time, string]: where the series took strings, only the changes',
  prefixItems: [TIME, TEXT],
  items: false,
};
const HISTORY = object(
  {
    series: TEXT,
    unit: TEXT,
    resolution: { enum: ['raw', '5m', '1h', '1d'] },
    points: list(POINT),
    texts: list(STRING_AT),
  },
  ['unit', 'texts'],
);
const SERIES = object({ series: TEXT, unit: TEXT, first: TIME, last: TIME, count: INTEGER, bytes: NUMBER }, ['unit']);
const WHEN = { type: 'string', description: 'epoch ms or ISO 8601', examples: ['2026-11-22T18:00:00Z'] };
const DAY_MS = 24 * 3_600_000;
const limit = (standard: number, most: number) => ({ ...INTEGER, minimum: 1, maximum: most, default: standard });

interface Range {
  readonly from?: string;
  readonly to?: string;
}

/** What was recorded, and the log. */
export function historyRoutes(recorder: Recorder, logs: LogBook): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/series',
      summary: 'All recorded series',
      access: 'viewer',
      answer: list(SERIES),
      problems: [503],
      handle: () => recorder.series(),
    }),
    defineRoute<undefined, Range & { series: string; points: number; format: 'json' | 'csv' }>({
      method: 'get',
      path: '/api/v1/history',
      summary: 'Readings of a series, rolled up so that about `points` come; the last day unless told',
      access: 'viewer',
      query: {
        series: required({ ...TEXT, minLength: 1, examples: ['station/outdoor/temperature'] }),
        from: WHEN,
        to: WHEN,
        points: limit(1000, 100_000),
        format: { enum: ['json', 'csv'], default: 'json' },
      },
      answer: HISTORY,
      texts: ['text/csv'],
      problems: [404, 503],
      handle: async ({ query: { series, from, to, points, format } }) => {
        const history = await recorder.history({ series, points, ...readRange({ from, to }) });
        return format === 'csv' ? toCsv(history) : history;
      },
    }),
    defineRoute<undefined, Range & { filter: string; limit: number }>({
      method: 'get',
      path: '/api/v1/events',
      summary: 'Recorded events, by topic filter; the last day unless told',
      access: 'viewer',
      query: {
        from: WHEN,
        to: WHEN,
        filter: { ...TEXT, format: 'topic-filter', default: '#' },
        limit: limit(200, 10_000),
      },
      answer: list(object({ time: TIME, topic: TEXT, payload: TEXT })),
      problems: [503],
      handle: ({ query: { from, to, filter, limit } }) =>
        recorder.events({ filter, limit, ...readRange({ from, to }) }),
    }),
    defineRoute<undefined, { plugin?: string; level: LogLevel; limit: number }>({
      method: 'get',
      path: '/api/v1/logs',
      summary: "Log lines, oldest first; `plugin=hub` are the hub's own",
      access: 'viewer',
      query: { plugin: TEXT, level: { enum: [...LOG_LEVELS], default: 'debug' }, limit: limit(200, 10_000) },
      answer: list(object({ time: TIME, level: { enum: [...LOG_LEVELS] }, plugin: TEXT, message: TEXT })),
      handle: ({ query }) => logs.query(query),
    }),
  ];
}

function readRange({ from, to }: { from: string | undefined; to: string | undefined }): { from: number; to: number } {
  const end = to === undefined ? Date.now() : readTime('to', to);
  return { from: from === undefined ? end - DAY_MS : readTime('from', from), to: end };
}

function readTime(name: string, text: string): number {
  const time = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw invalid([{ path: `query.${name}`, message: `expected epoch ms or ISO 8601, got ${JSON.stringify(text)}` }]);
}

function toCsv({ series, points }: History): Reply {
  const name = series.replaceAll(/[^a-z0-9_-]+/gi, '-');
  const lines = points.map((point) => point.map((value) => value ?? '').join(','));
  return new Reply(`${['time,min,mean,max', ...lines].join('\n')}\n`, {
    type: 'text/csv',
    headers: { 'content-disposition': `attachment; filename="${name}.csv"` },
  });
}
