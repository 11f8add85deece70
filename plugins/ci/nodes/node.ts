import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { mkdir, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from 'cupboard/sdk';
import type { ImageUse } from '../contract.ts';
import { SYSTEM_PATH } from '../images/namespace.ts';
import { NodeCgroup } from './cgroup.ts';
import { Channel, quote, type Sink } from './channel.ts';
import { makeDisk } from './disk.ts';
import type { Isolation } from './isolation.ts';
import { firstText, openPipe } from './pipe.ts';
import { descendants, processesWith, processState, signalAll } from './processes.ts';
import {
  BASE_ENVIRONMENT,
  bubblewrapArguments,
  type Entry,
  holderCommand,
  JOB_FILES,
  limitCommand,
  type Mode,
  mountScript,
  namesScript,
  WORKSPACE,
} from './sandbox.ts';

/** What nodes are made with. */
export interface NodeSettings extends Isolation {
  /** Folder that the nodes' folders are in. */
  readonly folder: string;
}

/** What `node.json` of a node's folder says: enough to end it after a crash, or to open a shell in it. */
export interface NodeRecord {
  readonly pid: number;
  readonly started: string;
  readonly mode: Mode;
  /** The command that opens a shell inside; absent until a job entered it. */
  readonly shell?: readonly string[];
}

/** Variable that the processes of a `process` node are found again by. */
export const NODE_VARIABLE = 'CUPBOARD_CI_NODE';

/** Without isolation a job has this machine's programs, and what ends the hub's orphans finds it. */
function environmentFor(mode: Mode, folder: string): NodeJS.ProcessEnv {
  const { CUPBOARD_RUN } = process.env;
  return mode === 'process' ? { ...BASE_ENVIRONMENT, PATH: SYSTEM_PATH, HOME: folder, CUPBOARD_RUN } : BASE_ENVIRONMENT;
}

const GRACE_MS = 2000;
const KILL_ROUNDS = 400;

/**
 * A root file system for one build: an overlay on an image, in a mount namespace that a shell of ours holds. First the
 * hub prepares it through that shell; then the shell becomes bubblewrap, whose shell inside runs the job's steps. If
 * the hub dies, the shell's input ends, and with the last process everything that was mounted is gone.
 */
export class Node {
  /** Where the workspace is for the job. */
  readonly workspace: string;
  private pid1: number | undefined;
  private keepers = new Set<number>();
  private entry: Entry | undefined;
  private readonly channel: Channel;
  private readonly ended: Promise<unknown>;

  private constructor(
    readonly id: string,
    readonly image: ImageUse | undefined,
    readonly folder: string,
    private readonly settings: NodeSettings,
    private readonly holder: ChildProcess,
    output: Readable,
    private readonly cgroup: NodeCgroup | undefined,
  ) {
    this.workspace = settings.mode === 'process' ? this.preparedWorkspace : WORKSPACE;
    this.channel = new Channel(holder, output);
    this.ended = once(holder, 'exit').catch(() => undefined);
  }

  /**
   * Makes a node up to its mounted root, which takes about 20 ms; `image` is released when the node is closed.
   * @throws HubError `node_failed` with what went wrong in its message
   */
  static async make(id: string, image: ImageUse | undefined, diskMb: number, settings: NodeSettings): Promise<Node> {
    const folder = join(settings.folder, id);
    for (const part of ['disk', 'root', 'job']) await mkdir(join(folder, part), { recursive: true });
    if (image) await symlink(image.root, join(folder, 'lower'));
    const isLoop = settings.hasLoop && settings.mode === 'root';
    const [output] = await Promise.all([
      openPipe(join(folder, 'output')),
      isLoop ? makeDisk(join(settings.folder, '.templates'), folder, diskMb) : undefined,
    ]);
    const cgroup = settings.cgroups && new NodeCgroup(settings.cgroups, id);
    const [program = '', ...args] = holderCommand(settings.mode);
    const holder = spawn(program, args, {
      cwd: folder,
      stdio: ['pipe', output.writer, 'pipe', 'pipe'],
      detached: true,
      env: { ...environmentFor(settings.mode, folder), [NODE_VARIABLE]: id },
    });
    closeSync(output.writer);
    const node = new Node(id, image, folder, settings, holder, output.reader, cgroup);
    try {
      await once(holder, 'spawn');
      await cgroup?.create();
      await cgroup?.join(node.holderPid);
      await node.record();
      const script =
        settings.mode === 'process'
          ? `mkdir -p root${WORKSPACE}`
          : mountScript(settings.mode, isLoop ? 'loop' : 'memory', diskMb);
      await node.prepare(script);
    } catch (error) {
      await node.close();
      throw new HubError('node_failed', error instanceof Error ? error.message : String(error), { cause: error });
    }
    return node;
  }

  get mode(): Mode {
    return this.settings.mode;
  }

  /** Folder whose files are at `JOB_FILES` inside. */
  get jobFiles(): string {
    return join(this.folder, 'job');
  }

  /** Where the job finds what is in `jobFiles`. */
  get jobFilesInside(): string {
    return this.mode === 'process' ? this.jobFiles : JOB_FILES;
  }

  /**
   * Runs commands of the hub, in the node's folder, before the job enters; its root is at `root`.
   * @throws HubError `node_failed` with their output
   */
  async prepare(script: string): Promise<void> {
    const output: Buffer[] = [];
    const code = await this.channel.run(`( ${script}\n) 2>&1`, (bytes) => void output.push(bytes));
    if (code !== 0) throw new HubError('node_failed', Buffer.concat(output).toString().trim() || `exit code ${code}`);
  }

  /** From now on only the job's commands run here, inside. */
  async enter(entry: Entry): Promise<void> {
    this.entry = entry;
    await this.cgroup?.limit(entry.limits);
    if (this.mode === 'process') {
      this.keepers = new Set([this.holderPid]);
      await this.channel.run(`cd root${WORKSPACE}`);
      return;
    }
    await this.prepare(namesScript(entry));
    const inside = this.bubblewrap(entry);
    const limited = [...limitCommand(this.cgroup ? undefined : entry.limits), 'bwrap', '--info-fd', '3', ...inside];
    this.channel.send(`exec ${[...limited, '/bin/sh'].map(quote).join(' ')}`);
    // Only then more may be sent: the shell outside reads ahead, and what it has read does not reach the one inside.
    const text = await firstText(this.holder.stdio[3] as Readable);
    // Where bubblewrap failed, this tells why. The descriptor it reports on is none of the job's business.
    await this.channel.run('exec 3>&-');
    this.pid1 = Number((JSON.parse(text) as { 'child-pid': number })['child-pid']);
    this.keepers = new Set(await descendants(this.pid1));
    await this.record();
  }

  /**
   * Runs commands inside and answers their exit code.
   * @throws HubError `node_lost`
   */
  async run(script: string, sink?: Sink): Promise<number> {
    return this.channel.run(script, sink);
  }

  /** How the hub reaches a path of the node. Absolute links on the way would lead out of the node: never follow them. */
  outside(inside: string): string {
    if (this.mode === 'process') return join(this.folder, 'root', inside);
    return join(`/proc/${this.holderPid}/root`, this.folder, 'root', inside);
  }

  /** The workspace in commands for `prepare`. */
  get preparedWorkspace(): string {
    return join(this.folder, 'root', WORKSPACE);
  }

  /** The workspace as the hub reaches it. */
  get outsideWorkspace(): string {
    return this.outside(WORKSPACE);
  }

  /** Bytes the job can still write and bytes in all. */
  async disk(): Promise<{ readonly free: number; readonly size: number }> {
    const at = this.mode === 'process' ? this.folder : join(`/proc/${this.holderPid}/root`, this.folder, 'disk');
    const { bavail, blocks, bsize } = await statfs(at);
    return { free: bavail * bsize, size: blocks * bsize };
  }

  async memoryKills(): Promise<number> {
    return (await this.cgroup?.memoryKills()) ?? 0;
  }

  /** Processes that the job has now. */
  async processes(): Promise<number[]> {
    const all =
      this.pid1 === undefined ? await processesWith(`${NODE_VARIABLE}=${this.id}`) : await descendants(this.pid1);
    return all.filter((pid) => !this.keepers.has(pid));
  }

  /**
   * Ends all processes of the job, the node stays: SIGTERM, and SIGKILL to what is left after two seconds.
   * @returns false where some could not be ended
   */
  async endProcesses(): Promise<boolean> {
    signalAll(await this.processes(), 'SIGTERM');
    const deadline = performance.now() + GRACE_MS;
    while (performance.now() < deadline) {
      if ((await this.processes()).length === 0) return true;
      await sleep(20);
    }
    return this.killProcesses();
  }

  private async killProcesses(): Promise<boolean> {
    await this.cgroup?.limitProcesses(0);
    try {
      for (let round = 0; round < KILL_ROUNDS; round++) {
        const left = await this.processes();
        if (left.length === 0) return true;
        signalAll(left, 'SIGKILL');
        await sleep(5);
      }
      return false;
    } finally {
      if (this.entry) await this.cgroup?.limit(this.entry.limits);
    }
  }

  /** Ends everything in it and removes it; safe to call twice. */
  async close(): Promise<void> {
    if (this.mode === 'process') await this.killProcesses();
    // The kernel ends a pid namespace with its first process, however many there are and whatever they ignore.
    if (this.pid1 !== undefined) signalAll([this.pid1], 'SIGKILL');
    if (this.holder.pid !== undefined) {
      signalAll([this.holder.pid], 'SIGKILL');
      await this.ended;
    }
    this.channel.close();
    await this.cgroup?.remove();
    await rm(this.folder, { recursive: true, force: true });
    this.image?.release();
  }

  private bubblewrap(entry: Entry): string[] {
    const binds = { [JOB_FILES]: this.jobFiles, ...entry.binds };
    return [...bubblewrapArguments(join(this.folder, 'root'), { ...entry, binds }), '--'];
  }

  private async record(): Promise<void> {
    const started = (await processState(this.holderPid))?.started ?? '';
    const shell = this.entry && ['bwrap', ...this.bubblewrap(this.entry)];
    const record: NodeRecord = { pid: this.holderPid, started, mode: this.mode, ...(shell ? { shell } : {}) };
    await writeFile(join(this.folder, 'node.json'), JSON.stringify(record), { mode: 0o600 });
  }

  private get holderPid(): number {
    if (this.holder.pid === undefined) throw new HubError('node_failed', 'its process could not be started');
    return this.holder.pid;
  }
}
