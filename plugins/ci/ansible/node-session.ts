import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Readable } from 'node:stream';
import { deadline, HubError } from 'cupboard/sdk';
import { cleanUp, consoleSize, endProcesses, followConsole, READY } from './scripts.ts';
import { type SshFiles, type StaticNode, sshArguments } from './static-node.ts';

const MAX_GREETING_BYTES = 64 * 1024;
/** Seconds for what is quick unless the connection is dead. */
const COMMAND_SECONDS = 60;

/**
 * One build's connection to a node: shared by everything, Ansible too. Its first session makes the build's folder and
 * follows the console file, which is how output is live while Ansible waits for a task.
 */
export class NodeSession {
  readonly #changes = new EventEmitter();
  #received = 0;
  #stderr = '';
  #folder = '';
  #follower: ChildProcess | undefined;

  constructor(
    readonly name: string,
    readonly settings: StaticNode,
    private readonly files: SshFiles,
    private readonly build: string,
    private readonly owner: string,
  ) {}

  /**
   * Connects and hands the console's bytes to `write` as they come, the next when it resolves.
   * @throws HubError `node_unreachable`; the signal's reason
   */
  async open(write: (bytes: Buffer) => Promise<void>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const follower = this.#spawn(['-o', 'ControlMaster=yes'], followConsole(this.build, this.owner));
    this.#follower = follower;
    const gone = new Promise<never>((_, reject) => {
      follower.once('error', reject);
      follower.once('close', () => reject(this.#lost()));
    });
    follower.once('close', () => this.#changes.emit('change'));
    const abort = () => follower.kill('SIGKILL');
    signal.addEventListener('abort', abort, { once: true });
    try {
      const output = (follower.stdout as Readable)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      const { folder, rest } = await Promise.race([readGreeting(output), gone]);
      this.#folder = folder;
      void this.#follow(rest, output, write).catch(() => follower.kill('SIGKILL'));
    } finally {
      signal.removeEventListener('abort', abort);
      gone.catch(() => undefined); // later on the session's end shows in what is asked of it
    }
    signal.throwIfAborted();
  }

  /** The build's folder on the node, an absolute path; known once it is open. */
  get folder(): string {
    return this.#folder;
  }

  /** Whether the connection is still there. */
  get isOpen(): boolean {
    return this.#follower?.exitCode === null && this.#follower.signalCode === null;
  }

  /** Waits until everything the console has so far was written, as far as the connection lives. */
  async drain(): Promise<void> {
    const size = Number(await this.output(consoleSize(this.#folder)));
    const limit = deadline(COMMAND_SECONDS * 1000);
    while (this.#received < size && this.isOpen) await once(this.#changes, 'change', { signal: limit });
  }

  /** A command's standard output, at most `limit` bytes. @throws HubError `node_unreachable` */
  async output(command: string, limit = 1 << 20): Promise<string> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of this.stream(command, '', deadline(COMMAND_SECONDS * 1000)) as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limit) throw new HubError('too_large', `more than ${limit} bytes from node ${this.name}`);
      parts.push(part);
    }
    return Buffer.concat(parts).toString('utf8');
  }

  /** A command's standard output as it comes. Throws `node_unreachable` at its end where the command failed. */
  async *stream(command: string, input: string, signal: AbortSignal): AsyncGenerator<Buffer> {
    const child = this.#spawn(['-o', 'ControlMaster=no'], command);
    const closed = once(child, 'close');
    const kill = () => child.kill('SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    try {
      child.stdin?.on('error', () => undefined).end(input); // a command that does not read has ended: told by its exit
      yield* child.stdout as Readable as AsyncIterable<Buffer>;
      const [code] = await closed;
      signal.throwIfAborted();
      if (code !== 0) throw this.#lost(`exit code ${code}`);
    } finally {
      signal.removeEventListener('abort', kill);
      kill();
    }
  }

  /** Ends what the build runs on the node. */
  async endProcesses(): Promise<void> {
    if (this.isOpen) await this.output(endProcesses(this.build));
  }

  /** Removes everything of the build from the node and disconnects. Answers whether the node was still there. */
  async close(): Promise<boolean> {
    const wasOpen = this.isOpen;
    try {
      if (wasOpen) await this.output(cleanUp(this.#folder));
    } finally {
      this.#follower?.kill('SIGKILL');
    }
    return wasOpen;
  }

  async #follow(first: Buffer, output: AsyncIterator<Buffer>, write: (bytes: Buffer) => Promise<void>): Promise<void> {
    for (let bytes = first; ; ) {
      await write(bytes);
      this.#received += bytes.length;
      this.#changes.emit('change');
      const next = await output.next();
      if (next.done) return;
      bytes = next.value;
    }
  }

  #spawn(options: readonly string[], command: string): ChildProcess {
    const child = spawn('ssh', [...options, ...sshArguments(this.settings, this.files), command], { stdio: 'pipe' });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
    return child;
  }

  #lost(what = 'the connection was lost'): HubError {
    const said = this.#stderr.trim().split('\n').at(-1);
    return new HubError('node_unreachable', `node ${this.name}: ${said || what}`);
  }
}

/** Reads up to the line with `READY`; answers the folder it names and what came behind it. */
async function readGreeting(
  output: AsyncIterator<Buffer>,
): Promise<{ readonly folder: string; readonly rest: Buffer }> {
  let greeting = Buffer.alloc(0);
  for (;;) {
    const next = await output.next();
    if (next.done) return new Promise<never>(() => undefined); // how the process ended says why
    greeting = Buffer.concat([greeting, next.value]);
    const start = greeting.indexOf(READY);
    const end = start < 0 ? -1 : greeting.indexOf(0x0a, start);
    if (end >= 0)
      return { folder: greeting.toString('utf8', start + READY.length, end), rest: greeting.subarray(end + 1) };
    if (greeting.length > MAX_GREETING_BYTES) throw new HubError('node_unreachable', 'it greets without end');
  }
}
