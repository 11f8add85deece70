import { html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import './console.ts';
import { type LogSource, logSource } from './log-source.ts';
import { Part } from './part.ts';

/** The log of an image's build, as it comes. */
@customElement('ci-image-log')
export class ImageLogPart extends Part {
  @property() image = '';
  #source: LogSource | undefined;

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('image')) this.#source = logSource((path, init) => this.ci.api.fetch(path, init), this.#path);
  }

  protected override render(): TemplateResult {
    const builds = [...this.ci.images.values()].flatMap((image) => image.builds);
    const state = builds.find(({ id }) => id === this.image)?.state;
    return html`<div class="stack">
      <h2>${this.image}</h2>
      <ci-console .source=${this.#source} .timezone=${this.ci.api.hub.timezone} ?live=${state === 'building' || state === 'testing'}
        .download=${this.ci.address(`${this.#path}?download`)}></ci-console>
    </div>`;
  }

  get #path(): string {
    return `images/${this.image}/log`;
  }
}
