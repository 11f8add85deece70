import { resolve } from 'node:path';
import { loadConfig } from '../config/config.ts';
import { SANDBOX_UNPROTECTED } from '../plugins/sandbox.ts';
import { installService, uninstallService, writeService } from '../service/install.ts';
import { renderService, type ServicePlan } from '../service/unit.ts';
import { prepareDataDir } from '../support/data-dir.ts';
import { createLogger } from '../support/log.ts';
import { distFile } from '../support/paths.ts';
import { choosePlugin, localPlugins } from './local-plugins.ts';
import { print } from './output.ts';

export interface InstallOptions {
  readonly user: string;
  /** Print the files instead. */
  readonly print?: boolean;
  /** Write the files below this folder instead. */
  readonly root?: string;
}

export async function install(dataDir: string, { user, print: isShown, root }: InstallOptions): Promise<void> {
  await prepareDataDir(dataDir);
  const plan = await planService(dataDir, user);
  if (isShown) {
    for (const [path, text] of Object.entries(renderService(plan))) print(`# ${path}\n${text}`);
    return;
  }
  const files = root === undefined ? await installService(plan) : await writeService(plan, resolve(root));
  for (const file of files) print(`wrote ${file}`);
  if (root !== undefined) return;
  print(`The hub runs as ${user}, on ${dataDir}, now and at every start of the machine.`);
  print('After plugins were added or removed from cupboard.yaml run this again. Look: systemctl status cupboard');
}

export async function uninstall(): Promise<void> {
  for (const file of await uninstallService()) print(`removed ${file}`);
  print('The data directory and the user were kept.');
}

async function planService(dataDir: string, user: string): Promise<ServicePlan> {
  const log = createLogger('hub', () => undefined);
  const { plugins } = (await loadConfig({ dataDir, log })).current;
  const folders = await localPlugins(dataDir);
  const needs = Object.entries(plugins).flatMap(([id, written]) => {
    const found = choosePlugin(folders, id, written);
    if (typeof found === 'string' || !found.manifest) return [];
    const { needs } = found.manifest;
    const unprotected = written['sandbox'] === true ? SANDBOX_UNPROTECTED : [];
    return [[id, { ...needs, unprotected: [...new Set([...needs.unprotected, ...unprotected])] }] as const];
  });
  return {
    node: process.execPath,
    cupboard: distFile('cupboard.js'),
    dataDir: resolve(dataDir),
    user,
    needs: Object.fromEntries(needs),
  };
}
