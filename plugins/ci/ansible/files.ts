import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildRequest } from '../contract.ts';
import { environmentOf } from '../runner/environment.ts';
import { scriptText } from '../runner/outcome.ts';
import {
  checkoutScript,
  configuration,
  type Delivery,
  type InventoryNode,
  inventory,
  PHASES,
  type PlaybookInput,
  playbook,
  scriptName,
  variables,
} from './playbooks.ts';
import { checkOut, RUN_STEP } from './scripts.ts';
import { type SshFiles, sshOptions } from './static-node.ts';

/** Folder beside a build's log with all that Ansible was given, secrets excepted. */
export const ANSIBLE_FOLDER = '_ansible';
/** In it: plays and tasks with host, time and result. */
export const PLAYS = 'plays.json';

/** Writes what the three runs of a build need; kept with its log. */
export async function writeAnsibleFiles(
  folder: string,
  request: BuildRequest,
  nodes: ReadonlyMap<string, InventoryNode>,
  deliveries: readonly Delivery[],
  paths: { readonly callbacks: string; readonly temporary: string; readonly ssh: SshFiles },
): Promise<void> {
  const { job, build } = request;
  const steps = { setup: job.setup, body: job.body, publishers: job.publishers };
  const input: PlaybookInput = { steps, deliveries };
  const { WORKSPACE: _, ...environment } = environmentOf({ ...request, secrets: {} }, '');
  await mkdir(join(folder, 'scripts'), { recursive: true });
  const scripts = {
    run: RUN_STEP,
    ...Object.fromEntries(deliveries.map((delivery, index) => [checkoutScript(index), checkOut(index, delivery)])),
    ...Object.fromEntries(
      PHASES.flatMap((phase) => steps[phase].map((step, index) => [scriptName(phase, index), scriptText(step)])),
    ),
  };
  const files = {
    'inventory.yaml': inventory(nodes),
    'vars.yaml': variables(build, job.timeout, environment),
    'ansible.cfg': configuration({ ...paths, sshOptions: sshOptions(paths.ssh) }),
    ...Object.fromEntries(PHASES.map((phase) => [`${phase}.yaml`, playbook(phase, input)])),
    ...Object.fromEntries(Object.entries(scripts).map(([name, text]) => [join('scripts', name), text])),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}
