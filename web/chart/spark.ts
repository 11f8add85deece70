import type { History } from 'cupboard/sdk';
import { html, nothing, type PropertyValues, svg, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Hub } from '../hub/hub.ts';
import { LightElement } from '../ui/light-element.ts';
import { SPARK, sparkPaths, toTable } from './table.ts';

const SPAN_MS = 24 * 3_600_000;
/** Enough for readings of five minutes. */
const POINTS = 300;
const REFRESH_MS = 300_000;

/** The last day of a value as a line without axes: where it comes from and where it goes. */
@customElement('spark-line')
export class SparkLine extends LightElement {
  @property({ attribute: false }) hub!: Hub;
  @property({ attribute: false }) series = '';
  @state() private paths: readonly string[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => void this.#load(), REFRESH_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('series')) void this.#load();
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.paths.length === 0) return nothing;
    return html`<svg class="spark" viewBox="0 0 ${SPARK.width} ${SPARK.height}" preserveAspectRatio="none" aria-hidden="true">
      ${this.paths.map((path) => svg`<path d=${path} />`)}
    </svg>`;
  }

  async #load(): Promise<void> {
    const to = this.hub.api.now();
    const from = to - SPAN_MS;
    try {
      const history: History = await this.hub.api.history({ series: this.series, from, to, points: POINTS });
      this.paths = sparkPaths(
        toTable(history, (value) => value),
        from,
        to,
      );
    } catch {
      this.paths = []; // an ornament: no history yet is no fault
    }
  }
}
