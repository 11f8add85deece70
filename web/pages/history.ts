import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '../chart.ts';
import type { PanelApi } from 'cupboard/sdk/panel';
import type { Series } from '../hub/api.ts';
import { chartApi } from '../panels/api.ts';
import { fromAddress, rememberInAddress } from '../shell/navigation.ts';
import { formatBytes, formatCount, formatTime } from '../ui/format.ts';
import { icons } from '../ui/icons.ts';
import { Load } from '../ui/load.ts';
import { emptyBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';

const HOUR_MS = 3_600_000;
const RANGES = [
  { name: '3h', label: '3 h', ms: 3 * HOUR_MS },
  { name: '24h', label: '24 h', ms: 24 * HOUR_MS },
  { name: '7d', label: '7 d', ms: 168 * HOUR_MS },
  { name: '30d', label: '30 d', ms: 720 * HOUR_MS },
  { name: '1y', label: '1 year', ms: 8766 * HOUR_MS },
  { name: '10y', label: '10 years', ms: 87_660 * HOUR_MS },
] as const;
const FOLLOW_MS = 60_000;
/** As many as the chart has colours. */
const MOST_SERIES = 6;

/** Any series of the recorder as a graph, and as a file. */
@customElement('history-page')
export class HistoryPage extends PageElement {
  readonly #series = new Load<Series[]>(this);
  @state() private chosen: readonly string[] = fromAddress('series').split(',').filter(Boolean);
  @state() private range = fromAddress('range') || '24h';
  @state() private words = '';
  @state() private span = { from: 0, to: 0 };
  /** False once somebody looks at the past: the graph then stays where it is. */
  #follows = true;
  #timer: ReturnType<typeof setInterval> | undefined;
  #api: Pick<PanelApi, 'history' | 'show' | 'hub'> | undefined;
  #drawnSeries: { series: string }[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#api = chartApi(this.hub);
    void this.#series.run(() => this.hub.api.series());
    this.#show();
    this.#timer = setInterval(() => this.#follows && this.#show(), FOLLOW_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override render(): TemplateResult {
    return html`<div class="stack loose">
      <header><h1 tabindex="-1">History</h1></header>
      ${this.#series.render((all) => (all.length === 0 ? this.#renderEmpty() : this.#renderAll(all)))}
    </div>`;
  }

  #renderEmpty(): TemplateResult {
    return emptyBox(
      'history',
      'Nothing recorded yet',
      'As soon as a device reports or a number is published, its history starts here.',
    );
  }

  #renderAll(all: readonly Series[]): TemplateResult {
    return html`<section class="card stack" aria-label="Graph">
        <div class="row apart">
          <div class="segments" role="group" aria-label="Time span">
            ${RANGES.map(({ name, label }) => html`<button aria-pressed=${this.range === name} @click=${() => this.#setRange(name)}>${label}</button>`)}
          </div>
          <div class="row">
            <button class="button quiet" aria-label="Earlier" @click=${() => this.#move(-1)}>‹ Earlier</button>
            <button class="button quiet" aria-label="Later" ?disabled=${this.span.to >= this.hub.api.now() - HOUR_MS / 60} @click=${() => this.#move(1)}>Later ›</button>
          </div>
        </div>
        <cupboard-chart .api=${this.#api} .series=${this.#drawnSeries} .from=${this.span.from} .to=${this.span.to} @range-selected=${this.#zoom}></cupboard-chart>
        <div class="row">
          ${this.chosen.map((series) => html`<a class="button small" download href=${this.hub.api.historyCsv({ series, ...this.span })}>${icons.download} ${series}.csv</a>`)}
        </div>
      </section>
      <section class="stack" aria-labelledby="all-series">
        <div class="row apart end"><h2 id="all-series">Series</h2>
          <div class="field"><label for="words" class="visually-hidden">Search series</label>
            <input id="words" type="search" placeholder="Search" .value=${this.words} @input=${(event: Event) => {
              this.words = (event.target as HTMLInputElement).value;
            }} /></div></div>
        ${this.#renderList(all)}
      </section>`;
  }

  #renderList(all: readonly Series[]): TemplateResult {
    const wanted = this.words.trim().toLowerCase();
    const found = all
      .filter(({ series }) => series.toLowerCase().includes(wanted))
      .sort((a, b) => a.series.localeCompare(b.series));
    return html`<ul class="series-list">${found.map((series) => this.#renderSeries(series))}</ul>
      ${found.length === 0 ? html`<p class="soft">No series has this in its name.</p>` : nothing}`;
  }

  #renderSeries({ series, unit, count, last, bytes }: Series): TemplateResult {
    const isChosen = this.chosen.includes(series);
    const isFull = !isChosen && this.chosen.length >= MOST_SERIES;
    const facts = `${formatCount(count, 'reading')}, ${formatBytes(bytes)}, last ${formatTime(last, this.hub.settings.timezone)}`;
    return html`<li><label>
      <input type="checkbox" .checked=${isChosen} ?disabled=${isFull} @change=${() => this.#toggle(series)} />
      <span class="mono wrap">${series}</span>${unit ? html`<span class="chip">${unit}</span>` : nothing}
      <span class="soft small">${facts}</span>
    </label></li>`;
  }

  #toggle(series: string): void {
    this.chosen = this.chosen.includes(series)
      ? this.chosen.filter((each) => each !== series)
      : [...this.chosen, series];
    this.#draw();
  }

  #setRange(name: string): void {
    this.range = name;
    this.#follows = true;
    this.#show();
  }

  /** The chosen time up to now. */
  #show(): void {
    const ms = RANGES.find(({ name }) => name === this.range)?.ms ?? 24 * HOUR_MS;
    const to = this.hub.api.now();
    this.span = { from: to - ms, to };
    this.#draw();
  }

  #draw(): void {
    this.#drawnSeries = this.chosen.map((series) => ({ series }));
    rememberInAddress({ series: this.chosen.join(','), range: this.range === '24h' ? undefined : this.range });
  }

  #move(direction: -1 | 1): void {
    this.#follows = false;
    const { from, to } = this.span;
    const step = direction * (to - from) * 0.5;
    const latest = Math.min(to + step, this.hub.api.now());
    this.span = { from: latest - (to - from), to: latest };
  }

  readonly #zoom = ({ detail }: CustomEvent<{ from: number; to: number }>): void => {
    this.range = '';
    this.#follows = false;
    this.span = detail;
  };
}
