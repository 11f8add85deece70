import { Scalar, stringify } from 'yaml';
import type { Step } from '../contract.ts';
import type { StaticNode } from './static-node.ts';

/** The three runs of a build, each with its own playbook and limit. */
export const PHASES = ['setup', 'body', 'publishers'] as const;
export type Phase = (typeof PHASES)[number];

/** A repository's way to a node: a bundle beside the playbooks, checked out below the workspace. */
export interface Delivery {
  readonly project: string;
  readonly branch: string;
  readonly commit: string;
  /** Path of the git bundle on the hub. */
  readonly bundle: string;
  /** Below the workspace; empty = the workspace itself. */
  readonly folder: string;
  /** Folders of other repositories in it, which are no part of its `git status`. */
  readonly others: readonly string[];
}

/** What the playbooks of one build are made from. */
export interface PlaybookInput {
  readonly steps: Readonly<Record<Phase, readonly Step[]>>;
  readonly deliveries: readonly Delivery[];
}

/** File name of a step's script: `body-02`. */
export const scriptName = (phase: Phase, index: number) => `${phase}-${String(index + 1).padStart(2, '0')}`;

/** A checkout's files on the node. */
export const bundleName = (index: number) => `${index}.bundle`;
export const checkoutScript = (index: number) => `checkout-${index}`;

/**
 * Text that Ansible must not take for a template: names, branches and parameters come from changes, and `{{ }}` in them
 * would run on the hub.
 */
function verbatim(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.tag = '!unsafe';
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

const yaml = (value: unknown) => stringify(value, { lineWidth: 0 });

/** A node of a build as the playbooks reach it. */
export interface InventoryNode {
  readonly settings: StaticNode;
  /** The build's folder there. */
  readonly folder: string;
}

/** `inventory.yaml`: every node of the build by its name in the job. */
export function inventory(nodes: ReadonlyMap<string, InventoryNode>): string {
  const hosts = [...nodes].map(
    ([
      name,
      {
        settings: { host, port, user, key },
        folder,
      },
    ]) => [
      name,
      {
        ansible_host: verbatim(host),
        ansible_port: port,
        ansible_user: verbatim(user),
        ansible_ssh_private_key_file: verbatim(key),
        // It goes with the build.
        ansible_remote_tmp: verbatim(`${folder}/tmp`),
        cupboard_folder: verbatim(folder),
      },
    ],
  );
  return yaml({ all: { hosts: Object.fromEntries(hosts) } });
}

/** `vars.yaml`: what the build is and the environment of its steps, secrets excepted. */
export function variables(build: string, timeout: number, environment: Readonly<Record<string, string>>): string {
  const safe = Object.entries(environment).map(([name, value]) => [name, verbatim(value)]);
  return yaml({ cupboard: { build, timeout, environment: Object.fromEntries(safe) } });
}

/** Variables of one run that are not kept: the environment with secrets, a shell text a node. */
export function privateVariables(environments: ReadonlyMap<string, string>): string {
  const safe = [...environments].map(([node, text]) => [node, verbatim(text)]);
  return yaml({ cupboard_environments: Object.fromEntries(safe) });
}

/** The playbook of a phase; `setup` brings scripts and checkouts first. */
export function playbook(phase: Phase, input: PlaybookInput): string {
  const steps = input.steps[phase].map((step, index) => stepTask(step, scriptName(phase, index)));
  const tasks = phase === 'setup' ? [...deliveryTasks(input), ...steps] : steps;
  return yaml([
    {
      name: { setup: 'Job setup', body: 'Job body', publishers: 'Publishers' }[phase],
      hosts: 'all',
      gather_facts: false,
      // One node's failure is the build's; the others would wait for it for ever.
      any_errors_fatal: true,
      tasks,
    },
  ]);
}

function deliveryTasks({ deliveries }: PlaybookInput) {
  const copied = {
    name: 'Copy the scripts',
    'ansible.builtin.copy': {
      src: 'scripts/',
      dest: '{{ cupboard_folder }}/scripts/',
      mode: '0500',
      directory_mode: '0700',
    },
  };
  const checkouts = deliveries.flatMap(({ project, branch, commit, bundle }, index) => [
    {
      name: verbatim(`Copy ${project}`),
      'ansible.builtin.copy': {
        src: verbatim(bundle),
        dest: `{{ cupboard_folder }}/${bundleName(index)}`,
        mode: '0600',
      },
    },
    {
      name: verbatim(`Check out ${project} ${branch} ${commit.slice(0, 12)}`),
      'ansible.builtin.command': {
        argv: [`{{ cupboard_folder }}/scripts/${checkoutScript(index)}`],
        chdir: '{{ cupboard_folder }}',
      },
    },
  ]);
  return [copied, ...checkouts];
}

function stepTask(step: Step, script: string) {
  return {
    name: verbatim(step.name),
    'ansible.builtin.command': {
      argv: ['{{ cupboard_folder }}/scripts/run', script],
      // By standard input: an environment in Ansible's own way stands in the command line of every process in between.
      stdin: '{{ cupboard_environments[inventory_hostname] }}',
    },
  };
}

/** `ansible.cfg`, the same for the three runs. */
export function configuration(paths: {
  /** Folder with our callback plugin. */
  readonly callbacks: string;
  /** Private folder that goes with the build. */
  readonly temporary: string;
  readonly sshOptions: readonly string[];
}): string {
  return [
    '[defaults]',
    'inventory = inventory.yaml',
    'gathering = explicit',
    'timeout = 30',
    'retry_files_enabled = False',
    'interpreter_python = auto_silent',
    'localhost_warning = False',
    // Arguments of modules would stand in the node's system log.
    'no_target_syslog = True',
    'stdout_callback = cupboard_events',
    `callback_plugins = ${paths.callbacks}`,
    `local_tmp = ${paths.temporary}/ansible`,
    '[ssh_connection]',
    // Without it modules with their arguments are files on the node.
    'pipelining = True',
    // Nodes need no sftp.
    'transfer_method = piped',
    `ssh_args = ${paths.sshOptions.join(' ')}`,
    '',
  ].join('\n');
}
