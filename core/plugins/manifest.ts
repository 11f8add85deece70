import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { createAjv } from '../config/ajv.ts';
import { joinPath, toProblems } from '../config/problems.ts';
import type { JsonObject } from '../sdk/contract.ts';
import { errorCode, errorText, ManifestError, type Problem } from '../support/errors.ts';
import type { Manifest } from './contract.ts';

/** Major of the API between hub and plugins. */
export const HUB_API = '1';

const text = { type: 'string', minLength: 1 };
const schemaObject = { type: 'object', description: 'a JSON Schema' };
const argv = { type: 'array', items: text, minItems: 1 };
const filters = { type: 'array', items: { type: 'string', format: 'topic-filter' }, default: [] };
const commandName = { pattern: '^[a-z][a-z0-9_-]*$' };

const MANIFEST_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name', 'version', 'description', 'license', 'hub'],
  properties: {
    id: { type: 'string', pattern: '^[a-z][a-z0-9-]*$', maxLength: 40 },
    name: text,
    version: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+([-+].+)?$' },
    description: text,
    license: { type: 'string', pattern: '^[A-Za-z0-9.+() -]+$', examples: ['MIT'] },
    hub: { type: 'string', pattern: '^\\d+$', examples: [HUB_API] },
    main: text,
    exec: argv,
    config: schemaObject,
    publishes: filters,
    subscribes: filters,
    commands: {
      type: 'object',
      default: {},
      propertyNames: commandName,
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['description'],
        properties: {
          description: text,
          args: schemaObject,
          admin: { type: 'boolean' },
          timeoutSeconds: { type: 'number', exclusiveMinimum: 0 },
        },
      },
    },
    devices: {
      type: 'object',
      default: {},
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'sensors'],
        properties: { name: text, sensors: { type: 'object', additionalProperties: sensorSchema() } },
      },
    },
    programs: {
      type: 'object',
      default: {},
      propertyNames: commandName,
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['description'],
        properties: { description: text, main: text, exec: argv },
      },
    },
    panel: text,
    needs: needsSchema(),
    memoryMb: { type: 'integer', minimum: 16, default: 256 },
    aptPackages: { type: 'array', items: text, default: [] },
  },
};

function sensorSchema() {
  return {
    type: 'object',
    additionalProperties: false,
    properties: {
      unit: { type: 'string' },
      device_class: text,
      state_class: { enum: ['measurement', 'total', 'total_increasing'] },
      period: { type: 'number', exclusiveMinimum: 0 },
      name: text,
    },
  };
}

/** Lists, so that what several plugins need adds up. */
function needsSchema() {
  const list = (items: object = text) => ({ type: 'array', items, default: [] });
  return {
    type: 'object',
    additionalProperties: false,
    default: {},
    properties: {
      groups: list({ type: 'string', pattern: '^[a-z_][a-z0-9_-]*$' }),
      capabilities: list({ type: 'string', pattern: '^CAP_[A-Z_]+$' }),
      privileged: list({ type: 'string', pattern: '^CAP_[A-Z_]+$' }),
      unprotected: list({ type: 'string', pattern: '^(NoNewPrivileges|(Protect|Private|Restrict)[A-Za-z]+)$' }),
      delegate: { type: 'boolean', default: false },
      udev: list(),
      polkit: list(),
    },
  };
}

const validate = createAjv().compile(MANIFEST_SCHEMA);

/**
 * Reads and checks `plugin.json` of a folder. No code of the plugin runs.
 * @throws ManifestError with every problem
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const manifest = parse(await readText(folder));
  const problems = validate(manifest) ? [] : toProblems(validate.errors ?? []);
  // The rules below are about a manifest of the right shape; on another they would only repeat what is said already.
  if (problems.length === 0) problems.push(...ruleProblems(manifest as Manifest, folder));
  if (problems.length > 0)
    throw new ManifestError(problems.map(({ path, message }) => ({ path: path || 'plugin.json', message })));
  return manifest as Manifest;
}

async function readText(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, 'plugin.json'), 'utf8');
  } catch (error) {
    const message = errorCode(error) === 'ENOENT' ? 'expected this file in the folder, got none' : errorText(error);
    throw new ManifestError([{ path: 'plugin.json', message }], { cause: error });
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new ManifestError([{ path: 'plugin.json', message: `expected JSON: ${errorText(error)}` }], { cause: error });
  }
}

/** What JSON Schema cannot say. */
function ruleProblems(manifest: Manifest, folder: string): Problem[] {
  return [
    ...oneEntry('', manifest, folder),
    ...Object.entries(manifest.programs).flatMap(([name, program]) => oneEntry(`programs.${name}`, program, folder)),
    ...(manifest.panel === undefined ? [] : fileProblems('panel', manifest.panel, folder)),
    ...schemaProblems('config', manifest.config),
    ...Object.entries(manifest.commands).flatMap(([name, { args }]) => schemaProblems(`commands.${name}.args`, args)),
    ...(manifest.id === 'hub' ? [{ path: 'id', message: 'expected another name: hub is the core itself' }] : []),
    ...manifest.publishes
      .filter((filter) => filter === 'hub' || filter.startsWith('hub/'))
      .map((filter) => ({
        path: 'publishes',
        message: `expected filters outside hub/, got ${JSON.stringify(filter)}`,
      })),
  ];
}

function oneEntry(
  path: string,
  { main, exec }: { main?: string; exec?: readonly string[] },
  folder: string,
): Problem[] {
  if ((main === undefined) === (exec === undefined)) {
    const came = main === undefined ? 'neither' : 'both';
    return [{ path, message: `expected one of "main" and "exec", got ${came}` }];
  }
  return main === undefined ? [] : fileProblems(joinPath(path, 'main'), main, folder);
}

function fileProblems(path: string, file: string, folder: string): Problem[] {
  const inside = relative(folder, join(folder, file));
  if (isAbsolute(file) || inside.startsWith('..')) {
    return [{ path, message: `expected a file inside the folder, got ${JSON.stringify(file)}` }];
  }
  return existsSync(join(folder, file))
    ? []
    : [{ path, message: `expected a file of the folder, ${file} is not there` }];
}

function schemaProblems(path: string, schema: JsonObject | undefined): Problem[] {
  if (schema === undefined) return [];
  try {
    createAjv().compile(schema);
    return [];
  } catch (error) {
    return [{ path, message: `expected a JSON Schema: ${errorText(error)}` }];
  }
}
