import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { InstallOutcome, OutdatedRow, Permissions, PluginRow } from '../plugins/contract.ts';
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

/** Tells whether what was installed stayed. */
export async function installPlugin(
  dataDir: string,
  source: string,
  { json, allowScripts = false }: { json?: boolean; allowScripts?: boolean },
): Promise<boolean> {
  // A path is that of the caller's folder; a package or repository has none.
  const body = { source: existsSync(source) ? resolve(source) : source, allowScripts };
  const installed = await hubClient(dataDir).send<InstallOutcome>('POST', '/api/v1/plugins', body);
  const { id, permissions, rolledBack } = installed;
  if (json) printJson(installed);
  else if (rolledBack !== undefined)
    print(`${id}: the new version is no good (${rolledBack}); the one of before runs again`);
  else {
    printPermissions(permissions);
    print(`installed ${id}: see cupboard plugins list`);
  }
  return rolledBack === undefined;
}

export async function rollBackPlugin(dataDir: string, id: string, json?: boolean): Promise<void> {
  const row = await hubClient(dataDir).send<PluginRow>('POST', apiPath`/plugins/${id}/rollback`);
  if (json) return printJson(row);
  print(`${id} is back at version ${row.version}: ${row.state}`);
}

export async function listOutdated(dataDir: string, json?: boolean): Promise<void> {
  const rows = await hubClient(dataDir).get<OutdatedRow[]>('/api/v1/plugins-outdated');
  printRows(
    rows,
    [
      ['PLUGIN', (row) => row.id],
      ['VERSION', (row) => row.version],
      ['AVAILABLE', (row) => row.available],
      ['FROM', (row) => row.source],
    ],
    json,
  );
}

export async function removePlugin(dataDir: string, id: string): Promise<void> {
  await hubClient(dataDir).send('DELETE', apiPath`/plugins/${id}`);
  print(`removed ${id}; its data is kept in plugin-data/${id}`);
}

function printPermissions({ publishes, subscribes }: Permissions): void {
  for (const filter of publishes) print(`may publish ${filter}`);
  for (const filter of subscribes) print(`may subscribe to ${filter}`);
}
