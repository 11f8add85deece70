import type { PanelApi } from 'cupboard/sdk/panel';
import type { Hub } from '../hub/hub.ts';
import { currentTheme } from '../shell/theme.ts';

const decoder = new TextDecoder();

/** The part of the panel API that a chart needs. */
export function chartApi(hub: Hub): Pick<PanelApi, 'history' | 'show' | 'hub'> {
  const { name, timezone, location } = hub.settings;
  return {
    hub: { name, timezone, ...(location && { location }) },
    show: (value, unit) => hub.show(value, unit),
    history: (series, range) => hub.api.history({ series, ...range }),
  };
}

/** What the page of `plugin` is given when it runs inside ours. */
export function panelApi(hub: Hub, plugin: string): PanelApi {
  return {
    ...chartApi(hub),
    plugin,
    admin: hub.isAdmin,
    units: hub.settings.units,
    theme: currentTheme(),
    subscribe: (filter, handler) =>
      hub.mqtt.subscribe(filter, ({ topic, payload }) => handler(topic, decoder.decode(payload))),
    publish: (topic, payload) =>
      hub.mqtt.publish(topic, typeof payload === 'string' ? payload : JSON.stringify(payload)),
    command: (name, args = {}) => hub.api.command(plugin, name, args),
    fetch: (path, init) => fetch(pluginUrl(plugin, path), { credentials: 'same-origin', ...init }),
  };
}

/** @throws Error when the path leads out of the plugin's own */
export function pluginUrl(plugin: string, path: string): string {
  const base = new URL(`/plugins/${encodeURIComponent(plugin)}/`, location.origin);
  const url = new URL(path.replace(/^\/+/, ''), base);
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname))
    throw new Error(`a panel fetches below ${base.pathname} only`);
  return url.href;
}
