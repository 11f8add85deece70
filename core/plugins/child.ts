import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { LogLevel } from '../support/log.ts';
import { LineSplitter, readLines } from './lines.ts';
import { CONTROL_FD, type FromPlugin, LEVEL_PREFIX, parseFromPlugin, type ToPlugin } from './protocol.ts';
import { captureStackInside, type Inside, insideOf, signalOf } from './sandbox.ts';
import { captureStack } from './stack.ts';

export interface ChildOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether the command is one of `sandboxCommand`: signals and measurements are then for what runs inside. */
  readonly sandboxed: boolean;
  readonly onOutput: (level: LogLevel, line: string) => void;
  /** A line on the control channel; undefined when it was no message. */
  readonly onMessage: (message: FromPlugin | undefined) => void;
}

/** How long the rest of the output of a process that has ended is waited for. */
const OUTPUT_MS = 1000;

/** How a process ended. `reason` says it in words. */
export interface Exit {
  readonly reason: string;
}

/** A plugin's process with the group of whatever it started. */
export class Child {
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  readonly #control: Duplex | undefined;
  readonly #sandboxed: boolean;

  constructor({ command, cwd, env, sandboxed, onOutput, onMessage }: ChildOptions) {
    this.#sandboxed = sandboxed;
    const [program = '', ...args] = [...dyingWithHub(), ...command];
    this.#process = spawn(program, args, {
      cwd,
      env,
      // A group of its own, so that the end of the plugin is the end of what it started.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.exited = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve({ reason: `could not be started: ${error.message}` }));
      this.#process.once('exit', (code, ownSignal) => {
        this.kill();
        const signal = ownSignal ?? (sandboxed && signalOf(code));
        const end = () => resolve({ reason: signal ? `was ended by ${signal}` : `ended with exit code ${code}` });
        // 'close' comes after the last line of output, so the log tells things in the order they happened; but a process
        // that left the group may hold the pipe open for ever.
        this.#process.once('close', end);
        setTimeout(end, OUTPUT_MS).unref();
      });
    });
    if (this.#process.stdout) readLines(this.#process.stdout, (line) => onOutput(...levelled(line, 'info')));
    if (this.#process.stderr) readLines(this.#process.stderr, (line) => onOutput(...levelled(line, 'warn')));
    this.#control = this.#process.stdio[CONTROL_FD] as Duplex | undefined;
    this.#readControl(onMessage);
  }

  /** The plugin's own process, as the hub sees it; undefined when there is none. */
  get pid(): number | undefined {
    return this.#sandboxed ? this.#inside?.pid : this.#process.pid;
  }

  send(message: ToPlugin): void {
    if (this.#control?.writable) this.#control.write(`${JSON.stringify(message)}\n`);
  }

  /** Asks it to stop; `wholeGroup` also asks what it started. */
  terminate(wholeGroup: boolean): void {
    // To bwrap it would be the sudden end of all that runs inside.
    const group = this.#sandboxed ? this.#inside?.group : this.#process.pid;
    signalTo(wholeGroup && group !== undefined ? -group : this.pid, 'SIGTERM');
  }

  /** Ends the whole group now. */
  kill(): void {
    const { pid } = this.#process;
    // With bwrap goes all that runs inside.
    signalTo(pid && -pid, 'SIGKILL');
  }

  /** Makes a Node process open its inspector. */
  openInspector(): void {
    signalTo(this.pid, 'SIGUSR1');
  }

  /** The stack of a Node process whose inspector has opened at `url`: see `captureStack`. */
  stack(url: string, timeoutMs: number): Promise<string[]> {
    const { pid } = this;
    return this.#sandboxed && pid !== undefined
      ? captureStackInside(pid, url, timeoutMs)
      : captureStack(url, timeoutMs);
  }

  /** Resident memory in bytes; undefined when it is gone or there is no /proc. */
  rssBytes(): number | undefined {
    try {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
    } catch {
      return undefined; // it has just ended; its exit is reported on its own
    }
  }

  #readControl(onMessage: ChildOptions['onMessage']): void {
    const lines = new LineSplitter(64 * 1024);
    this.#control?.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) onMessage(parseFromPlugin(line));
    });
    // Resets when the process dies while something is being written to it; the exit tells.
    this.#control?.on('error', () => this.#control?.destroy());
  }

  get #inside(): Inside | undefined {
    const { pid } = this.#process;
    return pid === undefined ? undefined : insideOf(pid);
  }
}

function signalTo(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already: what the signal was for has happened.
  }
}

let prefix: readonly string[] | undefined;

/** `setpriv --pdeathsig KILL` where the system has it: the kernel then ends the plugin with the hub, however that dies. */
function dyingWithHub(): readonly string[] {
  const command = ['setpriv', '--pdeathsig', 'KILL', '--'];
  // Tried once: BusyBox has a setpriv without the option.
  prefix ??= spawnSync(command[0] ?? '', [...command.slice(1), 'true']).status === 0 ? command : [];
  return prefix;
}

const LEVELS = new Map(Object.entries(LEVEL_PREFIX).map(([level, mark]) => [mark as string, level as LogLevel]));

/** Splits the sd-daemon level off a line: `<4>low battery`. */
function levelled(line: string, usual: LogLevel): [LogLevel, string] {
  const level = LEVELS.get(line.slice(0, 3));
  const text = (level ? line.slice(3) : line).replace(/\r$/, '');
  return [level ?? usual, text.replaceAll(/(?!\t)\p{Cc}/gu, visible)];
}

/** A control character as text: raw, it would drive the terminal of whoever reads the log. */
const visible = (char: string) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
