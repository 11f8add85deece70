import { Cron } from 'croner';
import { errorText, type Logger } from 'cupboard/sdk';
import type { Layout, Merger, Pipeline } from '../contract.ts';
import type { Engine } from './engine.ts';
import { branchChange, pipelinesForTopic, projectsIn } from './triggers.ts';

/** What is started by time and by messages: the branch as it is, of every project that has jobs in the pipeline. */
export class Clock {
  #crons: Cron[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly merger: Merger,
    private readonly log: Logger,
  ) {}

  /** Takes the times of a layout in place of those before. */
  set(layout: Layout): void {
    this.stop();
    this.#crons = layout.pipelines.flatMap((pipeline) =>
      pipeline.triggers.flatMap(({ event, cron }) =>
        event === 'timer' && cron !== undefined
          ? [new Cron(cron, { timezone: 'UTC', unref: true }, () => this.#start(pipeline))]
          : [],
      ),
    );
  }

  /** A message came. */
  message(topic: string): void {
    for (const pipeline of pipelinesForTopic(this.engine.scheduler.layout, topic)) this.#start(pipeline);
  }

  stop(): void {
    for (const cron of this.#crons) cron.stop();
  }

  #start(pipeline: Pipeline): void {
    for (const project of projectsIn(this.engine.scheduler.layout, pipeline.name)) {
      this.#enqueue(pipeline, project).catch((error: unknown) => {
        this.log.error(`${pipeline.name} of ${project}: ${errorText(error)}`);
      });
    }
  }

  async #enqueue({ name }: Pipeline, project: string): Promise<void> {
    const { branch, commit } = await this.merger.tip(project);
    const refusal = await this.engine.enqueue(name, branchChange(project, branch, commit));
    if (refusal !== undefined) this.log.info(`${name} of ${project}: ${refusal}`);
  }
}
