import { errorText, type Hub, type JsonObject } from 'cupboard/sdk';
import type { BuildStatus } from '../view.ts';
import type { Engine } from './engine.ts';
import type { Pauses } from './pauses.ts';
import { pipelineStatus } from './status.ts';
import type { EngineStore } from './store.ts';

/** Builds whose topics are retained. */
const BUILDS_RETAINED = 100;
/** A step of the scheduler changes many things at once: the page hears of them together. */
const QUEUE_MS = 100;

/** Publishes `ci/build/<id>` and `ci/queue/<pipeline>`. */
export class Publisher {
  readonly #published = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly hub: Pick<Hub, 'id' | 'log' | 'signal' | 'publish' | 'event'>,
    private readonly store: EngineStore,
    private readonly pauses: Pauses,
  ) {}

  build(status: BuildStatus): void {
    this.#send(`build/${status.build}`, status as unknown as JsonObject);
    if (status.state !== 'waiting' || status.reason !== undefined) return;
    // A new one: the oldest goes.
    const beyond = this.store.buildBeyond(BUILDS_RETAINED);
    if (beyond !== undefined) this.#send(`build/${beyond}`, null);
  }

  /** Resolves when the hub has it; never, if it is dead. */
  async confirm(status: BuildStatus): Promise<void> {
    try {
      await this.#publish(`build/${status.build}`, status as unknown as JsonObject);
    } catch (error) {
      this.#complain(`build/${status.build}`, error);
    }
  }

  event(name: string, data: JsonObject): void {
    this.hub.event(name, data).catch((error: unknown) => this.#complain(`event ${name}`, error));
  }

  /** Publishes the queues soon. */
  queues(engine: Engine): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#sendQueues(engine);
    }, QUEUE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #sendQueues(engine: Engine): void {
    const { scheduler } = engine;
    const names = new Set(scheduler.layout.pipelines.map(({ name }) => name));
    for (const name of this.#published.keys()) if (!names.has(name)) this.#sendQueue(name, null);
    for (const pipeline of scheduler.layout.pipelines) {
      const { name } = pipeline;
      const paused =
        this.pauses.reason(name) ??
        (scheduler.isDisabled(name) ? 'too many failures in a row: it does not report' : undefined);
      const status = pipelineStatus(pipeline, scheduler.queues(name), paused, {
        build: (build) => engine.record(build)?.status,
        estimate: (job) => this.store.estimate(job),
        windowOf: (queue) => scheduler.windowOf(queue),
        now: Date.now(),
      });
      this.#sendQueue(name, status as unknown as JsonObject);
    }
  }

  /** Only what is other than before. */
  #sendQueue(name: string, status: JsonObject | null): void {
    const { time: _, ...content } = status ?? {};
    const text = JSON.stringify(content);
    if (this.#published.get(name) === text) return;
    if (status === null) this.#published.delete(name);
    else this.#published.set(name, text);
    this.#send(`queue/${name}`, status);
  }

  #send(topic: string, payload: JsonObject | null): void {
    this.#publish(topic, payload).catch((error: unknown) => this.#complain(topic, error));
  }

  #publish(topic: string, payload: JsonObject | null): Promise<void> {
    return this.hub.publish(`${this.hub.id}/${topic}`, payload, { retain: true });
  }

  #complain(what: string, error: unknown): void {
    if (!this.hub.signal.aborted) this.hub.log.warn(`${what}: ${errorText(error)}`);
  }
}
