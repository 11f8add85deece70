import { setTimeout as sleep } from 'node:timers/promises';
import { deadline, errorCode, errorText } from 'cupboard/sdk';
import type { Step } from '../contract.ts';
import { quote, type Sink } from '../nodes/channel.ts';
import type { Node } from '../nodes/node.ts';

/** How a phase ended. */
export type PhaseEnd =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed' | 'timeout' | 'lost'; readonly reason: string };

/** What a phase needs of the build it is part of. */
export interface PhaseContext {
  readonly node: Node;
  /** Processes the node may have: below a few of them left, no step could start. */
  readonly pids: number;
  readonly output: Sink;
  /** Ends a last line without newline. */
  readonly endOutput: () => Promise<void>;
  readonly note: (message: string) => Promise<void>;
}

/** A step as a file of the node. */
export interface ScriptFile extends Step {
  /** Path inside the node. */
  readonly path: string;
}

const MIN_FREE_PROCESSES = 8;
/** Of this, or of 2 % of a small disk, ext4 says that it is free, but gives none of it to files. */
const EXT4_RESERVE_BYTES = 16 * 1024 * 1024;

/**
 * Runs steps one after the other until one fails, in `seconds` together.
 * @throws never: a node that is lost is a way to end
 */
export async function runPhase(
  steps: readonly ScriptFile[],
  seconds: number,
  context: PhaseContext,
): Promise<PhaseEnd> {
  const expiry = deadline(seconds * 1000);
  try {
    for (const step of steps) {
      await makeRoom(context);
      const code = await runStep(step, expiry, context);
      await context.endOutput();
      if (expiry.aborted) {
        await context.note(`${step.name}: no end within ${seconds} s`);
        return { kind: 'timeout', reason: `${step.name}: no end within ${seconds} s` };
      }
      await context.note(`${step.name}: exit code ${code}`);
      if (code !== 0) return { kind: 'failed', reason: `${step.name}: exit code ${code}` };
    }
    return { kind: 'ok' };
  } catch (error) {
    if (errorCode(error) !== 'node_lost') throw error;
    await context.endOutput();
    return { kind: 'lost', reason: `the node was lost: ${errorText(error)}` };
  }
}

async function runStep(step: ScriptFile, expiry: AbortSignal, { node, output }: PhaseContext): Promise<number> {
  const script = `(cd ${quote(node.workspace)} && exec ${quote(step.path)}) < /dev/null 2>&1`;
  const running = node.run(script, output);
  const end = await Promise.race([running, expired(expiry)]);
  if (typeof end === 'number') return end;
  if (!(await node.endProcesses())) await node.close();
  return running;
}

function expired(expiry: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (expiry.aborted) resolve(undefined);
    else expiry.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** Ends what earlier steps left running where it leaves no processes for the next. */
async function makeRoom({ node, pids, note }: PhaseContext): Promise<void> {
  const { length } = await node.processes();
  if (length === 0 || length <= pids - MIN_FREE_PROCESSES) return;
  await note(`ending ${length} processes that an earlier step left: no room for the next step`);
  await node.endProcesses();
}

/** Watches how full a node's disk gets while its job runs. */
export class DiskWatch {
  private least = Number.POSITIVE_INFINITY;
  private size = 0;
  private readonly stopping = new AbortController();

  constructor(private readonly node: Node) {
    void this.watch();
  }

  /** Whether it was full at some moment, as far as a look four times a second can tell. */
  async wasFull(): Promise<boolean> {
    await this.look();
    return this.least < Math.min(this.size / 25, EXT4_RESERVE_BYTES * 1.25);
  }

  stop(): void {
    this.stopping.abort();
  }

  async look(): Promise<void> {
    const disk = await this.node.disk().catch(() => undefined);
    if (!disk) return;
    this.least = Math.min(this.least, disk.free);
    this.size = disk.size;
  }

  private async watch(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.look();
      await sleep(250, undefined, { signal }).catch(() => undefined);
    }
  }
}
