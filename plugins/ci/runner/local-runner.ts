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
import {
  ABORTED,
  bodyOutcome,
  nodeFailure,
  PUBLISHERS_SECONDS,
  SETUP_SECONDS,
  SUCCESS,
  scriptText,
  setupOutcome,
  withProblems,
} from './outcome.ts';
import { DiskWatch, type PhaseContext, type PhaseEnd, runPhase, type ScriptFile } from './phase.ts';
import { planWorkspace } from './workspace.ts';

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
  if (!hasSteps) return SUCCESS;
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
        return signal.aborted ? ABORTED : outcome;
      } finally {
        signal.removeEventListener('abort', end);
      }
    } catch (error) {
      if (signal.aborted) return ABORTED;
      return nodeFailure(this.mask(errorText(error)));
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
      if (setup.kind !== 'ok') return setupOutcome(setup);
      const body = await this.bodyEnd(await runPhase(scripts.body, job.timeout, context), node, disk);
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

  /** How the body ended, with what the node knows of why. */
  private async bodyEnd(end: PhaseEnd, node: Node, disk: DiskWatch): Promise<BuildOutcome> {
    if (end.kind === 'ok' || end.kind === 'timeout') return bodyOutcome(end);
    const { diskMb, memoryMb } = this.request.job.limits;
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
    return bodyOutcome(end);
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
    if (end.kind !== 'lost') {
      await node.endProcesses();
      const kept = await keepResults(
        node.outsideWorkspace,
        job,
        this.log.folder,
        this.options.artifactsMb,
        this.secrets,
      );
      for (const note of kept.notes) await context.note(this.mask(note));
      problems.push(...kept.problems);
      const hold = this.options.holdFor(this.request, body.result);
      if (hold) await this.options.pool.hold(node, hold);
      if (kept.tests) body = { ...body, tests: kept.tests };
    }
    return withProblems(
      body,
      problems.map((problem) => this.mask(problem)),
    );
  }

  private mask(text: string): string {
    return Masker.mask(text, this.secrets);
  }
}

async function writeScripts(node: Node, phase: string, steps: readonly Step[]): Promise<ScriptFile[]> {
  await mkdir(node.jobFiles, { recursive: true });
  const files = steps.map((step, index) => ({ ...step, file: `${phase}-${String(index).padStart(2, '0')}` }));
  for (const step of files) await writeFile(join(node.jobFiles, step.file), scriptText(step), { mode: 0o755 });
  return files.map(({ file, ...step }) => ({ ...step, path: join(node.jobFilesInside, file) }));
}
