import { nearMiss } from '../config/near-miss.ts';
import type { JsonObject } from '../sdk/contract.ts';
import type { Problem } from '../support/errors.ts';
import type { Manifest, Permissions, PluginState } from './contract.ts';
import type { PluginFolder } from './discover.ts';
import { HUB_API } from './manifest.ts';
import {
  asksForNothing,
  describePermissions,
  grantedPermissions,
  notConsented,
  permissionsAskedFor,
} from './permissions.ts';
import { checkPluginConfig } from './plugin-config.ts';

/** What the user has decided about a plugin, kept in hub.db. */
export interface Choice {
  readonly enabled: boolean;
  /** The permissions that were shown when it was enabled. */
  readonly consented?: Permissions;
}

/** A plugin as it may run: a folder, or a second instance of one. */
export interface Candidate {
  readonly id: string;
  /** Absent when the config names a plugin that is not there. */
  readonly source: PluginFolder | undefined;
  /** The plugin's part of cupboard.yaml; absent when it has none. */
  readonly written: JsonObject | undefined;
  readonly choice: Choice | undefined;
  /** Config to run with under `--demo`; absent outside the demo. */
  readonly demo: JsonObject | undefined;
  /** Ids of all plugins there are, to name the one that was meant. */
  readonly known: readonly string[];
}

export type Decision =
  | {
      readonly run: true;
      readonly manifest: Manifest;
      readonly source: PluginFolder;
      readonly config: JsonObject;
      readonly permissions: Permissions;
      readonly asked: Permissions;
      /** Whether it runs under bubblewrap. */
      readonly sandbox: boolean;
    }
  | {
      readonly run: false;
      readonly state: PluginState;
      readonly reason: string;
      readonly advice?: string;
      readonly permissions: Permissions;
      /** What enabling it would agree to. */
      readonly asked: Permissions;
    };

const NO_PERMISSIONS: Permissions = { publishes: [], subscribes: [] };

/** Says whether a plugin runs and, if not, why and what to do about it. Pure. */
export function decide({ id, source, written, choice, demo, known }: Candidate): Decision {
  const stays = (
    state: PluginState,
    reason: string,
    advice?: string,
    permissions = NO_PERMISSIONS,
    asked = NO_PERMISSIONS,
  ) => ({ run: false, state, reason, ...(advice !== undefined && { advice }), permissions, asked }) as const;

  if (!source) {
    const name = typeof written?.['use'] === 'string' ? written['use'] : id;
    const near = nearMiss(name, known);
    return stays(
      'invalid',
      `there is no plugin "${name}"${near ? `; did you mean "${near}"?` : ''}`,
      `correct plugins.${id} in cupboard.yaml`,
    );
  }
  const { manifest, firstParty } = source;
  if (!manifest) return stays('invalid', listed(source.problems), 'correct its plugin.json');
  if (manifest.hub !== HUB_API) {
    return stays(
      'incompatible',
      `made for version ${manifest.hub} of the hub's API, this hub has ${HUB_API}`,
      'install a version of the plugin for this hub',
    );
  }
  const { config, problems } = checkPluginConfig(manifest, { ...demo, ...written }, `plugins.${id}`);
  const permissions = grantedPermissions(id, manifest, config);
  const asked = permissionsAskedFor(permissions, manifest, written ?? {});

  if (choice?.enabled === false) {
    return stays('disabled', 'disabled by the user', `cupboard plugins enable ${id}`, permissions, asked);
  }
  const isAskedFor = written !== undefined || choice?.enabled === true || demo !== undefined;
  if (firstParty && !isAskedFor) {
    return stays(
      'unconfigured',
      'not set up',
      `give it settings, or: cupboard plugins enable ${id}`,
      permissions,
      asked,
    );
  }
  if (problems.length > 0) {
    const advice = `correct plugins.${id} in cupboard.yaml`;
    return written === undefined
      ? stays('unconfigured', `needs settings: ${listed(problems)}`, 'give it settings', permissions, asked)
      : stays('invalid', listed(problems), advice, permissions, asked);
  }
  const open = firstParty ? NO_PERMISSIONS : notConsented(asked, choice?.consented);
  if (!asksForNothing(open)) {
    return stays(
      'disabled',
      `asks for ${describePermissions(open)}: cupboard plugins enable ${id}`,
      'enable it if you agree',
      permissions,
      asked,
    );
  }
  return { run: true, manifest, source, config, permissions, asked, sandbox: written?.['sandbox'] === true };
}

const listed = (problems: readonly Problem[]) => problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
