import type { JsonObject } from '../sdk/contract.ts';
import type { Manifest, Permissions } from './contract.ts';
import { configGrants } from './plugin-config.ts';

/** What every plugin may read beside its own tree. */
const READABLE_BY_ALL = ['hub/status', 'hub/devices/#'];

/** Everything beyond its own tree that the running plugin may use: what the manifest asks for and what its config names. */
export function grantedPermissions(id: string, manifest: Manifest, config: JsonObject): Permissions {
  const named = configGrants(manifest.config, config);
  // No config value opens the core's own tree for writing, whoever wrote it.
  const publishes = named.publishes.filter((filter) => filter !== 'hub' && !filter.startsWith('hub/'));
  return beyondOwnTree(id, {
    publishes: union(manifest.publishes, publishes),
    subscribes: union(manifest.subscribes, named.subscribes),
  });
}

/**
 * What the user must agree to: all of it, less the filters the user wrote into the config by hand. Defaults of the
 * plugin's own schema are not the user's word.
 */
export function permissionsAskedFor(granted: Permissions, manifest: Manifest, written: JsonObject): Permissions {
  const chosen = configGrants(manifest.config, written);
  return {
    publishes: without(granted.publishes, without(chosen.publishes, manifest.publishes)),
    subscribes: without(granted.subscribes, without(chosen.subscribes, manifest.subscribes)),
  };
}

/** What of `asked` was not agreed to before. */
export function notConsented(asked: Permissions, consented: Permissions | undefined): Permissions {
  return {
    publishes: without(asked.publishes, consented?.publishes ?? []),
    subscribes: without(asked.subscribes, consented?.subscribes ?? []),
  };
}

export function asksForNothing(permissions: Permissions): boolean {
  return permissions.publishes.length === 0 && permissions.subscribes.length === 0;
}

/** `publish homeassistant/#; subscribe acurite/+, photos/#`. */
export function describePermissions({ publishes, subscribes }: Permissions): string {
  const parts = [
    publishes.length > 0 ? `publish ${publishes.join(', ')}` : '',
    subscribes.length > 0 ? `subscribe ${subscribes.join(', ')}` : '',
  ];
  return parts.filter(Boolean).join('; ');
}

function beyondOwnTree(id: string, { publishes, subscribes }: Permissions): Permissions {
  const isOwn = (filter: string) => filter === id || filter.startsWith(`${id}/`);
  return {
    publishes: publishes.filter((filter) => !isOwn(filter)),
    subscribes: subscribes.filter((filter) => !isOwn(filter) && !READABLE_BY_ALL.includes(filter)),
  };
}

const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])];
const without = (a: readonly string[], b: readonly string[]) => a.filter((each) => !b.includes(each));
