import { loadConfig } from '../config/config.ts';
import type { HubConfig } from '../config/contract.ts';
import { checkData } from '../doctor/data.ts';
import { type Finding, ok, problem } from '../doctor/finding.ts';
import { checkClock, checkNode } from '../doctor/machine.ts';
import { checkDevices, checkNeeds, checkStates } from '../doctor/plugins.ts';
import type { PluginRow } from '../plugins/contract.ts';
import { checkFileSystem, checkSocketPath } from '../support/data-dir.ts';
import { ConfigError, errorCode, errorText } from '../support/errors.ts';
import { createLogger } from '../support/log.ts';
import { parseAddress, portHolder } from '../support/ports.ts';
import { hubClient } from './client.ts';
import { choosePlugin, localPlugins } from './local-plugins.ts';
import { oneLine, print, printJson } from './output.ts';

const MARKS = { ok: 'ok', warning: 'WARNING', problem: 'PROBLEM' } as const;

/** Looks at everything that keeps a hub from working, with what mends it; tells whether there is no problem. */
export async function examine(dataDir: string, json?: boolean): Promise<boolean> {
  const findings = await findingsOf(dataDir);
  if (json) printJson(findings);
  else for (const finding of findings) printFinding(finding);
  return findings.every(({ level }) => level !== 'problem');
}

function printFinding({ about, level, message, fix }: Finding): void {
  print(`${MARKS[level].padEnd(8)} ${about}: ${oneLine(message)}`);
  if (fix !== undefined) print(fix.replaceAll(/^/gm, '         -> '));
}

async function findingsOf(dataDir: string): Promise<readonly Finding[]> {
  const rows = await runningPlugins(dataDir);
  const { config, findings } = await checkConfig(dataDir);
  return [
    checkNode(),
    await checkClock(),
    ...(await checkPlace(dataDir)),
    ...findings,
    ...(config ? await checkData(dataDir, config.backup.keep) : []),
    ...(config && !rows ? await checkPorts(config) : []),
    ...(config ? await checkPlugins(dataDir, config) : []),
    ...(await checkDevices()),
    ...(rows ? [ok('hub', 'runs'), ...checkStates(rows)] : [ok('hub', 'does not run')]),
  ];
}

/** `undefined` where no hub runs. */
const runningPlugins = (dataDir: string): Promise<PluginRow[] | undefined> =>
  hubClient(dataDir)
    .get<PluginRow[]>('/api/v1/plugins')
    .catch((error: unknown) => {
      if (errorCode(error) === 'hub_not_running') return undefined;
      throw error;
    });

async function checkPlace(dataDir: string): Promise<Finding[]> {
  try {
    checkSocketPath(dataDir);
    await checkFileSystem(dataDir);
    return [];
  } catch (error) {
    return [problem('data directory', errorText(error))];
  }
}

async function checkConfig(dataDir: string): Promise<{ config?: HubConfig; findings: Finding[] }> {
  try {
    const { current } = await loadConfig({ dataDir, log: createLogger('hub', () => undefined) });
    return { config: current, findings: [ok('cupboard.yaml', 'can be used: cupboard check looks at plugins too')] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { findings: error.problems.map(({ path, message }) => problem('cupboard.yaml', `${path}: ${message}`)) };
  }
}

/** Ports that the hub would want, and who has them. */
async function checkPorts({ broker, http }: HubConfig): Promise<Finding[]> {
  const wanted = { 'broker.listen': broker.listen, 'http.listen': http.listen };
  const findings = Object.entries(wanted).map(async ([key, address]) => {
    const port = parseAddress(address)?.port;
    const holder = port === undefined ? undefined : await portHolder(port);
    if (holder === undefined) return ok(key, `${address} is free`);
    return problem(key, `${address} is taken by ${holder}`, `stop that program, or set ${key} in cupboard.yaml`);
  });
  return Promise.all(findings);
}

async function checkPlugins(dataDir: string, { plugins }: HubConfig): Promise<Finding[]> {
  const folders = await localPlugins(dataDir);
  const findings = Object.entries(plugins).map(async ([id, written]) => {
    const found = choosePlugin(folders, id, written);
    if (typeof found === 'string') return [problem(id, found)];
    return found.manifest
      ? checkNeeds(id, found.manifest)
      : [problem(id, 'its plugin.json is invalid', 'cupboard check')];
  });
  return (await Promise.all(findings)).flat();
}
