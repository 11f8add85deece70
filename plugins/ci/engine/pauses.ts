import type { EngineStore } from './store.ts';

const KEY = 'paused';

/** Pipelines that start no builds, and who said so. It holds over restarts. */
export class Pauses {
  readonly #paused: Map<string, string>;

  constructor(private readonly store: EngineStore) {
    this.#paused = new Map(Object.entries(JSON.parse(store.setting(KEY) ?? '{}') as Record<string, string>));
  }

  /** Pipeline to the reason; `''` = everything. */
  get all(): ReadonlyMap<string, string> {
    return this.#paused;
  }

  reason(pipeline: string): string | undefined {
    return this.#paused.get('') ?? this.#paused.get(pipeline);
  }

  /** @param pipeline `''` = everything; going on with everything goes on with every pipeline */
  set(pipeline: string, isPaused: boolean, user: string): void {
    if (isPaused) this.#paused.set(pipeline, `paused by ${user}`);
    else if (pipeline === '') this.#paused.clear();
    else this.#paused.delete(pipeline);
    this.store.saveSetting(KEY, JSON.stringify(Object.fromEntries(this.#paused)));
  }
}
