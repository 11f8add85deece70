import { resolve } from 'node:path';
import type { Permissions, PluginRow } from '../plugins/contract.ts';
import { apiPath, hubClient } from './client.ts';
import { type Column, formatBytes, print, printJson, printRows } from './output.ts';

const STATE_COLUMNS: readonly Column<PluginRow>[] = [
  ['PLUGIN', (row) => row.id],
  ['STATE', (row) => row.state],
  ['VERSION', (row) => row.version],
  ['RESTARTS', (row) => row.restarts],
  ['MEMORY', (row) => row.rssBytes && formatBytes(row.rssBytes)],
  ['REASON', (row) => [row.reason, row.advice].filter(Boolean).join(': ')],
];

const LICENSE_COLUMNS: readonly Column<PluginRow>[] = [
  ['PLUGIN', (row) => row.id],
  ['VERSION', (row) => row.version],
  ['LICENSE', (row) => row.license],
  ['NAME', (row) => row.name],
];

export async function listPlugins(dataDir: string, options: { licenses?: boolean; json?: boolean }): Promise<void> {
  const rows = await hubClient(dataDir).get<PluginRow[]>('/api/v1/plugins');
  printRows(rows, options.licenses ? LICENSE_COLUMNS : STATE_COLUMNS, options.json);
}

export type PluginAction = 'start' | 'stop' | 'restart' | 'enable' | 'disable';

export async function actOnPlugin(dataDir: string, id: string, action: PluginAction, json?: boolean): Promise<void> {
  const row = await hubClient(dataDir).send<PluginRow>('POST', `${apiPath`/plugins/${id}`}/${action}`);
  if (json) return printJson(row);
  // Enabling is the consent to what it asks for, so that is shown.
  if (action === 'enable') printPermissions(row.permissions);
  print(`${id}: ${row.state}${row.reason ? `, ${row.reason}` : ''}`);
}

export async function installPlugin(dataDir: string, source: string, json?: boolean): Promise<void> {
  const body = { source: resolve(source) };
  const installed = await hubClient(dataDir).send<{ id: string; permissions: Permissions }>(
    'POST',
    '/api/v1/plugins',
    body,
  );
  if (json) return printJson(installed);
  printPermissions(installed.permissions);
  print(`installed ${installed.id}: see cupboard plugins list`);
}

export async function removePlugin(dataDir: string, id: string): Promise<void> {
  await hubClient(dataDir).send('DELETE', apiPath`/plugins/${id}`);
  print(`removed ${id}; its data is kept in plugin-data/${id}`);
}

function printPermissions({ publishes, subscribes }: Permissions): void {
  for (const filter of publishes) print(`may publish ${filter}`);
  for (const filter of subscribes) print(`may subscribe to ${filter}`);
}
