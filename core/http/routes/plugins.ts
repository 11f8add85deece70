import { type CommandOutcome, PLUGIN_STATES, type PluginDetails } from '../../plugins/contract.ts';
import type { JsonObject } from '../../sdk/contract.ts';
import type { HttpParts } from '../contract.ts';
import { toIdentity } from '../gate.ts';
import { readPluginConfig, writePluginConfig } from '../plugin-config.ts';
import { HttpProblem } from '../problem.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';
import { ANY_OBJECT, BOOLEAN, INTEGER, list, NUMBER, object, TEXT, TIME } from '../schemas.ts';

const PERMISSIONS = object({ publishes: list(TEXT), subscribes: list(TEXT) });
const ROW_KEYS = {
  id: TEXT,
  name: TEXT,
  version: TEXT,
  license: TEXT,
  description: TEXT,
  state: { enum: [...PLUGIN_STATES] },
  reason: TEXT,
  advice: TEXT,
  since: TIME,
  restarts: INTEGER,
  rssBytes: INTEGER,
  permissions: PERMISSIONS,
  panel: { enum: ['page', 'frame'], description: 'its page runs inside the dashboard or in a sandboxed frame' },
};
const ROW_OPTIONAL = ['version', 'license', 'description', 'reason', 'advice', 'rssBytes', 'panel'];
const ROW = object(ROW_KEYS, ROW_OPTIONAL);
const COMMAND = object({ description: TEXT, args: ANY_OBJECT, admin: BOOLEAN, timeoutSeconds: NUMBER }, [
  'args',
  'admin',
  'timeoutSeconds',
]);
const DETAILS = object(
  { ...ROW_KEYS, commands: { type: 'object', additionalProperties: COMMAND }, aptPackages: list(TEXT) },
  ROW_OPTIONAL,
);
const CONFIG = object({ config: ANY_OBJECT, schema: ANY_OBJECT }, ['schema']);
const ACTIONS = ['start', 'stop', 'restart', 'enable', 'disable'] as const;

type PluginRouteParts = Pick<HttpParts, 'plugins' | 'broker' | 'config'>;

/** Plugins: what runs, starting and stopping, their settings, their commands. */
export function pluginRoutes({ plugins, broker, config }: PluginRouteParts): Route[] {
  const find = (id = '') => {
    const found = plugins.find(id);
    if (!found) throw new HttpProblem(404, 'plugin_unknown', `there is no plugin ${JSON.stringify(id)}`);
    return found;
  };
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/plugins',
      summary: 'All plugins and how they are',
      access: 'viewer',
      answer: list(ROW),
      handle: () => plugins.list().map(({ id }) => toRow(find(id))),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/plugins/{id}',
      summary: 'One plugin with its commands',
      access: 'viewer',
      answer: DETAILS,
      problems: [404],
      handle: ({ params }) => {
        const found = find(params['id']);
        const { commands = {}, aptPackages = [] } = found.manifest ?? {};
        return { ...toRow(found), commands, aptPackages };
      },
    }),
    defineRoute<{ source: string; allowScripts?: boolean }>({
      method: 'post',
      path: '/api/v1/plugins',
      summary: 'Installs a plugin into <data>/plugins; answers what it asks for, and why an upgrade was taken back',
      access: 'admin',
      body: object(
        {
          source: {
            ...TEXT,
            minLength: 1,
            description: "path of a folder or .tgz of the hub's machine, package of npm, or git repository",
          },
          allowScripts: { type: 'boolean', description: 'whether npm may run scripts of the packages it depends on' },
        },
        ['allowScripts'],
      ),
      answer: object({ id: TEXT, permissions: PERMISSIONS, rolledBack: TEXT }, ['rolledBack']),
      statuses: [201],
      problems: [409],
      handle: ({ body }) => plugins.install(body.source, body.allowScripts),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/plugins-outdated',
      summary: 'Installed plugins that are newer where they came from',
      access: 'admin',
      answer: list(object({ id: TEXT, version: TEXT, available: TEXT, source: TEXT })),
      problems: [422],
      handle: () => plugins.outdated(),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/plugins/{id}/rollback',
      summary: 'Brings the version of before back; answers how the plugin is then',
      access: 'admin',
      answer: ROW,
      problems: [404, 409],
      handle: async ({ params }) => {
        const { id } = await plugins.rollBack(find(params['id']).row.id);
        return toRow(find(id));
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/v1/plugins/{id}',
      summary: 'Removes an installed plugin; its data is kept',
      access: 'admin',
      problems: [404, 409],
      handle: ({ params }) => plugins.remove(find(params['id']).row.id),
    }),
    ...ACTIONS.map((action) =>
      defineRoute({
        method: 'post',
        path: `/api/v1/plugins/{id}/${action}`,
        summary: `Asks the plugin to ${action}; answers how it is then`,
        access: 'admin',
        answer: ROW,
        problems: [404, 409],
        handle: async ({ params }) => {
          const { id } = await plugins.act(find(params['id']).row.id, action);
          return toRow(find(id));
        },
      }),
    ),
    defineRoute({
      method: 'get',
      path: '/api/v1/plugins/{id}/config',
      summary: 'Settings of the plugin as written, secrets masked, and their JSON Schema',
      access: 'viewer',
      answer: CONFIG,
      problems: [404],
      handle: ({ params }) => readPluginConfig(config, find(params['id'])),
    }),
    defineRoute<JsonObject>({
      method: 'put',
      path: '/api/v1/plugins/{id}/config',
      summary: 'Replaces the settings; a secret sent back as its mask stays',
      access: 'admin',
      body: ANY_OBJECT,
      answer: CONFIG,
      problems: [404, 409],
      handle: async ({ params, body }) => {
        const found = find(params['id']);
        await writePluginConfig(config, found, body);
        return readPluginConfig(config, found);
      },
    }),
    defineRoute<JsonObject>({
      method: 'post',
      path: '/api/v1/plugins/{id}/commands/{name}',
      summary: "Sends a command; the body is its arguments, the answer the command's own object, also with ok: false",
      access: 'viewer',
      body: ANY_OBJECT,
      answer: ANY_OBJECT,
      problems: [404, 409, 504],
      handle: async (call) => {
        const { id, name } = call.params as { id: string; name: string };
        const caller = callerOf(call);
        find(id);
        if (!broker.mayPublish(toIdentity(caller), `${id}/command/${name}`)) {
          throw new HttpProblem(403, 'command_forbidden', `${caller.name} may not send commands to ${id}`);
        }
        const { name: user, role } = caller;
        return answerOf(await plugins.command(id, name, call.body, { user, admin: role === 'admin' }));
      },
    }),
  ];
}

/** `panel` tells the page whether and how to show the plugin's own page. */
function toRow({ row, manifest, firstParty }: PluginDetails) {
  return { ...row, ...(manifest?.panel && { panel: firstParty ? 'page' : 'frame' }) };
}

const STATUS_OF_OUTCOME = { unknown: 404, not_running: 409, bad_arguments: 422, forbidden: 403, timeout: 504 } as const;

function answerOf(outcome: CommandOutcome): JsonObject {
  if (outcome.kind === 'answer') return outcome.answer;
  const problems = outcome.kind === 'bad_arguments' ? outcome.problems : undefined;
  throw new HttpProblem(STATUS_OF_OUTCOME[outcome.kind], `command_${outcome.kind}`, outcome.message, problems);
}
