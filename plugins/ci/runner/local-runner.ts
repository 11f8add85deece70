import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, type Logger } from 'cupboard/sdk';
import type { BuildOutcome, BuildProgress, BuildRequest, BuildResult, Runner, Step } from '../contract.ts';
import type { LogStore, OpenLog } from '../logs/store.ts';
import type { Node } from '../nodes/node.ts';
import type { NodePool } from '../nodes/pool.ts';
import { environmentOf, exportScript } from './environment.ts';
import { keepResults } from './keep.ts';
import { Masker } from './masking.ts';
import { DiskWatch, type PhaseContext, type PhaseEnd, runPhase, type ScriptFile } from './phase.ts';
import { planWorkspace } from './workspace.ts';

// Zuul's limits; the body's is the job's own.
const SETUP_SECONDS = 10 * 60;
const PUBLISHERS_SECONDS = 30 * 60;

export interface LocalRunnerOptions {
  readonly pool: NodePool;
  readonly logs: LogStore;
  /** Kept of one build. */
  readonly artifactsMb: number;
  /** Answers why the node of a build that ended so should be held, if it should. */
  readonly holdFor: (request: BuildRequest, result: BuildResult) => string | undefined;
  readonly log: Logger;
}

/** Runs builds in throw-away nodes of this machine: setup, body and publishers as Zuul's launcher, without Ansible. */
export class LocalRunner implements Runner {
  constructor(private readonly options: LocalRunnerOptions) {}

  async run(
    request: BuildRequest,
    signal: AbortSignal,
    tell: (progress: BuildProgress) => void,
  ): Promise<BuildOutcome> {
    const { job } = request;
    if (job.node === undefined) return withoutNode(request);
    const log = await this.options.logs.open(request.build);
    try {
      const outcome = await new LocalBuild(request, log, this.options).run(job.node, signal, tell);
      await log.writer.note(`Result: ${outcome.result}${outcome.reason ? `: ${outcome.reason}` : ''}`);
      return outcome;
    } finally {
      await log.close();
    }
  }
}

function withoutNode({ job }: BuildRequest): BuildOutcome {
  const hasSteps = job.setup.length + job.body.length + job.publishers.length > 0;
  if (!hasSteps) return { result: 'SUCCESS', isIndeterminate: false };
  return { result: 'CONFIG_ERROR', isIndeterminate: false, reason: `${job.name} has steps but names no node` };
}

/** One build from its node to its outcome. */
class LocalBuild {
  private readonly secrets: readonly string[];
  private masker: Masker;

  constructor(
    private readonly request: BuildRequest,
    private readonly log: OpenLog,
    private readonly options: LocalRunnerOptions,
  ) {
    this.secrets = Object.values(request.secrets);
    this.masker = new Masker(this.secrets);
  }

  async run(image: string, signal: AbortSignal, tell: (progress: BuildProgress) => void): Promise<BuildOutcome> {
    const { job, build } = this.request;
    const { pool } = this.options;
    const aborted: BuildOutcome = { result: 'ABORTED', isIndeterminate: false };
    let node: Node | undefined;
    try {
      const wish = { image, diskMb: job.limits.diskMb, build, job: job.name };
      node = await pool.take(wish, signal, (reason) => tell({ state: 'waiting', reason }));
      const where = { node: node.id, ...(node.image ? { image: node.image.build } : {}) };
      tell({ state: 'starting', ...where });
      const taken = node;
      const end = (): void => void pool.release(taken).catch(() => undefined);
      signal.addEventListener('abort', end, { once: true });
      try {
        const outcome = await this.runOn(node, (state) => tell({ state, ...where }));
        return signal.aborted ? aborted : outcome;
      } finally {
        signal.removeEventListener('abort', end);
      }
    } catch (error) {
      if (signal.aborted) return aborted;
      return { result: 'NODE_FAILURE', isIndeterminate: true, reason: this.mask(errorText(error)) };
    } finally {
      if (node) await pool.release(node);
    }
  }

  private async runOn(node: Node, tell: (state: 'running' | 'publishing') => void): Promise<BuildOutcome> {
    const { job } = this.request;
    const scripts = await this.enter(node);
    const context = this.contextOf(node);
    const disk = new DiskWatch(node);
    try {
      tell('running');
      const setup = await runPhase(scripts.setup, SETUP_SECONDS, context);
      if (setup.kind !== 'ok') return this.setupFailed(setup);
      const body = await this.bodyOutcome(await runPhase(scripts.body, job.timeout, context), node, disk);
      if (body.result === 'NODE_FAILURE') return body;
      tell('publishing');
      return await this.publish(node, body, scripts.publishers, context);
    } finally {
      disk.stop();
    }
  }

  /** Workspace, scripts and environment; the node is the job's afterwards. */
  private async enter(node: Node): Promise<Record<'setup' | 'body' | 'publishers', ScriptFile[]>> {
    const { request } = this;
    const { job } = request;
    const isInside = node.mode !== 'process';
    await this.log.writer.note(
      `Build ${request.build}, job ${job.name}, attempt ${request.attempt}, node ${node.id}${node.image ? ` from ${node.image.build}` : ' without isolation'}`,
    );
    const plan = planWorkspace(request.checkouts, node.preparedWorkspace, isInside);
    if (request.checkouts.length > 0) await node.prepare(plan.script);
    const scripts = {
      setup: await writeScripts(node, 'setup', job.setup),
      body: await writeScripts(node, 'body', job.body),
      publishers: await writeScripts(node, 'publishers', job.publishers),
    };
    await node.enter({ hostname: 'node', limits: job.limits, network: job.network, binds: plan.binds });
    await node.run(exportScript(environmentOf(request, node.workspace)));
    return scripts;
  }

  private contextOf(node: Node): PhaseContext {
    const { writer } = this.log;
    return {
      node,
      pids: this.request.job.limits.pids,
      output: (bytes) => writer.write(this.masker.push(bytes)),
      endOutput: async () => {
        await writer.write(this.masker.flush());
        await writer.endOutput();
      },
      note: (message) => writer.note(message),
    };
  }

  /** The change is not to blame for a failed setup: it is tried again. */
  private setupFailed(end: Exclude<PhaseEnd, { kind: 'ok' }>): BuildOutcome {
    const result = { failed: 'FAILURE', timeout: 'TIMED_OUT', lost: 'NODE_FAILURE' } as const;
    return { result: result[end.kind], isIndeterminate: true, reason: `setup: ${end.reason}` };
  }

  private async bodyOutcome(end: PhaseEnd, node: Node, disk: DiskWatch): Promise<BuildOutcome> {
    if (end.kind === 'ok') return { result: 'SUCCESS', isIndeterminate: false };
    const { diskMb, memoryMb } = this.request.job.limits;
    if (end.kind === 'timeout') return { result: 'TIMED_OUT', isIndeterminate: false, reason: end.reason };
    if (node.mode !== 'process' && (await disk.wasFull())) {
      return {
        result: 'DISK_FULL',
        isIndeterminate: false,
        reason: `${end.reason}; its ${diskMb} MB of disk were full`,
      };
    }
    if ((await node.memoryKills()) > 0) {
      const reason = `${end.reason}; the kernel ended processes because ${memoryMb} MB of memory were used up`;
      return { result: 'FAILURE', isIndeterminate: false, reason };
    }
    if (end.kind === 'lost') return { result: 'NODE_FAILURE', isIndeterminate: true, reason: end.reason };
    return { result: 'FAILURE', isIndeterminate: false, reason: end.reason };
  }

  /** Publishers run however the body ended: what they bring is wanted most when it failed. */
  private async publish(
    node: Node,
    body: BuildOutcome,
    scripts: readonly ScriptFile[],
    context: PhaseContext,
  ): Promise<BuildOutcome> {
    const { job } = this.request;
    await node.run(exportScript({ RESULT: body.result }));
    const end = await runPhase(scripts, PUBLISHERS_SECONDS, context);
    const problems = end.kind === 'ok' ? [] : [end.reason];
    const hold = this.options.holdFor(this.request, body.result);
    if (end.kind !== 'lost') {
      await node.endProcesses();
      const kept = await keepResults(node, job, this.log.folder, this.options.artifactsMb, this.secrets);
      for (const note of kept.notes) await context.note(this.mask(note));
      problems.push(...kept.problems);
      if (hold) await this.options.pool.hold(node, hold);
      if (kept.tests) body = { ...body, tests: kept.tests };
    }
    if (problems.length === 0 || (body.result !== 'SUCCESS' && body.result !== 'FAILURE')) return body;
    return { ...body, result: 'POST_FAILURE', reason: this.mask(problems.join('; ')) };
  }

  private mask(text: string): string {
    return Masker.mask(text, this.secrets);
  }
}

async function writeScripts(node: Node, phase: string, steps: readonly Step[]): Promise<ScriptFile[]> {
  await mkdir(node.jobFiles, { recursive: true });
  const files = steps.map((step, index) => ({ ...step, file: `${phase}-${String(index).padStart(2, '0')}` }));
  for (const { file, shell } of files) {
    const text = shell.startsWith('#!') ? shell : `#!/bin/bash -x\n${shell}`;
    await writeFile(join(node.jobFiles, file), text, { mode: 0o755 });
  }
  return files.map(({ file, ...step }) => ({ ...step, path: join(node.jobFilesInside, file) }));
}
