import type { ConfigFile, HubConfig } from '../../config/contract.ts';
import { configSchema } from '../../config/schema.ts';
import { defineRoute, type Route } from '../route.ts';
import { object } from '../schemas.ts';

type Settings = Pick<HubConfig, 'name' | 'location' | 'timezone' | 'units'>;

const { name, location, timezone, units } = configSchema.properties;
const KEYS = { name, location, timezone, units };

/** What the first visit asks: the house's name, place, time zone and units. */
export function settingsRoutes(config: ConfigFile): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/settings',
      summary: 'Name, place, time zone and units of the house',
      access: 'viewer',
      answer: object(KEYS, ['location']),
      handle: () => toSettings(config.current),
    }),
    defineRoute<Partial<Settings>>({
      method: 'put',
      path: '/api/v1/settings',
      summary: 'Writes those given into cupboard.yaml',
      access: 'admin',
      body: object(withoutDefaults(KEYS), Object.keys(KEYS)),
      answer: object(KEYS, ['location']),
      handle: async ({ body }) => {
        const changes = Object.entries(body).map(([key, value]) => ({ path: [key], value }));
        return toSettings(await config.edit(changes));
      },
    }),
  ];
}

const toSettings = ({ name, location, timezone, units }: HubConfig): Settings => ({
  name,
  ...(location && { location }),
  timezone,
  units,
});

/** A key that is not sent stays as it is; filled in with its default it would be reset. */
function withoutDefaults(properties: Readonly<Record<string, object>>) {
  return Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => {
      const { default: _, ...rest } = schema as { default?: unknown };
      return [key, rest];
    }),
  );
}
