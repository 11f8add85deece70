import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, errorText, HubError } from 'cupboard/sdk';
import { writeBundle } from '../bundle.ts';
import type { BuildOutcome, BuildRequest } from '../contract.ts';
import type { OpenLog } from '../logs/store.ts';
import { environmentOf, exportScript } from '../runner/environment.ts';
import { keepResults } from '../runner/keep.ts';
import { Masker } from '../runner/masking.ts';
import { bodyOutcome, PUBLISHERS_SECONDS, SETUP_SECONDS, setupOutcome, withProblems } from '../runner/outcome.ts';
import type { PhaseEnd } from '../runner/phase.ts';
import type { AnsiblePlay } from '../view.ts';
import { ConsoleText } from './console-text.ts';
import { type AnsibleEvent, playsOf } from './events.ts';
import { fetchFiles } from './fetch.ts';
import { ANSIBLE_FOLDER, PLAYS, writeAnsibleFiles } from './files.ts';
import { NodeSession } from './node-session.ts';
import { phaseEndOf } from './phase-end.ts';
import { runPlaybook } from './playbook-run.ts';
import { type Delivery, type Phase, privateVariables } from './playbooks.ts';
import { knownHostsLine } from './static-node.ts';
import type { TakenNode } from './static-pool.ts';

export interface AnsibleOptions {
  /** Kept of one build. */
  readonly artifactsMb: number;
  /** Folder with our callback plugin. */
  readonly callbacks: string;
  /** What tells this hub from others that use the same nodes. */
  readonly hub: string;
}

/** One build on its nodes, from the connection to the outcome. */
export class AnsibleBuild {
  readonly #folder: string;
  readonly #secrets: readonly string[];
  readonly #sessions: NodeSession[] = [];
  readonly #consoles: ConsoleText[] = [];
  readonly #plays: AnsiblePlay[] = [];
  #temporary = '';

  constructor(
    private readonly request: BuildRequest,
    private readonly nodes: ReadonlyMap<string, TakenNode>,
    private readonly log: OpenLog,
    private readonly options: AnsibleOptions,
  ) {
    this.#folder = join(log.folder, ANSIBLE_FOLDER);
    this.#secrets = Object.values(request.secrets);
  }

  /** @throws HubError where a node cannot be reached or Ansible is not there; the signal's reason */
  async run(signal: AbortSignal, tell: (state: 'running' | 'publishing') => void): Promise<BuildOutcome> {
    // Its path is short: sockets lie in it.
    this.#temporary = await mkdtemp(join(tmpdir(), 'ci-'));
    try {
      await this.#connect(signal);
      tell('running');
      const setup = await this.#phase('setup', SETUP_SECONDS, {}, signal);
      if (setup.kind !== 'ok') return setupOutcome(setup);
      const body = bodyOutcome(await this.#phase('body', this.request.job.timeout, {}, signal));
      if (body.result === 'NODE_FAILURE') return body;
      tell('publishing');
      return await this.#publish(body, signal);
    } finally {
      await this.#disconnect();
      await rm(this.#temporary, { recursive: true, force: true });
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const { build, job, attempt } = this.request;
    const nodes = [...this.nodes.keys()].join(', ');
    await this.log.writer.note(`Build ${build}, job ${job.name}, attempt ${attempt}, by Ansible on ${nodes}`);
    const ssh = { knownHosts: join(this.#folder, 'known_hosts'), sockets: this.#temporary };
    await mkdir(this.#folder, { recursive: true });
    await writeFile(ssh.knownHosts, [...this.nodes.values()].map((node) => knownHostsLine(node.settings)).join(''));
    await Promise.all(
      [...this.nodes].map(([name, node]) => {
        const session = new NodeSession(name, node.settings, ssh, build, ownerOf(node, this.options.hub));
        const text = new ConsoleText(this.nodes.size > 1 ? name : undefined, new Masker(this.#secrets));
        this.#sessions.push(session);
        this.#consoles.push(text);
        return session.open((bytes) => this.log.writer.write(text.push(bytes)), signal);
      }),
    );
    const reached = this.#sessions.map(({ name, settings, folder }) => [name, { settings, folder }] as const);
    const deliveries = await this.#bundles(signal);
    await writeAnsibleFiles(this.#folder, this.request, new Map(reached), deliveries, {
      callbacks: this.options.callbacks,
      temporary: this.#temporary,
      ssh,
    });
  }

  async #bundles(signal: AbortSignal): Promise<Delivery[]> {
    const others = this.request.checkouts.slice(1).map(({ project }) => project);
    return Promise.all(
      this.request.checkouts.map(async (checkout, index) => {
        const bundle = join(this.#temporary, `${index}.bundle`);
        await writeBundle(checkout, bundle, signal);
        const { project, branch, commit } = checkout;
        return {
          project,
          branch,
          commit,
          bundle,
          folder: index === 0 ? '.' : project,
          others: index === 0 ? others : [],
        };
      }),
    );
  }

  async #phase(
    phase: Phase,
    seconds: number,
    further: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<PhaseEnd> {
    if (phase !== 'setup' && this.request.job[phase].length === 0) return { kind: 'ok' };
    const secretFile = join(this.#temporary, 'environments.yaml');
    await writeFile(secretFile, privateVariables(this.#environments(further)), { mode: 0o600 });
    const ended = await runPlaybook({
      folder: this.#folder,
      args: ['--extra-vars', '@vars.yaml', '--extra-vars', `@${secretFile}`, `${phase}.yaml`],
      env: this.#ansibleEnvironment(),
      seconds,
      signal,
      tell: (told) => void this.#note(told).catch(() => undefined),
    });
    const end = phaseEndOf(ended, seconds);
    const masked = JSON.parse(this.#mask(JSON.stringify(playsOf(phase, ended.events)))) as AnsiblePlay[];
    this.#plays.push(...masked);
    await writeFile(join(this.#folder, PLAYS), JSON.stringify(this.#plays));
    if (ended.end !== 'finished') await Promise.all(this.#sessions.map((session) => session.endProcesses()));
    signal.throwIfAborted();
    await this.#drain();
    await this.log.writer.note(`${phase}: ${end.kind === 'ok' ? 'ok' : this.#mask(end.reason)}`);
    return end.kind === 'ok' ? end : { kind: end.kind, reason: this.#mask(end.reason) };
  }

  /** What every node's steps get, as shell text: the same everywhere but for the node's own name. */
  #environments(further: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
    const nodes = [...this.nodes].map(([name, { settings }]) => `${name}=${settings.host}`).join(' ');
    return new Map(
      this.#sessions.map(({ name, folder }) => {
        const environment = environmentOf(this.request, `${folder}/workspace`);
        return [name, exportScript({ ...environment, ...further, NODE_NAME: name, NODES: nodes })];
      }),
    );
  }

  #ansibleEnvironment(): Record<string, string> {
    const { PATH = '/usr/local/bin:/usr/bin:/bin', CUPBOARD_RUN } = process.env;
    return {
      PATH,
      HOME: this.#temporary,
      LC_ALL: 'C.UTF-8',
      ANSIBLE_CONFIG: join(this.#folder, 'ansible.cfg'),
      // By it the hub finds what it started.
      ...(CUPBOARD_RUN !== undefined && { CUPBOARD_RUN }),
    };
  }

  /** Ansible's own troubles go to the log as they come; what steps print comes by the console. */
  async #note(told: AnsibleEvent | string): Promise<void> {
    if (typeof told === 'string') {
      if (told.trim() !== '') await this.log.writer.note(`ansible: ${this.#mask(told)}`);
    } else if (told.event === 'result' && (told.result === 'failed' || told.result === 'unreachable')) {
      await this.log.writer.note(`${told.host}: ${told.result}: ${this.#mask(told.message ?? '')}`);
    }
  }

  async #publish(body: BuildOutcome, signal: AbortSignal): Promise<BuildOutcome> {
    const end = await this.#phase('publishers', PUBLISHERS_SECONDS, { RESULT: body.result }, signal);
    const problems = end.kind === 'ok' ? [] : [end.reason];
    if (end.kind === 'lost') return withProblems(body, problems);
    const { job } = this.request;
    const globs = { artifacts: this.#eachNode(job.artifacts), junit: this.#eachNode(job.junit) };
    const workspace = join(this.#temporary, 'fetched');
    try {
      for (const session of this.#sessions) {
        await session.endProcesses();
        const target = this.nodes.size > 1 ? join(workspace, session.name) : workspace;
        await fetchFiles(session, job, target, this.options.artifactsMb, signal);
      }
    } catch (error) {
      signal.throwIfAborted();
      problems.push(this.#mask(`artifacts could not be fetched: ${errorText(error)}`));
      return withProblems(body, problems);
    }
    const kept = await keepResults(workspace, globs, this.log.folder, this.options.artifactsMb, this.#secrets);
    for (const note of kept.notes) await this.log.writer.note(this.#mask(note));
    problems.push(...kept.problems.map((problem) => this.#mask(problem)));
    return withProblems(kept.tests ? { ...body, tests: kept.tests } : body, problems);
  }

  /** Globs of files as they lie after fetching: with several nodes in a folder each. */
  #eachNode(globs: readonly string[]): readonly string[] {
    return this.nodes.size > 1 ? globs.map((glob) => `*/${glob}`) : globs;
  }

  async #drain(): Promise<void> {
    for (const session of this.#sessions) {
      // A node lost meanwhile is told by how the phase ended.
      if (session.isOpen) await session.drain().catch(() => undefined);
    }
    for (const text of this.#consoles) await this.log.writer.write(text.flush());
    await this.log.writer.endOutput();
  }

  async #disconnect(): Promise<void> {
    const closed = await Promise.allSettled(this.#sessions.map((session) => session.close()));
    for (const [index, end] of closed.entries()) {
      const name = this.#sessions[index]?.name;
      if (end.status === 'rejected')
        await this.log.writer.note(`node ${name} was not cleaned: ${errorText(end.reason)}`);
    }
  }

  #mask(text: string): string {
    return Masker.mask(text, this.#secrets);
  }
}

/** What a build can do nothing about and no attempt mends. */
export function configError(error: unknown): string | undefined {
  if (errorCode(error) === 'ENOENT')
    return 'ansible-playbook or ssh is missing: apt install ansible-core openssh-client';
  return error instanceof HubError && error.code === 'unknown_node' ? error.message : undefined;
}

/** Marks what a build leaves on a node, to be found again by whoever uses the node next for this hub. */
function ownerOf({ name }: TakenNode, hub: string): string {
  return createHash('sha256').update(`${hub}\n${hostname()}\n${name}`).digest('hex').slice(0, 16);
}
