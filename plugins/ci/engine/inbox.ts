import { errorText, type Logger } from 'cupboard/sdk';
import type { Change, Pipeline, SourceEvent } from '../contract.ts';
import type { Engine } from './engine.ts';
import { persevere } from './persevere.ts';
import type { EngineStore } from './store.ts';
import { pipelinesFor } from './triggers.ts';

export interface InboxOptions {
  readonly engine: Engine;
  readonly store: EngineStore;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Events of sources on their way into pipelines, in order. An event is on disk before its source hears that it was
 * taken, and leaves the disk together with what it leads to.
 */
export class Inbox {
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly options: InboxOptions) {
    for (const { id, event } of options.store.events()) this.#queue(id, event);
  }

  /** Takes an event; when it returns, the event is not lost any more. */
  take(event: SourceEvent): void {
    this.#queue(this.options.store.addEvent(event), event);
  }

  #queue(id: number, event: SourceEvent): void {
    this.#last = this.#last.then(async () => {
      const { log, signal } = this.options;
      if (signal.aborted) return;
      try {
        await this.#handle(id, event);
      } catch (error) {
        if (!signal.aborted) log.error(`${event.type} of ${event.change.key}: ${errorText(error)}`);
      }
    });
  }

  async #handle(id: number, event: SourceEvent): Promise<void> {
    const { engine, store, log, signal } = this.options;
    const { change, needed } = await persevere(`looking at ${event.change.key}`, () => this.#asItIs(event), {
      log,
      signal,
    });
    const pipelines = change === undefined ? [] : pipelinesFor(engine.scheduler.layout, { ...event, change });
    const refusals: [Pipeline, string][] = [];
    store.transaction(() => {
      const kind = KINDS[event.type];
      if (kind !== undefined) engine.feed({ kind, change: change ?? event.change });
      for (const pipeline of change === undefined ? [] : pipelines) {
        const refusal = engine.enter(pipeline.name, change as Change, needed);
        if (refusal !== undefined) refusals.push([pipeline, refusal]);
      }
      store.removeEvent(id);
    });
    for (const [{ name }, refusal] of refusals) log.info(`${event.change.key} does not enter ${name}: ${refusal}`);
  }

  /** Events are late and may be told twice: what counts is the change as it is now. */
  async #asItIs({ change: told }: SourceEvent): Promise<{ change: Change | undefined; needed: readonly Change[] }> {
    const { engine } = this.options;
    const change = told.kind === 'change' ? await engine.source(told)?.refresh(told) : told;
    return { change, needed: change === undefined ? [] : await engine.neededBy(change) };
  }
}

/** What an event says to items that are there already. */
const KINDS: Partial<Record<SourceEvent['type'], 'patchset' | 'abandoned' | 'landed'>> = {
  'patchset-created': 'patchset',
  'change-abandoned': 'abandoned',
  'change-merged': 'landed',
};
