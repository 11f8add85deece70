import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { html, nothing, type TemplateResult } from 'lit';
import { loadingBox, noteBox } from './notices.ts';

/** Something a page asks for over HTTP, with its three faces: loading, failed, there. */
export class Load<T> implements ReactiveController {
  value: T | undefined;
  #error: Error | undefined;
  #loading = false;
  #turn = 0;
  #task: (() => Promise<T>) | undefined;
  readonly #host: ReactiveControllerHost;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.#turn += 1;
  }

  /** Asks; what is shown stays until the answer. Of two that overlap, the later one counts. */
  async run(task: () => Promise<T>): Promise<void> {
    const turn = ++this.#turn;
    this.#task = task;
    this.#loading = true;
    this.#host.requestUpdate();
    try {
      const value = await task();
      if (turn !== this.#turn) return;
      this.value = value;
      this.#error = undefined;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#error = error instanceof Error ? error : new Error(String(error));
    }
    this.#loading = false;
    this.#host.requestUpdate();
  }

  /** The error or the waiting above what was last known. */
  render(draw: (value: T) => TemplateResult): TemplateResult {
    const known = this.value === undefined ? (this.#loading ? loadingBox() : nothing) : draw(this.value);
    return html`${this.#error ? this.#renderError(this.#error) : nothing}${known}`;
  }

  #renderError(error: Error): TemplateResult {
    const again = () => this.#task && void this.run(this.#task);
    return noteBox('bad', error.message, html`<button class="button" @click=${again}>Try again</button>`);
  }
}
