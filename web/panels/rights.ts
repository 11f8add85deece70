import { topicMatches } from '../mqtt/topics.ts';

/** What the page of a plugin that did not come with the hub may touch: what the plugin itself may. */
export interface PanelRights {
  readonly publishes: readonly string[];
  readonly subscribes: readonly string[];
}

/** Every plugin may read these. */
const OPEN_FILTERS = ['hub/status', 'hub/devices/#'];

export function panelRights(plugin: string, permissions: PanelRights): PanelRights {
  return {
    publishes: [`${plugin}/#`, ...permissions.publishes],
    subscribes: [`${plugin}/#`, ...OPEN_FILTERS, ...permissions.subscribes],
  };
}

export const isPublishAllowed = ({ publishes }: PanelRights, topic: string): boolean =>
  !/[+#]/.test(topic) && publishes.some((filter) => topicMatches(filter, topic));

export const isSubscribeAllowed = ({ subscribes }: PanelRights, filter: string): boolean =>
  subscribes.some((allowed) => filterCovers(allowed, filter));

/** True when whatever matches `inner` also matches `outer`. */
export function filterCovers(outer: string, inner: string): boolean {
  const wide = outer.split('/');
  const narrow = inner.split('/');
  for (const [index, level] of wide.entries()) {
    if (level === '#') return true;
    const found = narrow[index];
    if (found === undefined || found === '#' || (level !== '+' && level !== found)) return false;
  }
  return wide.length === narrow.length;
}
