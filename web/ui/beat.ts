import type { ReactiveControllerHost } from 'lit';

/**
 * Redraws the elements that show something shared, at most once a frame (or less often) however often it changes. This
 * is what keeps the page calm at a thousand messages a second.
 */
export class Beat {
  readonly #hosts = new Set<ReactiveControllerHost>();
  readonly #restMs: number;
  #planned = false;

  /** @param restMs how long it rests between two redraws, for long lists */
  constructor(restMs = 0) {
    this.#restMs = restMs;
  }

  /** Redraws `host` from now on while it is in the page. */
  attach(host: ReactiveControllerHost): void {
    host.addController({
      hostConnected: () => this.#hosts.add(host),
      hostDisconnected: () => this.#hosts.delete(host),
    });
  }

  changed(): void {
    if (this.#planned) return;
    this.#planned = true;
    if (this.#restMs > 0) setTimeout(() => requestAnimationFrame(this.#redraw), this.#restMs);
    else requestAnimationFrame(this.#redraw);
  }

  readonly #redraw = (): void => {
    this.#planned = false;
    for (const host of this.#hosts) host.requestUpdate();
  };
}
