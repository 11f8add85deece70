/** Where the page can be. Not below `/plugins/<id>/`: that is what plugins serve themselves. */
export const ROUTES = {
  overview: '/',
  plugins: '/plugins',
  plugin: '/plugin/:id',
  panel: '/panel/:id',
  topics: '/topics',
  history: '/history',
  events: '/events',
  logs: '/logs',
  settings: '/settings',
  welcome: '/welcome',
  setup: '/setup',
  login: '/login',
} as const;

export type RouteName = keyof typeof ROUTES;

export interface Place {
  readonly route: RouteName;
  /** The `:id` of the path, if it has one. */
  readonly id: string | undefined;
}

export function placeOf(pathname: string): Place | undefined {
  const path = pathname.replace(/\/+$/, '') || '/';
  for (const [route, pattern] of Object.entries(ROUTES) as [RouteName, string][]) {
    const [base = '', hasId] = pattern.split(':id');
    if (hasId === undefined && path === pattern) return { route, id: undefined };
    const rest = path.slice(base.length);
    if (hasId !== undefined && path.startsWith(base) && rest !== '' && !rest.includes('/')) {
      return { route, id: decodeURIComponent(rest) };
    }
  }
  return undefined;
}

export const pluginPath = (id: string) => `/plugin/${encodeURIComponent(id)}`;
export const panelPath = (id: string) => `/panel/${encodeURIComponent(id)}`;
export const historyPath = (series: readonly string[]) =>
  `/history?${new URLSearchParams({ series: series.join(',') })}`;
export const eventsPath = (filter: string) => `/events?${new URLSearchParams({ filter })}`;
export const logsPath = (plugin: string) => `/logs?${new URLSearchParams({ plugin })}`;
export const topicsPath = (filter: string) => `/topics?${new URLSearchParams({ filter })}`;

/** The page to return to after a login: a path of our own, never another site. */
export function returnPath(search: string): string {
  const path = new URLSearchParams(search).get('next') ?? '/';
  return /^\/(?![/\\])/.test(path) ? path : '/';
}
